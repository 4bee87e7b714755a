using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>A row that is another one now: new without <paramref name="Old"/>, gone without <paramref name="New"/>.</summary>
internal readonly record struct RowChange(TorrentRow? Old, TorrentRow? New);

/// <summary>
/// The rows that match a filter, in an order, kept up to date: a change costs a binary search and a move, and nothing at all when it
/// touches neither the filter nor the order. Used with the table's lock held.
/// </summary>
internal sealed class SortedRows(TorrentFilter filter, TorrentSort sort, SortOrder order)
{
    private readonly RowFilter filter = new(filter);
    private readonly RowOrder order = new(sort, order);
    private readonly List<TorrentRow> rows = [];

    /// <summary>The version of the table that it shows; below zero before it was built.</summary>
    public long Version { get; private set; } = -1;

    /// <summary>When it was last asked for, by the count of questions.</summary>
    public long LastUsed { get; set; }

    public int Count => rows.Count;

    public TorrentRow this[int index] => rows[index];

    public void Build(IEnumerable<TorrentRow> all, long version)
    {
        rows.Clear();
        foreach (TorrentRow row in all)
        {
            if (filter.Matches(row)) rows.Add(row);
        }
        rows.Sort(order);
        Version = version;
    }

    public void Apply(ReadOnlySpan<RowChange> changes, long version)
    {
        foreach (RowChange change in changes)
        {
            bool was = change.Old is { } old && filter.Matches(old), isNow = change.New is { } now && filter.Matches(now);
            if (was)
            {
                int at = rows.BinarySearch(change.Old!, order);
                if (isNow && order.Compare(change.Old, change.New) == 0)
                {
                    rows[at] = change.New!;
                    continue;
                }
                rows.RemoveAt(at);
            }
            if (isNow) rows.Insert(~rows.BinarySearch(change.New!, order), change.New!);
        }
        Version = version;
    }
}
