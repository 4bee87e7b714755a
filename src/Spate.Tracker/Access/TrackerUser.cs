namespace Spate.Tracker.Access;

/// <summary>A user of a private tracker.</summary>
internal sealed class TrackerUser(int id, string name, Passkey passkey, DateTimeOffset created)
{
    private long uploaded, downloaded;

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

    public void SetTotals(long up, long down)
    {
        Interlocked.Exchange(ref uploaded, up);
        Interlocked.Exchange(ref downloaded, down);
    }
}
