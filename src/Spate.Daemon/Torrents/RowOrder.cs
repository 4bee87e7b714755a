using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>A total order of rows: by what was asked for, then by id.</summary>
internal sealed class RowOrder(TorrentSort sort, SortOrder order) : IComparer<TorrentRow>
{
    public int Compare(TorrentRow? x, TorrentRow? y)
    {
        int difference = ByKey(x!, y!);
        if (difference != 0) return order == SortOrder.Descending ? -difference : difference;
        return string.CompareOrdinal(x!.Id, y!.Id);
    }

    private int ByKey(TorrentRow x, TorrentRow y) => sort switch
    {
        TorrentSort.Name => NaturalOrder.Compare(x.Name, y.Name),
        TorrentSort.State => x.State.CompareTo(y.State),
        TorrentSort.Size => x.WantedBytes.CompareTo(y.WantedBytes),
        TorrentSort.Progress => x.Progress.CompareTo(y.Progress),
        TorrentSort.DownloadRate => x.DownloadRate.CompareTo(y.DownloadRate),
        TorrentSort.UploadRate => x.UploadRate.CompareTo(y.UploadRate),
        TorrentSort.Downloaded => x.Downloaded.CompareTo(y.Downloaded),
        TorrentSort.Uploaded => x.Uploaded.CompareTo(y.Uploaded),
        TorrentSort.Ratio => x.Ratio.CompareTo(y.Ratio),
        TorrentSort.Eta => (x.EtaSeconds ?? long.MaxValue).CompareTo(y.EtaSeconds ?? long.MaxValue),
        TorrentSort.Peers => x.Peers.CompareTo(y.Peers),
        TorrentSort.Seeds => x.Seeds.CompareTo(y.Seeds),
        TorrentSort.Category => NaturalOrder.Compare(x.Category, y.Category),
        TorrentSort.Tracker => string.CompareOrdinal(x.Tracker, y.Tracker),
        TorrentSort.Finished => (x.FinishedAt ?? DateTimeOffset.MaxValue).CompareTo(y.FinishedAt ?? DateTimeOffset.MaxValue),
        TorrentSort.LastActivity => (x.LastActivityAt ?? DateTimeOffset.MinValue).CompareTo(y.LastActivityAt ?? DateTimeOffset.MinValue),
        TorrentSort.Queue => (x.QueuePosition == 0 ? int.MaxValue : x.QueuePosition).CompareTo(y.QueuePosition == 0 ? int.MaxValue : y.QueuePosition),
        TorrentSort.Availability => x.Availability.CompareTo(y.Availability),
        TorrentSort.SeedingTime => x.SeedingSeconds.CompareTo(y.SeedingSeconds),
        TorrentSort.SavePath => NaturalOrder.Compare(x.SavePath, y.SavePath),
        _ => x.AddedAt.CompareTo(y.AddedAt),
    };
}
