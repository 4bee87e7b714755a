namespace Spate.Tracker.Access;

/// <summary>A user of a private tracker.</summary>
internal sealed class TrackerUser(int id, string name, Passkey passkey, DateTimeOffset created)
{
    private long uploaded, downloaded;
    private int sessions;

    public int Id { get; } = id;

    /// <summary>What the site calls it; not unique.</summary>
    public string Name { get; set; } = name;

    public Passkey Passkey { get; set; } = passkey;

    public DateTimeOffset Created { get; } = created;

    /// <summary>Announces are refused while this is false.</summary>
    public volatile bool IsEnabled = true;

    /// <summary>Bytes that the user's clients said they sent and received, since ever.</summary>
    public long Uploaded => Interlocked.Read(ref uploaded);

    public long Downloaded => Interlocked.Read(ref downloaded);

    /// <summary>Set when the totals differ from what was saved last.</summary>
    public volatile bool IsUnsaved;

    public void Credit(long up, long down)
    {
        if (up == 0 && down == 0) return;
        Interlocked.Add(ref uploaded, up);
        Interlocked.Add(ref downloaded, down);
        IsUnsaved = true;
    }

    /// <summary>Counts a session of one of the user's clients; false when there are too many.</summary>
    public bool TryOpenSession(int most)
    {
        if (Interlocked.Increment(ref sessions) <= most) return true;
        Interlocked.Decrement(ref sessions);
        return false;
    }

    public void CloseSession() => Interlocked.Decrement(ref sessions);

    public void SetTotals(long up, long down)
    {
        Interlocked.Exchange(ref uploaded, up);
        Interlocked.Exchange(ref downloaded, down);
    }
}
