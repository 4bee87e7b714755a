using System.Globalization;
using System.Text;

namespace Spate.Daemon.Operations;

/// <summary>What the metrics say of one torrent.</summary>
internal sealed record TorrentMetrics
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>As the API names it.</summary>
    public required string State { get; init; }

    public long Downloaded { get; init; }

    public long Uploaded { get; init; }

    public double DownloadRate { get; init; }

    public double UploadRate { get; init; }

    /// <summary>0 to 1.</summary>
    public double Progress { get; init; }

    public int Peers { get; init; }

    public int Seeds { get; init; }
}

/// <summary>What the metrics say of the session.</summary>
internal sealed record SessionMetrics
{
    public required string Version { get; init; }

    public double UptimeSeconds { get; init; }

    /// <summary>Bytes, over all runs.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes, over all runs.</summary>
    public long Uploaded { get; init; }

    /// <summary>Bytes, over all runs.</summary>
    public long Wasted { get; init; }

    /// <summary>Torrents completed, over all runs.</summary>
    public long Completed { get; init; }

    public int Peers { get; init; }

    /// <summary>Null while the DHT is off.</summary>
    public int? DhtNodes { get; init; }

    /// <summary>Where downloads go; null when it can't be told.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Bytes a second; 0 is none.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Bytes a second; 0 is none.</summary>
    public long UploadLimit { get; init; }

    public IReadOnlyList<TorrentMetrics> Torrents { get; init; } = [];
}

/// <summary>
/// Writes metrics as Prometheus reads them (text format 0.0.4). Of single torrents only the busiest are told: each is a handful of
/// series that the reader keeps for ever. docs/daemon.md lists all names.
/// </summary>
internal static class MetricsPage
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Torrents that have series of their own, unless told otherwise.</summary>
    public const int DefaultMostTorrents = 200;

    private const int MaxLabel = 200;

    public static string Write(SessionMetrics session, int mostTorrents = DefaultMostTorrents)
    {
        var text = new StringBuilder(16 << 10);
        Head(text, "spate_build_info", "gauge", "The running version.").Append("spate_build_info{version=\"").Append(Escape(session.Version)).Append("\"} 1\n");
        One(text, "spate_uptime_seconds", "gauge", "Seconds since the daemon started.", session.UptimeSeconds);
        One(text, "spate_downloaded_bytes_total", "counter", "Bytes received from peers, over all runs.", session.Downloaded);
        One(text, "spate_uploaded_bytes_total", "counter", "Bytes sent to peers, over all runs.", session.Uploaded);
        One(text, "spate_wasted_bytes_total", "counter", "Bytes received that were not needed or were wrong, over all runs.", session.Wasted);
        One(text, "spate_torrents_completed_total", "counter", "Torrents that were completed, over all runs.", session.Completed);
        One(text, "spate_peers", "gauge", "Connected peers.", session.Peers);
        if (session.DhtNodes is { } nodes) One(text, "spate_dht_nodes", "gauge", "Nodes of the DHT that are known.", nodes);
        if (session.FreeBytes is { } free) One(text, "spate_free_bytes", "gauge", "Bytes free where downloads go.", free);
        One(text, "spate_download_limit_bytes_per_second", "gauge", "The limit that holds now; 0 is none.", session.DownloadLimit);
        One(text, "spate_upload_limit_bytes_per_second", "gauge", "The limit that holds now; 0 is none.", session.UploadLimit);

        Head(text, "spate_torrents", "gauge", "Torrents by what they do.");
        foreach (IGrouping<string, TorrentMetrics> state in session.Torrents.GroupBy(torrent => torrent.State).OrderBy(state => state.Key, StringComparer.Ordinal))
            text.Append("spate_torrents{state=\"").Append(Escape(state.Key)).Append("\"} ").Append(state.Count()).Append('\n');

        // The id decides between equals, so that a series does not come and go.
        TorrentMetrics[] shown =
        [
            .. session.Torrents.OrderByDescending(torrent => torrent.DownloadRate + torrent.UploadRate).ThenByDescending(torrent => torrent.Peers)
                .ThenBy(torrent => torrent.Id, StringComparer.Ordinal).Take(mostTorrents),
        ];
        One(text, "spate_torrents_without_series", "gauge", "Torrents that have no series of their own here: only the busiest have.", session.Torrents.Count - shown.Length);
        Each(text, shown, "spate_torrent_downloaded_bytes_total", "counter", "Bytes received, over all runs.", torrent => torrent.Downloaded);
        Each(text, shown, "spate_torrent_uploaded_bytes_total", "counter", "Bytes sent, over all runs.", torrent => torrent.Uploaded);
        Each(text, shown, "spate_torrent_progress_ratio", "gauge", "The part of the wanted bytes that is there, 0 to 1.", torrent => torrent.Progress);
        Each(text, shown, "spate_torrent_peers", "gauge", "Connected peers.", torrent => torrent.Peers);
        Each(text, shown, "spate_torrent_seeds", "gauge", "Connected peers that have everything.", torrent => torrent.Seeds);
        return text.ToString();
    }

    private static void Each(StringBuilder text, TorrentMetrics[] torrents, string name, string type, string help, Func<TorrentMetrics, double> value)
    {
        if (torrents.Length == 0) return;
        Head(text, name, type, help);
        foreach (TorrentMetrics torrent in torrents)
        {
            text.Append(name).Append("{id=\"").Append(Escape(torrent.Id)).Append("\",name=\"").Append(Escape(torrent.Name)).Append("\"} ");
            Number(text, value(torrent)).Append('\n');
        }
    }

    private static void One(StringBuilder text, string name, string type, string help, double value)
    {
        Head(text, name, type, help).Append(name).Append(' ');
        Number(text, value).Append('\n');
    }

    private static StringBuilder Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static StringBuilder Number(StringBuilder text, double value) => text.Append(CultureInfo.InvariantCulture, $"{value:R}");

    private static string Escape(string label)
    {
        if (label.Length > MaxLabel) label = label[..(char.IsHighSurrogate(label[MaxLabel - 1]) ? MaxLabel - 1 : MaxLabel)];
        return label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
    }
}
