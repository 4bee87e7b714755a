using System.Net.Http.Headers;
using System.Text.Json;

namespace Spate.Api;

// Torrents: lists, details, actions, adding.
public sealed partial class SpateClient
{
    public Task<TorrentPage> GetTorrentsAsync(TorrentQuery query, CancellationToken cancellation = default) =>
        GetAsync("torrents" + query.ToQuery(), ApiJson.Default.TorrentPage, cancellation);

    public Task<TorrentCounts> GetCountsAsync(CancellationToken cancellation = default) =>
        GetAsync("torrents/counts", ApiJson.Default.TorrentCounts, cancellation);

    public Task<TorrentDetails> GetTorrentAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}", ApiJson.Default.TorrentDetails, cancellation);

    /// <param name="id">The torrent.</param>
    /// <param name="folder">Only what lies right in this folder; null for all files.</param>
    /// <param name="offset">Files to leave out at the start.</param>
    /// <param name="limit">Files at most, to 10,000.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<FileList> GetFilesAsync(string id, string? folder = null, int offset = 0, int limit = 1000, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}/files?offset={offset}&limit={limit}" + (folder is null ? "" : $"&folder={Escape(folder)}"), ApiJson.Default.FileList, cancellation);

    public Task ChangeFilesAsync(string id, FilesChange change, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Patch, $"torrents/{Escape(id)}/files", change, ApiJson.Default.FilesChange, cancellation);

    /// <summary>Gives a file or folder another name on disk.</summary>
    public Task RenameFileAsync(string id, RenameFile rename, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, $"torrents/{Escape(id)}/rename", rename, ApiJson.Default.RenameFile, cancellation);

    public Task<PeerList> GetPeersAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}/peers", ApiJson.Default.PeerList, cancellation);

    public Task AddPeersAsync(string id, NewPeers peers, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, $"torrents/{Escape(id)}/peers", peers, ApiJson.Default.NewPeers, cancellation);

    public Task<TrackerList> GetTrackersAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}/trackers", ApiJson.Default.TrackerList, cancellation);

    public Task SetTrackersAsync(string id, TrackerTiers tiers, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Put, $"torrents/{Escape(id)}/trackers", tiers, ApiJson.Default.TrackerTiers, cancellation);

    public Task<PieceMap> GetPiecesAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}/pieces", ApiJson.Default.PieceMap, cancellation);

    public Task<WebSeedList> GetWebSeedsAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}/webseeds", ApiJson.Default.WebSeedList, cancellation);

    public Task<TorrentLog> GetLogAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"torrents/{Escape(id)}/log", ApiJson.Default.TorrentLog, cancellation);

    /// <summary>The .torrent file.</summary>
    public Task<byte[]> GetMetainfoAsync(string id, CancellationToken cancellation = default) =>
        GetBytesAsync($"torrents/{Escape(id)}/metainfo", cancellation);

    public Task<TorrentDetails> ChangeTorrentAsync(string id, TorrentChange change, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Patch, $"torrents/{Escape(id)}", change, ApiJson.Default.TorrentChange, ApiJson.Default.TorrentDetails, cancellation);

    public Task RemoveTorrentAsync(string id, bool deleteData = false, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Delete, $"torrents/{Escape(id)}?deleteData={(deleteData ? "true" : "false")}", cancellation);

    public Task<ActionResult> PauseAsync(PauseTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/pause", which, ApiJson.Default.PauseTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> ResumeAsync(ResumeTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/resume", which, ApiJson.Default.ResumeTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> RecheckAsync(RecheckTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/recheck", which, ApiJson.Default.RecheckTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> AnnounceAsync(AnnounceTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/announce", which, ApiJson.Default.AnnounceTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> RemoveAsync(RemoveTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/remove", which, ApiJson.Default.RemoveTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> MoveAsync(MoveTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/move", which, ApiJson.Default.MoveTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> QueueAsync(QueueTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/queue", which, ApiJson.Default.QueueTorrents, ApiJson.Default.ActionResult, cancellation);

    public Task<ActionResult> ChangeAsync(ChangeTorrents which, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents/change", which, ApiJson.Default.ChangeTorrents, ApiJson.Default.ActionResult, cancellation);

    /// <summary>Adds torrents by magnet link, info-hash, URL or base 64.</summary>
    public Task<AddResult> AddAsync(AddTorrents add, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "torrents", add, ApiJson.Default.AddTorrents, ApiJson.Default.AddResult, cancellation);

    /// <summary>Adds .torrent files by their bytes, without the detour through base 64.</summary>
    public async Task<AddResult> AddFilesAsync(
        IEnumerable<(string Name, byte[] Torrent)> files, AddOptions options, CancellationToken cancellation = default)
    {
        using var form = new MultipartFormDataContent();
        foreach ((string name, byte[] torrent) in files)
        {
            var part = new ByteArrayContent(torrent);
            part.Headers.ContentType = new MediaTypeHeaderValue("application/x-bittorrent");
            form.Add(part, "torrents", name);
        }
        form.Add(new StringContent(JsonSerializer.Serialize(options, ApiJson.Default.AddOptions)), "options");
        return await SendAsync(new HttpRequestMessage(HttpMethod.Post, "torrents/files") { Content = form }, ApiJson.Default.AddResult, cancellation).ConfigureAwait(false);
    }

    public Task<Preview> PreviewAsync(NewPreview preview, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Post, "previews", preview, ApiJson.Default.NewPreview, ApiJson.Default.Preview, cancellation);

    public Task<Preview> GetPreviewAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"previews/{Escape(id)}", ApiJson.Default.Preview, cancellation);

    public Task DropPreviewAsync(string id, CancellationToken cancellation = default) =>
        SendAsync(HttpMethod.Delete, $"previews/{Escape(id)}", cancellation);
}
