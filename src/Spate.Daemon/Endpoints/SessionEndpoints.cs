using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Endpoints;

/// <summary>Settings, statistics, folders, torrent creation, health.</summary>
internal static class SessionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder session = api.MapGroup("").WithTags("session");
        session.MapGet("settings", () => NotYet.Answer())
            .Named("getSettings", Scope.Read, "All settings.").Gives(ApiJson.Default.Settings, Examples.Settings);
        session.MapPatch("settings", (HttpRequest request) => NotYet.Answer())
            .Named("changeSettings", Scope.Admin, "Changes settings; what is absent stays.", "They hold at once, but for those that say otherwise.")
            .Takes(ApiJson.Default.SettingsChange, new SettingsChange { Speed = new SpeedSettingsChange { UploadLimit = 1048576 } }).Gives(ApiJson.Default.Settings, Examples.Settings);
        session.MapGet("statistics", () => NotYet.Answer())
            .Named("getStatistics", Scope.Read, "Rates and totals: now, of this run, of all time.").Gives(ApiJson.Default.Statistics, Examples.Statistics);
        session.MapGet("statistics/history", (HistorySpan? span) => NotYet.Answer())
            .Named("getHistory", Scope.Read, "Rates over time, for graphs.").Gives(ApiJson.Default.History, Examples.History).Fails(400);
        session.MapGet("folders", (string? path, bool? files) => NotYet.Answer())
            .Named("listFolders", Scope.Write, "What lies in a folder of the daemon's machine.", "Only below the daemon's roots; without a path, the roots. With `files`, files too.")
            .Gives(ApiJson.Default.FolderListing, Examples.Folders).Fails(400, 404);
        session.MapGet("health", () => NotYet.Answer())
            .Named("getHealth", Scope.Read, "Whether the daemon does its work.").Gives(ApiJson.Default.Health, Examples.Health);

        RouteGroupBuilder creations = api.MapGroup("creations").WithTags("creating");
        creations.MapPost("", (HttpRequest request) => NotYet.Answer())
            .Named("createCreation", Scope.Write, "Makes a torrent of files below the daemon's roots, in the background.")
            .Takes(ApiJson.Default.NewCreation, new NewCreation { Path = "/srv/downloads/holiday", Trackers = [["https://tracker.example.org/announce"]], Seed = true })
            .Gives(ApiJson.Default.Creation, Examples.Creation).Fails(403, 404, 429);
        creations.MapGet("", () => NotYet.Answer())
            .Named("listCreations", Scope.Read, "Torrents that are being made, or were lately.").Gives(ApiJson.Default.CreationList, new CreationList { Creations = [Examples.Creation] });
        creations.MapGet("{id}", (string id) => NotYet.Answer())
            .Named("getCreation", Scope.Read, "How far one is.").Gives(ApiJson.Default.Creation, Examples.Creation).Fails(404);
        creations.MapGet("{id}/torrent", (string id) => NotYet.Answer())
            .Named("getCreatedTorrent", Scope.Read, "The .torrent file that was made.").Produces<byte[]>(200, "application/x-bittorrent").Fails(404, 409);
        creations.MapDelete("{id}", (string id) => NotYet.Answer())
            .Named("dropCreation", Scope.Write, "Stops one that runs, forgets one that is over.").GivesNothing().Fails(404);
    }
}
