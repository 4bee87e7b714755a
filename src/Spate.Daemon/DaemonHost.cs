using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spate.Api;
using Spate.Daemon.Creation;
using Spate.Daemon.Endpoints;
using Spate.Daemon.Events;
using Spate.Daemon.Operations;
using Spate.Daemon.Security;
using Spate.Daemon.State;
using Spate.Daemon.Torrents;
using Spate.Daemon.Watch;
using Spate.Engine.Session;
using Spate.Http;
using Spate.Protocol;
using SessionOptions = Spate.Engine.SessionOptions;

namespace Spate.Daemon;

/// <summary>A daemon: a torrent session, its state, and the API and web UI that show them.</summary>
public sealed class DaemonHost : IAsyncDisposable
{
    private const string LocalKeyName = "this machine";

    private readonly DaemonOptions options;
    private readonly TimeProvider time = TimeProvider.System;
    private readonly Stack<IAsyncDisposable> running = new(); // ended in the opposite order
    private WebApplication? app;
    private AccountBook? accounts;

    private DaemonHost(DaemonOptions options) => this.options = options;

    /// <summary>The version of the program.</summary>
    public static string Version { get; } =
        typeof(DaemonHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Where the API can be reached, with the base path. Empty until it is started.</summary>
    public IReadOnlyList<Uri> Addresses => app is null ? [] : [.. app.Urls.Select(url => new Uri(url.TrimEnd('/') + options.BasePath.TrimEnd('/') + "/"))];

    /// <summary>A password is set.</summary>
    public bool HasPassword => Accounts.HasPassword;

    internal TorrentLibrary Library { get; private set; } = null!;

    internal TorrentSession Session { get; private set; } = null!;

    internal EventStreams Events { get; private set; } = null!;

    private AccountBook Accounts => accounts ?? throw new InvalidOperationException("The daemon is not started.");

    /// <summary>Makes a daemon; <see cref="StartAsync"/> starts it.</summary>
    public static DaemonHost Create(DaemonOptions options) => new(options);

    /// <summary>Sets the password of a daemon that does not run.</summary>
    /// <exception cref="ArgumentException">It is too short or too long.</exception>
    /// <exception cref="IOException">The state can't be opened: the daemon runs, or the folder can't be used.</exception>
    public static Task SetPasswordAsync(string stateFolder, string password) => AccountBook.SetPasswordOfStoppedAsync(stateFolder, password);

    /// <summary>Brings back what is saved and begins to serve.</summary>
    /// <exception cref="IOException">An address can't be had, or the state can't be opened; the message says which.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        try
        {
            await BeginAsync(cancellation);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts, and serves until it is told to stop; then stops in order.</summary>
    public async Task RunAsync(CancellationToken cancellation = default)
    {
        await StartAsync(cancellation);
        try { await Task.Delay(Timeout.Infinite, cancellation); }
        catch (OperationCanceledException) { }
        await DisposeAsync();
    }

    /// <summary>A link that logs a browser in once.</summary>
    public Uri CreateLoginLink() => new(Addresses[0], $"#/login?token={Accounts.CreateToken()}");

    /// <summary>A key that may do all, for programs of the same user on this machine. Those of earlier runs end.</summary>
    public async Task<string> CreateLocalKeyAsync()
    {
        foreach (SavedApiKey old in Accounts.Keys.Where(static key => key.Name == LocalKeyName).ToList()) await Accounts.RevokeKeyAsync(old.Id);
        return await Accounts.CreateKeyAsync(LocalKeyName, [Scope.Admin]) is { } made
            ? made.Secret
            : throw new IOException($"There are {AccountBook.MostKeys} API keys; revoke one.");
    }

    /// <summary>Stops in order: no more requests, then announces, resume data, and the state.</summary>
    public async ValueTask DisposeAsync()
    {
        while (running.TryPop(out IAsyncDisposable? part)) await part.DisposeAsync();
    }

    private async Task BeginAsync(CancellationToken cancellation)
    {
        ILoggerFactory logs = options.Logs ?? LoggerFactory.Create(static _ => { });
        ILogger log = logs.CreateLogger("Spate.Daemon");
        DaemonState state = Owned(await DaemonState.OpenAsync(options.StateFolder, problem => DaemonLogMessages.State(log, problem)));
        Directory.CreateDirectory(options.DownloadFolder);
        var roots = new FolderRoots([options.DownloadFolder, .. options.Roots], [options.StateFolder]);
        await state.ChangeAsync(settings => roots.Allows(settings.DownloadFolder) ? settings : settings with { DownloadFolder = roots.Check(options.DownloadFolder) });

        Session = Owned(await SpateSession.StartAsync(SessionOptionsOf(state), fault => DaemonLogMessages.Fault(log, fault)));
        Library = Owned(new TorrentLibrary(state, Session, roots, time, logs.CreateLogger<TorrentLibrary>()));
        var collector = new StatisticsCollector(state, time);
        SessionMeter meter = Owned(new SessionMeter(state, Session, Library, collector, time, logs.CreateLogger<SessionMeter>()));
        HttpFetcher http = Owned(new HttpFetcher("Spate/" + Version));
        var fetcher = new TorrentFetcher(http, options.AllowPrivateUrls);
        Previews previews = Owned(new Previews(Session, Library, fetcher, time));
        CreationJobs creations = Owned(new CreationJobs(time));
        FolderWatches watches = Owned(new FolderWatches(AddFoundAsync, roots.Allows, time, problem => DaemonLogMessages.Watch(log, problem)));
        accounts = new AccountBook(state, time);
        var report = new TorrentReport(Library, state, time);
        var sources = new EventSources(Library, meter, report, state, previews, creations, time);
        Events = new EventStreams(sources, accounts);
        Library.Start();
        meter.Start();
        watches.Set(state.Settings.WatchFolders);

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = JsonBody.MaxBytes;
            kestrel.Limits.MaxConcurrentConnections = 4000;
            foreach (IPEndPoint address in options.Listen) kestrel.Listen(address);
        });
        builder.Services.AddSingleton(options).AddSingleton(state).AddSingleton(roots).AddSingleton(Session).AddSingleton(Library).AddSingleton(collector)
            .AddSingleton(meter).AddSingleton(fetcher).AddSingleton(previews).AddSingleton(creations).AddSingleton(watches).AddSingleton(accounts)
            .AddSingleton(report).AddSingleton(Events).AddSingleton(time).AddSingleton(new TorrentSources(Library, previews, fetcher));
        builder.Services.AddApiDocument();
        builder.Services.Configure<JsonOptions>(static json =>
        {
            // As ApiJson says: the document is made by these.
            json.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
            json.SerializerOptions.DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
        });
        builder.Services.Configure<RouteHandlerOptions>(static routes => routes.ThrowOnBadRequest = true);
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));
        app = builder.Build();
        running.Push(new RunningApp(app));
        app.UseMiddleware<ProblemAnswers>();
        app.UseSecurity(new SecurityOptions { AllowedHosts = options.AllowedHosts, TrustedProxies = options.TrustedProxies, BasePath = options.BasePath }, accounts);
        app.UseMiddleware<QueryNames>();
        app.UseApiPage();
        if (options.WebFolder is { } web) app.UseWebFiles(web);
        ApiEndpoints.Map(app);
        app.MapOperations(() => MetricsOf(meter, collector), () => meter.Problems);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException e)
        {
            throw new IOException($"Can't listen on {string.Join(", ", options.Listen)}: {e.Message}", e);
        }
    }

    private async Task AddFoundAsync(FoundTorrent found)
    {
        var how = new AddOptions
        {
            SavePath = found.Settings.Folder, Category = found.Settings.Category, Tags = found.Settings.Tags, Paused = found.Settings.AddStopped ? true : null,
        };
        if (found.Magnet is { } magnet) await Library.AddAsync(magnet, MagnetLink.Parse(magnet), how);
        else await Library.AddAsync("", found.Metainfo, how);
    }

    private SessionMetrics MetricsOf(SessionMeter meter, StatisticsCollector collector)
    {
        (StatisticsNow now, SavedTotals all) = (meter.Now, collector.AllTime);
        return new SessionMetrics
        {
            Version = Version, UptimeSeconds = collector.Run.Seconds, Downloaded = all.Downloaded, Uploaded = all.Uploaded, Wasted = all.Wasted, Completed = all.Completed,
            Peers = now.Peers, DhtNodes = now.DhtNodes, FreeBytes = now.FreeBytes, DownloadLimit = now.DownloadLimit, UploadLimit = now.UploadLimit,
            Torrents = [.. Library.Table.Page(new TorrentQuery { Limit = int.MaxValue }).Rows.Select(static row => new TorrentMetrics
            {
                Id = row.Id, Name = row.Name, State = ApiName.Of(row.State), Downloaded = row.Downloaded, Uploaded = row.Uploaded, DownloadRate = row.DownloadRate,
                UploadRate = row.UploadRate, Progress = row.Progress, Peers = row.Peers, Seeds = row.Seeds,
            })],
        };
    }

    private SessionOptions SessionOptionsOf(DaemonState state)
    {
        SavedNetwork network = state.Settings.Network;
        IEnumerable<IPAddress> addresses = network.ListenAddresses.Select(static text => IPAddress.TryParse(text, out IPAddress? address) ? address : null).OfType<IPAddress>();
        return new SessionOptions
        {
            Listen = options.Session.Listen ?? [.. addresses.DefaultIfEmpty(IPAddress.IPv6Any).Select(address => new IPEndPoint(address, network.ListenPort))],
            StateFolder = state.ResumeFolder,
            DirectWrites = options.Session.DirectWrites,
            MaxConnections = network.MaxConnections,
            UploadSlots = network.UploadSlots,
            Dht = options.Session.Dht ?? network.Dht,
            DhtNodes = options.Session.DhtNodes,
            PeerExchange = network.PeerExchange,
            LocalDiscovery = options.Session.LocalDiscovery ?? network.LocalDiscovery,
        };
    }

    private T Owned<T>(T part)
    {
        running.Push(part switch
        {
            IAsyncDisposable own => own,
            IDisposable own => new Ended(own),
            _ => throw new ArgumentException("It needs no end.", nameof(part)),
        });
        return part;
    }

    private sealed class Ended(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class RunningApp(WebApplication app) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}

/// <summary>What the daemon says of itself.</summary>
internal static partial class DaemonLogMessages
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    public static partial void State(ILogger log, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem}")]
    public static partial void Watch(ILogger log, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "An error in the torrent session.")]
    public static partial void Fault(ILogger log, Exception e);
}
