using System.Runtime.InteropServices;
using System.Text.Json;
using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>
/// All torrents as rows, with what lists need ready: views that are sorted once and then follow the changes, and counts that do. Rows are
/// immutable; a change replaces one. All members may be used from any thread.
/// </summary>
internal sealed class TorrentTable
{
    private const int MostViews = 64;          // filter and order together
    private const int MostPages = 64;          // written as JSON
    private const int MostChanges = 1 << 16;   // a view that is farther behind is built anew

    private readonly Lock gate = new();
    private readonly Dictionary<string, TorrentRow> rows = new(StringComparer.Ordinal);
    private readonly Dictionary<(TorrentFilter, TorrentSort, SortOrder), SortedRows> views = [];
    private readonly Dictionary<TorrentQuery, (long Version, byte[] Json)> pages = [];
    private readonly List<RowChange> changes = [];
    private readonly int[] states = new int[RowGroups.All.Length];
    private readonly Dictionary<string, int> categories = new(StringComparer.Ordinal), tags = new(StringComparer.Ordinal), trackers = new(StringComparer.Ordinal);
    private long firstChange; // the version before the first of the changes
    private long questions;
    private long downloadRate, uploadRate;
    private TorrentCounts? counts;

    /// <summary>Grows with every change of a row.</summary>
    public long Version
    {
        get
        {
            lock (gate) return firstChange + changes.Count;
        }
    }

    /// <summary>Bytes a second of all torrents together.</summary>
    public (long Download, long Upload) Rates
    {
        get
        {
            lock (gate) return (downloadRate, uploadRate);
        }
    }

    /// <summary>How many torrents there are, by what one can filter them.</summary>
    public TorrentCounts Counts
    {
        get
        {
            lock (gate)
            {
                return counts ??= new TorrentCounts
                {
                    Total = rows.Count,
                    States = RowGroups.All.ToDictionary(ApiName.Of, state => states[(int)state]),
                    Categories = new SortedDictionary<string, int>(categories, NaturalOrder.Instance),
                    Tags = new SortedDictionary<string, int>(tags, NaturalOrder.Instance),
                    Trackers = new SortedDictionary<string, int>(trackers, StringComparer.Ordinal),
                };
            }
        }
    }

    public TorrentRow? Find(string id)
    {
        lock (gate) return rows.GetValueOrDefault(id);
    }

    /// <summary>Puts a row in, or replaces that of the same id; nothing happens when it is the same.</summary>
    public void Set(TorrentRow row)
    {
        lock (gate)
        {
            TorrentRow? was = rows.GetValueOrDefault(row.Id);
            if (was == row) return;
            rows[row.Id] = row;
            Change(was, row);
        }
    }

    public void Remove(string id)
    {
        lock (gate)
        {
            if (rows.Remove(id, out TorrentRow? was)) Change(was, null);
        }
    }

    /// <summary>The rows of a page, and how many match on all pages.</summary>
    public TorrentPage Page(TorrentQuery query)
    {
        lock (gate)
        {
            SortedRows view = ViewOf(query);
            int first = Math.Min(query.Offset, view.Count);
            var page = new TorrentRow[Math.Min(query.Limit, view.Count - first)];
            for (int i = 0; i < page.Length; i++) page[i] = view[first + i];
            return new TorrentPage { Total = view.Count, Offset = first, Rows = page };
        }
    }

    /// <summary>The same as JSON; written once for all who ask before something changes.</summary>
    public byte[] PageJson(TorrentQuery query)
    {
        long version = Version;
        lock (pages)
        {
            if (pages.TryGetValue(query, out (long Version, byte[] Json) known) && known.Version == version) return known.Json;
        }
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(Page(query), ApiJson.Default.TorrentPage);
        lock (pages)
        {
            if (pages.Count >= MostPages) pages.Clear();
            pages[query] = (version, json);
        }
        return json;
    }

    /// <summary>The ids of all that match.</summary>
    public IReadOnlyList<string> Select(TorrentFilter filter)
    {
        var matcher = new RowFilter(filter);
        lock (gate) return [.. rows.Values.Where(matcher.Matches).Select(static row => row.Id)];
    }

    private SortedRows ViewOf(TorrentQuery query)
    {
        (TorrentFilter, TorrentSort, SortOrder) key = (query.Filter, query.Sort, query.Order);
        long version = firstChange + changes.Count;
        if (!views.TryGetValue(key, out SortedRows? view))
        {
            if (views.Count >= MostViews) views.Remove(views.MinBy(static entry => entry.Value.LastUsed).Key);
            views[key] = view = new SortedRows(query.Filter, query.Sort, query.Order);
        }
        view.LastUsed = ++questions;
        if (view.Version == version) return view;
        // Many changes cost more one by one than all at once.
        if (view.Version < firstChange || version - view.Version > 64 + rows.Count / 8) view.Build(rows.Values, version);
        else view.Apply(CollectionsMarshal.AsSpan(changes)[(int)(view.Version - firstChange)..], version);
        return view;
    }

    private void Change(TorrentRow? was, TorrentRow? now)
    {
        changes.Add(new RowChange(was, now));
        if (changes.Count > MostChanges)
        {
            changes.RemoveRange(0, MostChanges / 2);
            firstChange += MostChanges / 2;
        }
        downloadRate += (now?.DownloadRate ?? 0) - (was?.DownloadRate ?? 0);
        uploadRate += (now?.UploadRate ?? 0) - (was?.UploadRate ?? 0);
        if (was is not null && now is not null && RowGroups.Of(was) == RowGroups.Of(now) && was.Category == now.Category && was.Tracker == now.Tracker
            && (ReferenceEquals(was.Tags, now.Tags) || was.Tags.SequenceEqual(now.Tags))) return;
        counts = null;
        if (was is not null) Count(was, -1);
        if (now is not null) Count(now, 1);
    }

    private void Count(TorrentRow row, int by)
    {
        int groups = RowGroups.Of(row);
        for (int i = 0; i < states.Length; i++)
        {
            if ((groups & 1 << i) != 0) states[i] += by;
        }
        Count(categories, row.Category, by);
        Count(trackers, row.Tracker, by);
        if (row.Tags.Count == 0) Count(tags, "", by);
        foreach (string tag in row.Tags) Count(tags, tag, by);
    }

    private static void Count(Dictionary<string, int> counts, string name, int by)
    {
        int count = counts.GetValueOrDefault(name) + by;
        if (count == 0) counts.Remove(name);
        else counts[name] = count;
    }
}
