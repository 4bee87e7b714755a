using System.ComponentModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Spate.Api;
using Spate.Daemon.State;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Endpoints;

/// <summary>Torrents: lists of them, and everything about one.</summary>
internal static class TorrentEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder torrents = api.MapGroup("torrents").WithTags("torrents");
        torrents.MapGet("", List)
            .Named("listTorrents", Scope.Read, "Torrents, filtered, sorted, a page at a time.", "The order is stable: equal rows are in the order of their ids.")
            .Gives(ApiJson.Default.TorrentPage, Examples.Page).Fails(400);
        torrents.MapGet("counts", (TorrentLibrary library) => Answer.Json(library.Table.Counts, ApiJson.Default.TorrentCounts))
            .Named("countTorrents", Scope.Read, "How many torrents there are, by state, category, tag and tracker.")
            .Gives(ApiJson.Default.TorrentCounts, Examples.Counts);
        torrents.MapGet("{id}", (string id, TorrentLibrary library, TorrentReport report) => Answer.Json(report.Details(library.Get(id)), ApiJson.Default.TorrentDetails))
            .Named("getTorrent", Scope.Read, "Everything about a torrent, and why it is not faster.").Gives(ApiJson.Default.TorrentDetails, Examples.Details).Fails(404);
        torrents.MapPatch("{id}", ChangeAsync)
            .Named("changeTorrent", Scope.Write, "Changes a torrent; what is absent stays.")
            .Takes(ApiJson.Default.TorrentChange, new TorrentChange { Category = "linux", AddTags = ["iso"], DownloadLimit = 1048576 })
            .Gives(ApiJson.Default.TorrentDetails, Examples.Details).Fails(404);
        torrents.MapDelete("{id}", (string id, bool? deleteData, TorrentLibrary library) => Answer.Nothing(library.RemoveAsync(library.Get(id), deleteData ?? false)))
            .Named("removeTorrent", Scope.Write, "Removes a torrent.", "The downloaded files stay unless `deleteData` is true.").GivesNothing().Fails(400, 404);
        torrents.MapGet("{id}/files", (string id, string? folder, int? offset, int? limit, TorrentLibrary library) =>
                Answer.Json(TorrentReport.FilesAsync(library.Get(id), folder, offset ?? 0, limit ?? 1000), ApiJson.Default.FileList))
            .Named("listFiles", Scope.Read, "The files of a torrent.", "With `folder`, only what lies right in that folder (the empty one is the top): so that a tree of any size is read level by level.")
            .Gives(ApiJson.Default.FileList, Examples.Files).Fails(400, 404);
        torrents.MapPatch("{id}/files", async (string id, HttpContext context, TorrentLibrary library) =>
                await Answer.Nothing(library.ChangeFilesAsync(library.Get(id), await JsonBody.ReadAsync(context, ApiJson.Default.FilesChange))))
            .Named("changeFiles", Scope.Write, "Says which files are wanted, and how much.")
            .Takes(ApiJson.Default.FilesChange, new FilesChange { Priorities = [new PriorityChange { Folder = "extras", Priority = FilePriority.Skip }, new PriorityChange { Indexes = [0, 2], Priority = FilePriority.High }] })
            .GivesNothing().Fails(404, 409);
        torrents.MapPost("{id}/rename", async (string id, HttpContext context, TorrentLibrary library) =>
                await Answer.Nothing(library.RenameFileAsync(library.Get(id), await JsonBody.ReadAsync(context, ApiJson.Default.RenameFile))))
            .Named("renameFile", Scope.Write, "Renames a file or folder of a torrent on disk.",
                "The torrent itself stays as it is, and transfers go on. A name must be one that every common system can store, and nothing beside it may have it. "
                + "The name that is shown for the torrent is another thing: `changeTorrent` sets it.")
            .Takes(ApiJson.Default.RenameFile, new RenameFile { Path = "debian/extras/readme.txt", Name = "read me first.txt" }).GivesNothing().Fails(404, 409);
        torrents.MapGet("{id}/peers", async (string id, TorrentLibrary library) =>
                Answer.Json(new PeerList { Peers = await TorrentReport.PeersAsync(library.Get(id)) }, ApiJson.Default.PeerList))
            .Named("listPeers", Scope.Read, "The connected peers of a torrent.").Gives(ApiJson.Default.PeerList, Examples.Peers).Fails(404);
        torrents.MapPost("{id}/peers", async (string id, HttpContext context, TorrentLibrary library) =>
                await Answer.Nothing(TorrentLibrary.AddPeersAsync(library.Get(id), await JsonBody.ReadAsync(context, ApiJson.Default.NewPeers))))
            .Named("addPeers", Scope.Write, "Peers to try at once.").Takes(ApiJson.Default.NewPeers, new NewPeers { Addresses = ["192.0.2.7:6881"] }).GivesNothing().Fails(404);
        torrents.MapGet("{id}/trackers", (string id, TorrentLibrary library, TorrentReport report) =>
                Answer.Json(new TrackerList { Trackers = report.Trackers(library.Get(id)) }, ApiJson.Default.TrackerList))
            .Named("listTrackers", Scope.Read, "The trackers of a torrent, with their last answers.").Gives(ApiJson.Default.TrackerList, Examples.Trackers).Fails(404);
        torrents.MapPut("{id}/trackers", async (string id, HttpContext context, TorrentLibrary library) =>
                await Answer.Nothing(library.SetTrackersAsync(library.Get(id), await JsonBody.ReadAsync(context, ApiJson.Default.TrackerTiers))))
            .Named("setTrackers", Scope.Write, "Replaces the trackers of a torrent.")
            .Takes(ApiJson.Default.TrackerTiers, new TrackerTiers { Tiers = [["https://tracker.example.org/announce"], ["udp://other.example.org:6969"]] })
            .GivesNothing().Fails(404);
        torrents.MapGet("{id}/pieces", (string id, TorrentLibrary library) => Answer.Json(TorrentReport.PiecesAsync(library.Get(id)), ApiJson.Default.PieceMap))
            .Named("getPieces", Scope.Read, "The pieces of a torrent, and how many peers have each.").Gives(ApiJson.Default.PieceMap, Examples.Pieces).Fails(404);
        torrents.MapGet("{id}/webseeds", (string id, TorrentLibrary library) => Answer.Json(WebSeedsOf(library.Get(id)), ApiJson.Default.WebSeedList))
            .Named("listWebSeeds", Scope.Read, "The HTTP sources of a torrent.")
            .Gives(ApiJson.Default.WebSeedList, new WebSeedList { WebSeeds = [new WebSeedRow { Url = "https://mirror.example.org/debian.iso" }] }).Fails(404);
        torrents.MapGet("{id}/log", (string id, TorrentLibrary library) => Answer.Json(new TorrentLog { Entries = library.Get(id).Log.Since(0) }, ApiJson.Default.TorrentLog))
            .Named("getLog", Scope.Read, "What happened to a torrent lately.").Gives(ApiJson.Default.TorrentLog, Examples.Log).Fails(404);
        torrents.MapGet("{id}/metainfo", (string id, TorrentLibrary library, DaemonState state) => MetainfoOf(library.Get(id), state))
            .Named("getMetainfo", Scope.Read, "The .torrent file.").Produces<byte[]>(200, "application/x-bittorrent").Fails(404, 409);
    }

    private static FileContentHttpResult List([AsParameters] ListParameters list, TorrentLibrary library) =>
        TypedResults.Bytes(library.Table.PageJson(list.ToQuery()), "application/json");

    private static async Task<IResult> ChangeAsync(string id, HttpContext context, TorrentLibrary library, TorrentReport report)
    {
        TorrentChange change = await JsonBody.ReadAsync(context, ApiJson.Default.TorrentChange);
        ManagedTorrent torrent = library.Get(id);
        await library.ChangeAsync(torrent, change);
        return Answer.Json(report.Details(torrent), ApiJson.Default.TorrentDetails);
    }

    private static WebSeedList WebSeedsOf(ManagedTorrent torrent) =>
        new() { WebSeeds = [.. (torrent.Engine?.Metainfo.WebSeeds ?? []).Select(static url => new WebSeedRow { Url = url })] };

    private static IResult MetainfoOf(ManagedTorrent torrent, DaemonState state)
    {
        byte[] bytes = state.ReadMetainfo(torrent.Saved) ?? throw ApiProblem.Conflict(torrent.Broken ?? "The description of the torrent is not here yet.");
        return Answer.TorrentFile(bytes, torrent.Engine?.Metainfo.Name ?? torrent.Name);
    }
}

/// <summary>Which part of which list of torrents is asked for.</summary>
internal sealed record ListParameters
{
    [FromQuery(Name = "state"), Description("What they do.")]
    public StateFilter? State { get; init; }

    [FromQuery(Name = "category"), Description("Their category; the empty name: those without one.")]
    public string? Category { get; init; }

    [FromQuery(Name = "tag"), Description("One of their tags; the empty name: those without any.")]
    public string? Tag { get; init; }

    [FromQuery(Name = "tracker"), Description("The host of their tracker; the empty name: those without one.")]
    public string? Tracker { get; init; }

    [FromQuery(Name = "text"), Description("Words that the name must hold, in any order and case.")]
    public string? Text { get; init; }

    [FromQuery(Name = "sort"), Description("By what they are sorted; `added` when absent. Numbers in names count as numbers: `a13` comes before `a104`.")]
    public TorrentSort? Sort { get; init; }

    [FromQuery(Name = "order"), Description("`descending` when absent.")]
    public SortOrder? Order { get; init; }

    [FromQuery(Name = "offset"), Description("Rows to leave out at the start.")]
    public int? Offset { get; init; }

    [FromQuery(Name = "limit"), Description("Rows at most, 0 to 1000; 100 when absent.")]
    public int? Limit { get; init; }

    /// <exception cref="ApiProblem">A number is out of range.</exception>
    public TorrentQuery ToQuery()
    {
        var check = new FieldCheck();
        check.Range("offset", Offset, 0, int.MaxValue);
        check.Range("limit", Limit, 0, TorrentQuery.MaxLimit);
        if (State is { } state && !Enum.IsDefined(state)) check.Fail("state", "There is no such state.");
        if (Sort is { } sort && !Enum.IsDefined(sort)) check.Fail("sort", "Torrents are not sorted by that.");
        if (Order is { } order && !Enum.IsDefined(order)) check.Fail("order", "It must be ascending or descending.");
        check.Text("text", Text, 1000);
        check.Done();
        return new TorrentQuery
        {
            Filter = new TorrentFilter { State = State, Category = Category, Tag = Tag, Tracker = Tracker, Text = Text },
            Sort = Sort ?? TorrentSort.Added, Order = Order ?? SortOrder.Descending, Offset = Offset ?? 0, Limit = Limit ?? 100,
        };
    }
}
