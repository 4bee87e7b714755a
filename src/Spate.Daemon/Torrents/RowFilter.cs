using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>Answers whether a row matches a filter.</summary>
internal sealed class RowFilter
{
    private readonly TorrentFilter filter;
    private readonly int group;
    private readonly string[] words;

    public RowFilter(TorrentFilter filter)
    {
        this.filter = filter;
        group = RowGroups.Bit(filter.State ?? StateFilter.All);
        words = (filter.Text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    public bool Matches(TorrentRow row)
    {
        if ((RowGroups.Of(row) & group) == 0) return false;
        if (filter.Category is { } category && row.Category != category) return false;
        if (filter.Tag is { } tag && !(tag.Length == 0 ? row.Tags.Count == 0 : row.Tags.Contains(tag))) return false;
        if (filter.Tracker is { } tracker && row.Tracker != tracker) return false;
        foreach (string word in words)
        {
            if (!row.Name.Contains(word, StringComparison.OrdinalIgnoreCase)) return false;
        }
        return true;
    }
}
