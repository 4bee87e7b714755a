using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>What happened to a torrent lately: the last 200 things. All members may be used from any thread.</summary>
internal sealed class TorrentLogBook
{
    private const int Most = 200;

    private readonly Lock gate = new();
    private List<LogEntry>? entries; // made with the first: thousands of torrents have none
    private long number;

    public void Add(DateTimeOffset at, FindingLevel level, string message)
    {
        lock (gate)
        {
            entries ??= [];
            if (entries.Count > 0 && entries[^1].Message == message) return;
            if (entries.Count == Most) entries.RemoveAt(0);
            entries.Add(new LogEntry { Number = ++number, At = at, Level = level, Message = message });
        }
    }

    /// <summary>Entries with a number above this one, oldest first.</summary>
    public IReadOnlyList<LogEntry> Since(long after)
    {
        lock (gate) return entries is null || entries[^1].Number <= after ? [] : [.. entries.Where(entry => entry.Number > after)];
    }
}
