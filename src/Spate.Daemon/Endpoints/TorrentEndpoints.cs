using System.ComponentModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Endpoints;

/// <summary>Torrents: lists of them, and everything about one.</summary>
internal static class TorrentEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder torrents = api.MapGroup("torrents").WithTags("torrents");
        torrents.MapGet("", ([AsParameters] ListParameters list) => NotYet.Answer())
            .Named("listTorrents", Scope.Read, "Torrents, filtered, sorted, a page at a time.", "The order is stable: equal rows are in the order of their ids.")
            .Gives(ApiJson.Default.TorrentPage, Examples.Page).Fails(400);
        torrents.MapGet("counts", () => NotYet.Answer())
            .Named("countTorrents", Scope.Read, "How many torrents there are, by state, category, tag and tracker.")
            .Gives(ApiJson.Default.TorrentCounts, Examples.Counts);
        torrents.MapGet("{id}", (string id) => NotYet.Answer())
            .Named("getTorrent", Scope.Read, "Everything about a torrent, and why it is not faster.").Gives(ApiJson.Default.TorrentDetails, Examples.Details).Fails(404);
        torrents.MapPatch("{id}", (string id, HttpRequest request) => NotYet.Answer())
            .Named("changeTorrent", Scope.Write, "Changes a torrent; what is absent stays.")
            .Takes(ApiJson.Default.TorrentChange, new TorrentChange { Category = "linux", AddTags = ["iso"], DownloadLimit = 1048576 })
            .Gives(ApiJson.Default.TorrentDetails, Examples.Details).Fails(404);
        torrents.MapDelete("{id}", (string id, bool? deleteData) => NotYet.Answer())
            .Named("removeTorrent", Scope.Write, "Removes a torrent.", "The downloaded files stay unless `deleteData` is true.").GivesNothing().Fails(400, 404);
        torrents.MapGet("{id}/files", (string id, string? folder, int? offset, int? limit) => NotYet.Answer())
            .Named("listFiles", Scope.Read, "The files of a torrent.", "With `folder`, only what lies right in that folder (the empty one is the top): so that a tree of any size is read level by level.")
            .Gives(ApiJson.Default.FileList, Examples.Files).Fails(400, 404);
        torrents.MapPatch("{id}/files", (string id, HttpRequest request) => NotYet.Answer())
            .Named("changeFiles", Scope.Write, "Says which files are wanted, and how much.")
            .Takes(ApiJson.Default.FilesChange, new FilesChange { Priorities = [new PriorityChange { Folder = "extras", Priority = FilePriority.Skip }, new PriorityChange { Indexes = [0, 2], Priority = FilePriority.High }] })
            .GivesNothing().Fails(404, 409);
        torrents.MapPost("{id}/files/rename", (string id, HttpRequest request) => NotYet.Answer())
            .Named("renameFile", Scope.Write, "Renames a file or folder of a torrent, on disk too.")
            .Takes(ApiJson.Default.RenameFile, new RenameFile { Path = "extras/readme.txt", NewPath = "extras/README" }).GivesNothing().Fails(404, 409);
        torrents.MapGet("{id}/peers", (string id) => NotYet.Answer())
            .Named("listPeers", Scope.Read, "The connected peers of a torrent.").Gives(ApiJson.Default.PeerList, Examples.Peers).Fails(404);
        torrents.MapPost("{id}/peers", (string id, HttpRequest request) => NotYet.Answer())
            .Named("addPeers", Scope.Write, "Peers to try at once.").Takes(ApiJson.Default.NewPeers, new NewPeers { Addresses = ["192.0.2.7:6881"] }).GivesNothing().Fails(404);
        torrents.MapGet("{id}/trackers", (string id) => NotYet.Answer())
            .Named("listTrackers", Scope.Read, "The trackers of a torrent, with their last answers.").Gives(ApiJson.Default.TrackerList, Examples.Trackers).Fails(404);
        torrents.MapPut("{id}/trackers", (string id, HttpRequest request) => NotYet.Answer())
            .Named("setTrackers", Scope.Write, "Replaces the trackers of a torrent.")
            .Takes(ApiJson.Default.TrackerTiers, new TrackerTiers { Tiers = [["https://tracker.example.org/announce"], ["udp://other.example.org:6969"]] })
            .GivesNothing().Fails(404);
        torrents.MapGet("{id}/pieces", (string id) => NotYet.Answer())
            .Named("getPieces", Scope.Read, "The pieces of a torrent, and how many peers have each.").Gives(ApiJson.Default.PieceMap, Examples.Pieces).Fails(404);
        torrents.MapGet("{id}/webseeds", (string id) => NotYet.Answer())
            .Named("listWebSeeds", Scope.Read, "The HTTP sources of a torrent.")
            .Gives(ApiJson.Default.WebSeedList, new WebSeedList { WebSeeds = [new WebSeedRow { Url = "https://mirror.example.org/debian.iso" }] }).Fails(404);
        torrents.MapGet("{id}/log", (string id) => NotYet.Answer())
            .Named("getLog", Scope.Read, "What happened to a torrent lately.").Gives(ApiJson.Default.TorrentLog, Examples.Log).Fails(404);
        torrents.MapGet("{id}/metainfo", (string id) => NotYet.Answer())
            .Named("getMetainfo", Scope.Read, "The .torrent file.").Produces<byte[]>(200, "application/x-bittorrent").Fails(404, 409);
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

    [FromQuery(Name = "sort"), Description("By what they are sorted; `added` when absent.")]
    public TorrentSort? Sort { get; init; }

    [FromQuery(Name = "order"), Description("`descending` when absent.")]
    public SortOrder? Order { get; init; }

    [FromQuery(Name = "offset"), Description("Rows to leave out at the start.")]
    public int? Offset { get; init; }

    [FromQuery(Name = "limit"), Description("Rows at most, 0 to 1000; 100 when absent.")]
    public int? Limit { get; init; }
}
