using System.Text;
using Spate.Protocol;
using Spate.Tracker.Access;

namespace Spate.Tracker.State;

/// <summary>
/// Keeps users, their totals and the lists of the admin API across restarts. Changes by the API are on disk before the API says so;
/// totals are written in batches.
/// </summary>
internal sealed class TrackerState : IDisposable
{
    private enum Kind : byte { User = 1, UserGone = 2, Totals = 3, Allowed = 4, NotAllowed = 5, Denied = 6, NotDenied = 7 }

    // The file is written anew when it has grown to twice its size after the last time, and by this much at least.
    private const long MinGrowth = 1 << 20;

    private const int TotalsInRecord = 10_000, HashesInRecord = 10_000;

    private readonly UserBook users;
    private readonly TorrentAccess torrents;
    private readonly RecordFile file;
    private long baseLength;

    /// <summary>Reads the state into the books.</summary>
    /// <exception cref="IOException">The file can't be used.</exception>
    public TrackerState(string folder, UserBook users, TorrentAccess torrents, Action<string>? log)
    {
        this.users = users;
        this.torrents = torrents;
        file = RecordFile.Open(Path.Combine(folder, "tracker.state"), Apply, log);
        baseLength = file.Length;
    }

    /// <summary>
    /// Held around a change of the books together with its saving, and by <see cref="SaveTotals"/>: what is written anew from the books
    /// must hold what was saved.
    /// </summary>
    public Lock Changing { get; } = new();

    public void SaveUser(TrackerUser user) => Save(Kind.User, writer => WriteUser(writer, user));

    public void RemoveUser(TrackerUser user) => Save(Kind.UserGone, writer => writer.Write(user.Id));

    public void SaveAllowed(IReadOnlyList<Sha1Hash> hashes) => SaveHashes(Kind.Allowed, hashes);

    public void RemoveAllowed(IReadOnlyList<Sha1Hash> hashes) => SaveHashes(Kind.NotAllowed, hashes);

    public void SaveDenied(IReadOnlyList<Sha1Hash> hashes) => SaveHashes(Kind.Denied, hashes);

    public void RemoveDenied(IReadOnlyList<Sha1Hash> hashes) => SaveHashes(Kind.NotDenied, hashes);

    /// <summary>Writes the totals that changed since the last time, in one go, and the whole file anew when it has grown too much.</summary>
    /// <exception cref="IOException">They could not be written, and will be the next time.</exception>
    public void SaveTotals()
    {
        lock (Changing)
        {
            SaveChangedTotals();
            CompactIfGrown();
        }
    }

    private void SaveChangedTotals()
    {
        var changed = new List<TrackerUser>();
        foreach (TrackerUser user in users.ToList())
        {
            if (!user.IsUnsaved) continue;
            user.IsUnsaved = false; // before the totals are read: what comes in meanwhile sets it again
            changed.Add(user);
        }
        if (changed.Count == 0) return;
        try
        {
            foreach (TrackerUser[] batch in changed.Chunk(TotalsInRecord)) file.Append(Totals(batch));
            file.Flush();
        }
        catch (IOException)
        {
            foreach (TrackerUser user in changed) user.IsUnsaved = true;
            throw;
        }
    }

    public void Dispose()
    {
        lock (Changing) file.Dispose();
    }

    private void SaveHashes(Kind kind, IReadOnlyList<Sha1Hash> hashes)
    {
        foreach (Sha1Hash[] batch in hashes.Chunk(HashesInRecord)) file.Append(Hashes(kind, batch));
        file.Flush();
    }

    private void Save(Kind kind, Action<BinaryWriter> write)
    {
        file.Append(Record(kind, write));
        file.Flush();
    }

    private void CompactIfGrown()
    {
        if (file.Length < Math.Max(2 * baseLength, baseLength + MinGrowth)) return;
        var records = new List<byte[]>();
        foreach (TrackerUser user in users.ToList()) records.Add(Record(Kind.User, writer => WriteUser(writer, user)));
        foreach (Sha1Hash[] batch in torrents.AllowedByApi.ToList().Chunk(HashesInRecord)) records.Add(Hashes(Kind.Allowed, batch));
        foreach (Sha1Hash[] batch in torrents.DeniedByApi.ToList().Chunk(HashesInRecord)) records.Add(Hashes(Kind.Denied, batch));
        file.Rewrite(records);
        baseLength = file.Length;
    }

    private static byte[] Record(Kind kind, Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write((byte)kind);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    private static void WriteUser(BinaryWriter writer, TrackerUser user)
    {
        writer.Write(user.Id);
        writer.Write(user.Name);
        writer.Write(user.Passkey.ToString());
        writer.Write(user.Created.ToUnixTimeSeconds());
        writer.Write(user.IsEnabled);
        writer.Write(user.Uploaded);
        writer.Write(user.Downloaded);
    }

    private static byte[] Totals(TrackerUser[] batch) => Record(Kind.Totals, writer =>
    {
        foreach (TrackerUser user in batch)
        {
            writer.Write(user.Id);
            writer.Write(user.Uploaded);
            writer.Write(user.Downloaded);
        }
    });

    private static byte[] Hashes(Kind kind, Sha1Hash[] hashes) => Record(kind, writer =>
    {
        foreach (Sha1Hash hash in hashes) writer.Write(hash.AsSpan());
    });

    // The file is ours, and is read as if it were not.
    private bool Apply(ReadOnlyMemory<byte> record)
    {
        if (record.IsEmpty) return false;
        var kind = (Kind)record.Span[0];
        ReadOnlyMemory<byte> content = record[1..];
        switch (kind)
        {
            case Kind.User: return ApplyUser(content);
            case Kind.UserGone when content.Length == 4:
                if (users.Find(BitConverter.ToInt32(content.Span)) is { } gone) users.Remove(gone);
                return true;
            case Kind.Totals when content.Length % 20 == 0:
                for (ReadOnlySpan<byte> rest = content.Span; !rest.IsEmpty; rest = rest[20..])
                    users.Find(BitConverter.ToInt32(rest))?.SetTotals(BitConverter.ToInt64(rest[4..]), BitConverter.ToInt64(rest[12..]));
                return true;
            case Kind.Allowed: return ApplyHashes(content.Span, torrents.AllowedByApi, add: true);
            case Kind.NotAllowed: return ApplyHashes(content.Span, torrents.AllowedByApi, add: false);
            case Kind.Denied: return ApplyHashes(content.Span, torrents.DeniedByApi, add: true);
            case Kind.NotDenied: return ApplyHashes(content.Span, torrents.DeniedByApi, add: false);
            default: return false;
        }
    }

    private bool ApplyUser(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(content.ToArray()), Encoding.UTF8);
            int id = reader.ReadInt32();
            string name = reader.ReadString(), passkeyText = reader.ReadString();
            if (!Passkey.TryParse(Encoding.ASCII.GetBytes(passkeyText), out Passkey passkey)) return false;
            var user = new TrackerUser(id, name, passkey, DateTimeOffset.FromUnixTimeSeconds(reader.ReadInt64())) { IsEnabled = reader.ReadBoolean() };
            user.SetTotals(reader.ReadInt64(), reader.ReadInt64());
            if (users.Find(id) is { } older) users.Remove(older);
            return users.Add(user);
        }
        catch (Exception e) when (e is IOException or ArgumentException or FormatException)
        {
            return false;
        }
    }

    private static bool ApplyHashes(ReadOnlySpan<byte> hashes, LiveHashSet set, bool add)
    {
        if (hashes.Length % Sha1Hash.Size != 0) return false;
        for (; !hashes.IsEmpty; hashes = hashes[Sha1Hash.Size..])
        {
            var hash = new Sha1Hash(hashes[..Sha1Hash.Size]);
            if (add) set.Add(hash);
            else set.Remove(hash);
        }
        return true;
    }
}
