using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Endpoints;

/// <summary>What is done to one torrent or many.</summary>
internal static class ActionEndpoints
{
    private const string Bulk = "For one torrent or many: name them, or all that match a filter. What can't be done to some is told for each; the others are done.";

    private static readonly string[] one = [Examples.Id];

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder actions = api.MapGroup("torrents").WithTags("actions");
        actions.MapPost("pause", async (HttpContext context, TorrentLibrary library) =>
            {
                PauseTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.PauseTorrents);
                return Answer.Json(await library.ForEachAsync(request, library.PauseAsync), ApiJson.Default.ActionResult);
            })
            .Named("pauseTorrents", Scope.Write, "Pauses torrents.", Bulk)
            .Takes(ApiJson.Default.PauseTorrents, new PauseTorrents { Ids = one }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("resume", async (HttpContext context, TorrentLibrary library) =>
            {
                ResumeTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.ResumeTorrents);
                return Answer.Json(await library.ForEachAsync(request, torrent => library.ResumeAsync(torrent, request.Force)), ApiJson.Default.ActionResult);
            })
            .Named("resumeTorrents", Scope.Write, "Starts torrents, as far as the queue lets them.", Bulk)
            .Takes(ApiJson.Default.ResumeTorrents, new ResumeTorrents { Filter = new TorrentFilter { Category = "linux" } }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("recheck", async (HttpContext context, TorrentLibrary library) =>
            {
                RecheckTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.RecheckTorrents);
                return Answer.Json(await library.ForEachAsync(request, library.RecheckAsync), ApiJson.Default.ActionResult);
            })
            .Named("recheckTorrents", Scope.Write, "Checks all files against their hashes.", Bulk)
            .Takes(ApiJson.Default.RecheckTorrents, new RecheckTorrents { Ids = one }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("announce", async (HttpContext context, TorrentLibrary library) =>
            {
                AnnounceTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.AnnounceTorrents);
                return Answer.Json(await library.ForEachAsync(request, TorrentLibrary.AnnounceAsync), ApiJson.Default.ActionResult);
            })
            .Named("announceTorrents", Scope.Write, "Asks the trackers now, as far as they allow.", Bulk)
            .Takes(ApiJson.Default.AnnounceTorrents, new AnnounceTorrents { Ids = one }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("remove", async (HttpContext context, TorrentLibrary library) =>
            {
                RemoveTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.RemoveTorrents);
                return Answer.Json(await library.ForEachAsync(request, torrent => library.RemoveAsync(torrent, request.DeleteData)), ApiJson.Default.ActionResult);
            })
            .Named("removeTorrents", Scope.Write, "Removes torrents, and their files if so wished.", Bulk)
            .Takes(ApiJson.Default.RemoveTorrents, new RemoveTorrents { Ids = one, DeleteData = true }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("move", async (HttpContext context, TorrentLibrary library) =>
            {
                MoveTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.MoveTorrents);
                library.CheckFolder("savePath", request.SavePath);
                return Answer.Json(await library.ForEachAsync(request, torrent => library.MoveAsync(torrent, request.SavePath)), ApiJson.Default.ActionResult);
            })
            .Named("moveTorrents", Scope.Write, "Moves the files of torrents to another folder.", Bulk + " Answers when the moves have begun; the state `moving` and the log show how they go.")
            .Takes(ApiJson.Default.MoveTorrents, new MoveTorrents { Ids = one, SavePath = "/srv/downloads/linux" }).Gives(ApiJson.Default.ActionResult, Examples.Done);
        actions.MapPost("queue", async (HttpContext context, TorrentLibrary library) =>
            {
                QueueTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.QueueTorrents);
                return Answer.Json(await library.QueueAsync(request), ApiJson.Default.ActionResult);
            })
            .Named("queueTorrents", Scope.Write, "Changes the places of torrents in the queue.", Bulk)
            .Takes(ApiJson.Default.QueueTorrents, new QueueTorrents { Ids = one, To = QueueMove.Top }).Gives(ApiJson.Default.ActionResult, Examples.Done).Fails(409);
        actions.MapPost("change", async (HttpContext context, TorrentLibrary library) =>
            {
                ChangeTorrents request = await JsonBody.ReadAsync(context, ApiJson.Default.ChangeTorrents);
                return Answer.Json(await library.ForEachAsync(request, torrent => library.ChangeAsync(torrent, request.Change)), ApiJson.Default.ActionResult);
            })
            .Named("changeTorrents", Scope.Write, "Changes category, tags, limits and more of torrents.", Bulk)
            .Takes(ApiJson.Default.ChangeTorrents, new ChangeTorrents { Ids = one, Change = new TorrentChange { Category = "linux", UploadLimit = 65536 } })
            .Gives(ApiJson.Default.ActionResult, Examples.Done);
    }
}
