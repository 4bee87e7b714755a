using System.Collections.Concurrent;

namespace Spate.Tracker.Access;

/// <summary>The users of a private tracker, by passkey for announces and by number for the admin API.</summary>
internal sealed class UserBook
{
    private readonly ConcurrentDictionary<Passkey, TrackerUser> byPasskey = new();
    private readonly ConcurrentDictionary<int, TrackerUser> byId = new();
    private int lastId;

    public int Count => byId.Count;

    public TrackerUser? Find(Passkey passkey) => byPasskey.GetValueOrDefault(passkey);

    public TrackerUser? Find(int id) => byId.GetValueOrDefault(id);

    /// <summary>All users, in the order of their numbers.</summary>
    public List<TrackerUser> ToList() => [.. byId.Values.OrderBy(user => user.Id)];

    public int NextId() => Interlocked.Increment(ref lastId);

    /// <summary>Enters a user; false when the passkey is another user's.</summary>
    public bool Add(TrackerUser user)
    {
        if (!byPasskey.TryAdd(user.Passkey, user)) return false;
        byId[user.Id] = user;
        if (user.Id > lastId) lastId = user.Id;
        return true;
    }

    public void Remove(TrackerUser user)
    {
        byPasskey.TryRemove(user.Passkey, out _);
        byId.TryRemove(user.Id, out _);
    }

    /// <summary>Gives a user another passkey; false when it is another user's.</summary>
    public bool ChangePasskey(TrackerUser user, Passkey passkey)
    {
        if (!byPasskey.TryAdd(passkey, user)) return false;
        byPasskey.TryRemove(user.Passkey, out _);
        user.Passkey = passkey;
        return true;
    }
}
