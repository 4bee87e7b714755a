using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;
using Spate.Create;
using Spate.Daemon.Creation;
using Spate.Daemon.Operations;
using Spate.Daemon.Security;
using Spate.Daemon.State;
using Spate.Daemon.Torrents;
using Spate.Daemon.Watch;
using Spate.Protocol;

namespace Spate.Daemon.Endpoints;

/// <summary>Settings, statistics, folders, torrent creation, health.</summary>
internal static class SessionEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder session = api.MapGroup("").WithTags("session");
        session.MapGet("settings", (DaemonState state, SessionMeter meter) => Answer.Json(SettingsMap.ToApi(state.Settings, meter.UsesAlternative), ApiJson.Default.Settings))
            .Named("getSettings", Scope.Read, "All settings.").Gives(ApiJson.Default.Settings, Examples.Settings);
        session.MapPatch("settings", ChangeSettingsAsync)
            .Named("changeSettings", Scope.Admin, "Changes settings; what is absent stays.", "They hold at once, but for those that say otherwise.")
            .Takes(ApiJson.Default.SettingsChange, new SettingsChange { Speed = new SpeedSettingsChange { UploadLimit = 1048576 } }).Gives(ApiJson.Default.Settings, Examples.Settings);
        session.MapGet("statistics", (SessionMeter meter) => Answer.Json(meter.Statistics, ApiJson.Default.Statistics))
            .Named("getStatistics", Scope.Read, "Rates and totals: now, of this run, of all time.").Gives(ApiJson.Default.Statistics, Examples.Statistics);
        session.MapGet("statistics/history", (HistorySpan? span, SessionMeter meter) => Answer.Json(meter.History(Defined(span)), ApiJson.Default.History))
            .Named("getHistory", Scope.Read, "Rates over time, for graphs.").Gives(ApiJson.Default.History, Examples.History).Fails(400);
        session.MapGet("folders", (string? path, bool? files, FolderRoots roots) =>
                Answer.Json(FolderBrowser.List(roots, path, files ?? false), ApiJson.Default.FolderListing))
            .Named("listFolders", Scope.Write, "What lies in a folder of the daemon's machine.", "Only below the daemon's roots; without a path, the roots. With `files`, files too.")
            .Gives(ApiJson.Default.FolderListing, Examples.Folders).Fails(400, 404);
        session.MapGet("health", HealthOf)
            .Named("getHealth", Scope.Read, "Whether the daemon does its work.").Gives(ApiJson.Default.Health, Examples.Health);

        RouteGroupBuilder creations = api.MapGroup("creations").WithTags("creating");
        creations.MapPost("", CreateAsync)
            .Named("createCreation", Scope.Write, "Makes a torrent of files below the daemon's roots, in the background.")
            .Takes(ApiJson.Default.NewCreation, new NewCreation { Path = "/srv/downloads/holiday", Trackers = [["https://tracker.example.org/announce"]], Seed = true })
            .Gives(ApiJson.Default.Creation, Examples.Creation).Fails(403, 404, 429);
        creations.MapGet("", (CreationJobs jobs) => Answer.Json(new CreationList { Creations = [.. jobs.All.Select(Show)] }, ApiJson.Default.CreationList))
            .Named("listCreations", Scope.Read, "Torrents that are being made, or were lately.").Gives(ApiJson.Default.CreationList, new CreationList { Creations = [Examples.Creation] });
        creations.MapGet("{id}", (string id, CreationJobs jobs) => Answer.Json(Show(Find(jobs, id)), ApiJson.Default.Creation))
            .Named("getCreation", Scope.Read, "How far one is.").Gives(ApiJson.Default.Creation, Examples.Creation).Fails(404);
        creations.MapGet("{id}/torrent", (string id, CreationJobs jobs) => Find(jobs, id) is { Torrent: { } torrent, Metainfo: { } metainfo }
                ? Answer.TorrentFile(torrent, metainfo.Name)
                : throw ApiProblem.Conflict("It is not made yet."))
            .Named("getCreatedTorrent", Scope.Read, "The .torrent file that was made.").Produces<byte[]>(200, "application/x-bittorrent").Fails(404, 409);
        creations.MapDelete("{id}", (string id, CreationJobs jobs) => jobs.Drop(id) ? TypedResults.NoContent() : throw NoCreation())
            .Named("dropCreation", Scope.Write, "Stops one that runs, forgets one that is over.").GivesNothing().Fails(404);
    }

    private static async Task<IResult> ChangeSettingsAsync(HttpContext context, DaemonState state, SessionMeter meter, TorrentLibrary library, FolderWatches watches, FolderRoots roots)
    {
        SettingsChange change = await JsonBody.ReadAsync(context, ApiJson.Default.SettingsChange);
        SettingsMap.Validate(change, roots);
        SavedSettings settings = await state.ChangeAsync(was => SettingsMap.Apply(was, change));
        meter.ApplySettings(change.Speed?.UseAlternative);
        library.ApplySettings();
        if (change.WatchFolders is not null) watches.Set(settings.WatchFolders);
        return Answer.Json(SettingsMap.ToApi(settings, meter.UsesAlternative), ApiJson.Default.Settings);
    }

    private static HistorySpan Defined(HistorySpan? span) =>
        span is not { } named || Enum.IsDefined(named) ? span ?? HistorySpan.Live : throw ApiProblem.Field("span", "It must be live or day.");

    private static IResult HealthOf(SessionMeter meter, StatisticsCollector collector)
    {
        IReadOnlyList<string> problems = meter.Problems;
        return Answer.Json(
            new Health { Status = problems.Count == 0 ? "ok" : "degraded", Version = DaemonHost.Version, UptimeSeconds = collector.Run.Seconds, Problems = problems }, ApiJson.Default.Health);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, CreationJobs jobs, TorrentLibrary library, FolderRoots roots)
    {
        NewCreation request = await JsonBody.ReadAsync(context, ApiJson.Default.NewCreation);
        var check = new FieldCheck();
        check.Trackers("trackers", request.Trackers);
        check.Text("source", request.Source, 200);
        check.Label("category", request.Category);
        if (request.Comment.Length > 10_000) check.Fail("comment", "It may have 10000 characters at most.");
        if (request.PieceSize != 0 && (request.PieceSize is < 16 << 10 or > 128 << 20 || !int.IsPow2(request.PieceSize))) check.Fail("pieceSize", "It must be 0 or a power of two from 16384 to 134217728.");
        if (request.Format != CreationFormat.V1) check.Fail("format", "Torrents of this format can't be made yet.");
        check.Done();
        string path;
        try { path = roots.Check(request.Path); }
        catch (ForbiddenPathException e) { throw ApiProblem.ForbiddenPath("path", e.Message); }
        if (!Path.Exists(path)) throw ApiProblem.NotFound($"There is no file or folder {path}.");
        if (request.Seed && !roots.Allows(Path.GetDirectoryName(path) ?? "")) throw ApiProblem.Field("seed", "The folder above it must be one that the daemon may use: the torrent would lie there.");
        var options = new CreateOptions
        {
            PieceLength = request.PieceSize == 0 ? null : request.PieceSize,
            IsPrivate = request.Private,
            Source = request.Source.Length == 0 ? null : request.Source,
            Outer = new TorrentOuter
            {
                TrackerTiers = request.Trackers, WebSeeds = request.WebSeeds, Comment = request.Comment.Length == 0 ? null : request.Comment, CreatedBy = "Spate/" + DaemonHost.Version,
                CreationDate = DateTimeOffset.UtcNow,
            },
        };
        var seeding = new AddOptions { SavePath = Path.GetDirectoryName(path), Category = request.Category, SkipCheck = true, Paused = false };
        CreationJob? job = jobs.Start(path, options, request.Seed ? made => library.AddAsync(path, made.Torrent, seeding) : null);
        return job is null
            ? throw ApiProblem.Of(StatusCodes.Status429TooManyRequests, "too-many", "Too many torrents are being made.", $"At most {CreationJobs.MostOpen} wait; try again when some are done.")
            : Answer.Json(Show(job), ApiJson.Default.Creation);
    }

    private static CreationJob Find(CreationJobs jobs, string id) => jobs.Find(id) ?? throw NoCreation();

    private static ApiProblem NoCreation() => ApiProblem.NotFound("There is no such creation; the last 20 that are over are kept.");

    private static Api.Creation Show(CreationJob job)
    {
        CreationStatus status = job.Status;
        return new Api.Creation
        {
            Id = job.Id,
            Path = job.Path,
            State = Enum.Parse<CreationState>(status.Stage.ToString()),
            Progress = Math.Round(status.Progress, 4),
            TotalBytes = status.BytesTotal,
            Rate = (long)status.Rate,
            Error = status.Error,
            TorrentId = job.Metainfo?.InfoHash.Wire.ToString(),
            Magnet = job.Metainfo is { } metainfo ? MagnetLink.Of(metainfo).ToString() : null,
            Remarks = job.Remarks,
            StartedAt = job.Created,
        };
    }
}
