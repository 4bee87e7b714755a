using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Web;
using Spate.Api;

namespace Spate.Cli.Tests.Remote;

/// <summary>The daemon's contract over a list of rows, for what a live one does not do on demand: many torrents, refusals, patches.</summary>
internal sealed class ScriptedDaemon : HttpMessageHandler
{
    public List<TorrentRow> Rows { get; } = [];

    public List<FileRow> Files { get; } = [];

    /// <summary>Requests that change something: method, path, body.</summary>
    public List<(string Request, string Body)> Changes { get; } = [];

    /// <summary>What the stream of events holds, stream by stream.</summary>
    public Queue<string> Streams { get; } = [];

    /// <summary>What `Last-Event-ID` was sent with each stream.</summary>
    public List<string?> LastIds { get; } = [];

    /// <summary>Ids to which nothing can be done.</summary>
    public HashSet<string> Stubborn { get; } = [];

    /// <summary>The key that opens it; null lets everybody in.</summary>
    public string? Key { get; set; }

    public Exception? Fault { get; set; }

    public static TorrentRow Row(string id, string name, TorrentState state = TorrentState.Downloading) => new()
    {
        Id = id, Name = name, State = state, Progress = 0.25, TotalBytes = 4 << 20, WantedBytes = 4 << 20, DoneBytes = 1 << 20, DownloadRate = 2048, Peers = 3,
        EtaSeconds = 90, Ratio = 0.5, SavePath = "/srv", AddedAt = DateTimeOffset.UnixEpoch, IsFinished = state == TorrentState.Seeding,
    };

    public static string Event(string kind, string id, string data) => $"event: {kind}\nid: {id}\ndata: {data}\n\n";

    public string Snapshot(string id)
    {
        var snapshot = new EventSnapshot
        {
            At = DateTimeOffset.UnixEpoch,
            Now = new StatisticsNow { DownloadRate = 0, UploadRate = 0, Torrents = Rows.Count, Downloading = 0, Seeding = 0, Peers = 0, ListenPort = 1, DownloadLimit = 0, UploadLimit = 0, UsesAlternative = false },
            Counts = new TorrentCounts { Total = Rows.Count, States = Empty, Categories = Empty, Tags = Empty, Trackers = Empty },
            Page = new TorrentPage { Total = Rows.Count, Offset = 0, Rows = Rows },
        };
        return Event(EventKinds.Snapshot, id, JsonSerializer.Serialize(snapshot, ApiJson.Default.EventSnapshot));
    }

    private static Dictionary<string, int> Empty { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Fault is not null) throw Fault;
        if (Key is not null && request.Headers.Authorization?.Parameter != Key) return Refuse(401, "Log in first.");
        string path = request.RequestUri!.AbsolutePath[(request.RequestUri.AbsolutePath.IndexOf("/api/v1/", StringComparison.Ordinal) + 8)..];
        if (request.Method != HttpMethod.Get) Changes.Add(($"{request.Method} {path}", await request.Content!.ReadAsStringAsync(cancellationToken)));
        string[] parts = path.Split('/');
        return (request.Method.Method, parts) switch
        {
            ("GET", ["torrents"]) => Answer(Page(HttpUtility.ParseQueryString(request.RequestUri.Query)), ApiJson.Default.TorrentPage),
            ("GET", ["torrents", var id]) => Rows.Find(row => row.Id == id) is { } row ? Answer(Details(row), ApiJson.Default.TorrentDetails) : Refuse(404, "There is no such torrent."),
            ("GET", ["torrents", _, "files"]) => Answer(new FileList { Total = Files.Count, Offset = 0, Folders = [], Files = Files }, ApiJson.Default.FileList),
            ("GET", ["torrents", _, "peers"]) => Answer(new PeerList { Peers = [new PeerRow { Address = "192.0.2.7:6881", Client = "Other \u001b[31m1.0", Flags = "DI", Progress = 0.5, DownloadRate = 4096, RoundTripMs = 20 }] }, ApiJson.Default.PeerList),
            ("GET", ["torrents", _, "trackers"]) => Answer(new TrackerList { Trackers = [new TrackerRow { Url = "http://t.example/announce", Tier = 0, State = TrackerState.Failing, Message = "refused the connection", Fails = 2 }] }, ApiJson.Default.TrackerList),
            ("GET", ["torrents", _, "log"]) => Answer(new TorrentLog { Entries = [new LogEntry { Number = 1, At = DateTimeOffset.UnixEpoch, Level = FindingLevel.Note, Message = "added" }] }, ApiJson.Default.TorrentLog),
            ("PATCH", ["torrents", _, "files"]) or ("PUT", ["torrents", _, "trackers"]) or ("POST", ["torrents", _, "peers"]) => new HttpResponseMessage(HttpStatusCode.NoContent),
            ("POST", ["torrents"]) or ("POST", ["torrents", "files"]) => Answer(new AddResult { Torrents = [new AddedTorrent { Source = "x", Id = new string('a', 40), Name = "new one" }] }, ApiJson.Default.AddResult),
            ("POST", ["torrents", _]) => Answer(Act(Changes[^1].Body), ApiJson.Default.ActionResult),
            ("GET", ["events"]) => Events(request),
            _ => Refuse(405, "Nobody does this."),
        };
    }

    private TorrentPage Page(System.Collections.Specialized.NameValueCollection query)
    {
        IEnumerable<TorrentRow> found = Rows.Where(row => query["state"] is null or "all" || row.State.ToString().Equals(query["state"], StringComparison.OrdinalIgnoreCase));
        found = query["sort"] == "name" ? found.OrderBy(static row => row.Name, StringComparer.Ordinal) : found;
        if (query["order"] == "descending") found = found.Reverse();
        TorrentRow[] all = [.. found];
        int offset = int.Parse(query["offset"]!);
        return new TorrentPage { Total = all.Length, Offset = offset, Rows = [.. all.Skip(offset).Take(int.Parse(query["limit"]!))] };
    }

    private static TorrentDetails Details(TorrentRow row) => new()
    {
        Row = row, InfoHashV1 = row.Id, Magnet = "magnet:?xt=urn:btih:" + row.Id, HasMetadata = true, PieceCount = 4, PiecesDone = 1, PieceSize = 1 << 20, FileCount = 2,
        ShareLimits = new ShareLimits(),
        Diagnosis = [new Finding { Code = "noPeers", Level = FindingLevel.Problem, Message = "No peer has what is missing.", Advice = "Add a tracker." }],
    };

    private ActionResult Act(string body)
    {
        string[] ids = [.. JsonDocument.Parse(body).RootElement.GetProperty("ids").EnumerateArray().Select(static id => id.GetString()!)];
        ActionFailure[] failed = [.. ids.Where(Stubborn.Contains).Select(static id => new ActionFailure { Id = id, Message = "it is being moved." })];
        return new ActionResult { Done = ids.Length - failed.Length, Failed = failed };
    }

    private HttpResponseMessage Events(HttpRequestMessage request)
    {
        LastIds.Add(request.Headers.TryGetValues("Last-Event-ID", out IEnumerable<string>? ids) ? ids.First() : null);
        if (!Streams.TryDequeue(out string? stream)) throw new HttpRequestException("Connection refused");
        var content = new StringContent(stream, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue("text/event-stream");
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
    }

    private static HttpResponseMessage Answer<T>(T body, JsonTypeInfo<T> type) => Json(HttpStatusCode.OK, "application/json", JsonSerializer.Serialize(body, type));

    private static HttpResponseMessage Refuse(int status, string detail) => Json(
        (HttpStatusCode)status, "application/problem+json", JsonSerializer.Serialize(new Problem { Type = "/problems/x", Title = "No.", Status = status, Detail = detail }, ApiJson.Default.Problem));

    private static HttpResponseMessage Json(HttpStatusCode status, string type, string text)
    {
        var content = new StringContent(text, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return new HttpResponseMessage(status) { Content = content };
    }
}
