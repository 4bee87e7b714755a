using Spate.Api;

namespace Spate.Daemon.Torrents;

/// <summary>Which of the state filters a torrent belongs to, as a bit for each.</summary>
internal static class RowGroups
{
    /// <summary>All filters, in the order of their bits.</summary>
    public static readonly StateFilter[] All = Enum.GetValues<StateFilter>();

    public static int Of(TorrentRow row)
    {
        bool active = row.DownloadRate > 0 || row.UploadRate > 0;
        int groups = Bit(StateFilter.All) | Bit(row.IsFinished ? StateFilter.Finished : StateFilter.Unfinished) | Bit(active ? StateFilter.Active : StateFilter.Inactive);
        groups |= Bit(row.State switch
        {
            TorrentState.Metadata => StateFilter.Metadata,
            TorrentState.Checking => StateFilter.Checking,
            TorrentState.Queued => StateFilter.Queued,
            TorrentState.Downloading => StateFilter.Downloading,
            TorrentState.Seeding => StateFilter.Seeding,
            TorrentState.Paused => StateFilter.Paused,
            TorrentState.Moving => StateFilter.Moving,
            _ => StateFilter.Error,
        });
        if (row.State == TorrentState.Downloading && row.DownloadRate == 0) groups |= Bit(StateFilter.Stalled);
        return groups;
    }

    public static int Bit(StateFilter filter) => 1 << (int)filter;
}
