using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Endpoints;

/// <summary>What is done to one torrent or many.</summary>
internal static class ActionEndpoints
{
    private const string Bulk = "For one torrent or many: name them, or all that match a filter. What can't be done to some is told for each; the others are done.";

    private static readonly string[] one = [Examples.Id];

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder actions = api.MapGroup("torrents").WithTags("actions");
        actions.MapPost("pause", (HttpRequest request) => NotYet.Answer())
            .Named("pauseTorrents", Scope.Write, "Pauses torrents.", Bulk)
            .Takes(ApiJson.Default.PauseTorrents, new PauseTorrents { Ids = one }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("resume", (HttpRequest request) => NotYet.Answer())
            .Named("resumeTorrents", Scope.Write, "Starts torrents, as far as the queue lets them.", Bulk)
            .Takes(ApiJson.Default.ResumeTorrents, new ResumeTorrents { Filter = new TorrentFilter { Category = "linux" } }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("recheck", (HttpRequest request) => NotYet.Answer())
            .Named("recheckTorrents", Scope.Write, "Checks all files against their hashes.", Bulk)
            .Takes(ApiJson.Default.RecheckTorrents, new RecheckTorrents { Ids = one }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("announce", (HttpRequest request) => NotYet.Answer())
            .Named("announceTorrents", Scope.Write, "Asks the trackers now, as far as they allow.", Bulk)
            .Takes(ApiJson.Default.AnnounceTorrents, new AnnounceTorrents { Ids = one }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("remove", (HttpRequest request) => NotYet.Answer())
            .Named("removeTorrents", Scope.Write, "Removes torrents, and their files if so wished.", Bulk)
            .Takes(ApiJson.Default.RemoveTorrents, new RemoveTorrents { Ids = one, DeleteData = true }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("move", (HttpRequest request) => NotYet.Answer())
            .Named("moveTorrents", Scope.Write, "Moves the files of torrents to another folder.", Bulk + " Answers when the moves have begun; the state `moving` and the log show how they go.")
            .Takes(ApiJson.Default.MoveTorrents, new MoveTorrents { Ids = one, SavePath = "/srv/downloads/linux" }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("queue", (HttpRequest request) => NotYet.Answer())
            .Named("queueTorrents", Scope.Write, "Changes the places of torrents in the queue.", Bulk)
            .Takes(ApiJson.Default.QueueTorrents, new QueueTorrents { Ids = one, To = QueueMove.Top }).Gives(ApiJson.Default.ActionResult, Examples.Done).Fails(409);
        actions.MapPost("change", (HttpRequest request) => NotYet.Answer())
            .Named("changeTorrents", Scope.Write, "Changes category, tags, limits and more of torrents.", Bulk)
            .Takes(ApiJson.Default.ChangeTorrents, new ChangeTorrents { Ids = one, Change = new TorrentChange { Category = "linux", UploadLimit = 65536 } })
            .Gives(ApiJson.Default.ActionResult, Examples.Done);
    }
}
