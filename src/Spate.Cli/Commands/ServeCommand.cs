using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Spate.Cli.Remote;
using Spate.Daemon;
using Spate.Daemon.Operations;

namespace Spate.Cli.Commands;

/// <summary><c>spate serve</c>: runs the daemon until Ctrl-C.</summary>
internal static partial class ServeCommand
{
    private const int DefaultPort = 9091;

    private static readonly Option<string[]> listen = new("--listen")
    {
        Description = "An address to listen on; may be repeated (default: 127.0.0.1)", HelpName = "ADDRESS",
        Validators = { static result => Check(result, static text => IPAddress.TryParse(text, out _), "an IP address of this machine") },
    };

    private static readonly Option<int> port = new("--port", "-p")
    {
        Description = $"The port of the web interface and the API; 0: any that is free (default: {DefaultPort})", HelpName = "PORT",
        Validators = { static result => Check(result, static text => int.TryParse(text, out int number) && number is >= 0 and <= 65535, "a number from 0 to 65535") },
    };

    private static readonly Option<string> state = new("--state")
    {
        Description = "Where everything is kept that survives a restart (default: $XDG_STATE_HOME/spate/daemon, else ~/.local/state/spate/daemon)", HelpName = "DIR",
    };

    private static readonly Option<string> downloads = new("--downloads", "-d") { Description = "The default download folder (default: ~/Downloads)", HelpName = "DIR" };

    private static readonly Option<string[]> roots = new("--root")
    {
        Description = "One more folder below which browsers and programs may read, write and list; may be repeated", HelpName = "DIR",
    };

    private static readonly Option<string[]> allowedHosts = new("--allowed-host")
    {
        Description = "A name under which browsers may call it, beside addresses and localhost; may be repeated", HelpName = "NAME",
    };

    private static readonly Option<string[]> trustedProxies = new("--trusted-proxy")
    {
        Description = "A proxy whose X-Forwarded-* headers are believed; may be repeated", HelpName = "ADDRESS",
        Validators = { static result => Check(result, static text => IPAddress.TryParse(text, out _), "an IP address") },
    };

    private static readonly Option<string> basePath = new("--base-path")
    {
        Description = "The path below which everything is served, such as /spate", HelpName = "PATH",
        Validators = { static result => Check(result, static text => text.StartsWith('/'), "a path such as /spate") },
    };

    private static readonly Option<bool> allowPrivateUrls = new("--allow-private-urls")
    {
        Description = "Torrents may be fetched by URL from the local network and this machine",
    };

    private static readonly Option<string[]> peerListen = new("--peer-listen")
    {
        Description = "Where to listen for peers, in place of what the settings say; may be repeated", HelpName = "ADDRESS:PORT",
        Validators = { static result => Check(result, static text => IPEndPoint.TryParse(text, out _), "an IP address and a port, such as 0.0.0.0:6881") },
    };

    private static readonly Option<bool> noDht = new("--no-dht") { Description = "Do not use the DHT, whatever the settings say" };
    private static readonly Option<bool> noLsd = new("--no-lsd") { Description = "Do not look for peers on the local network, whatever the settings say" };
    private static readonly Option<bool> noDirectWrites = new("--no-direct-writes") { Description = "Write through the system's page cache, also where writing past it is quicker" };
    private static readonly Option<string> web = new("--web") { Description = "The folder of the built web interface (default: the one that came with this program)", HelpName = "DIR" };
    private static readonly Option<string> logFile = new("--log-file") { Description = "Write the log to a file too, which rolls at 10 MB; five are kept", HelpName = "FILE" };
    private static readonly Option<bool> logJson = new("--log-json") { Description = "The log as lines of JSON" };
    private static readonly Option<bool> setPassword = new("--set-password") { Description = "Ask for a password, set it, and end; the daemon must not run" };

    public static Command Build(CliEnvironment environment)
    {
        var command = new Command("serve", "Run the daemon: torrents that go on, with a web interface and an API")
        {
            listen, port, state, downloads, roots, allowedHosts, trustedProxies, basePath, allowPrivateUrls, peerListen, noDht, noLsd, noDirectWrites, web, logFile, logJson, setPassword,
        };
        return command.Does(environment, async context =>
        {
            string folder = context.Get(state) is { } given ? environment.Resolve(given) : LocalDaemon.DefaultFolder(environment);
            return context.Get(setPassword) ? await SetPasswordAsync(context, folder) : await ServeAsync(context, folder);
        });
    }

    private static async Task<ExitCode> ServeAsync(CommandContext context, string folder)
    {
        CliEnvironment environment = context.Environment;
        using ILoggerFactory logs = DaemonRun.CreateLogs(
            context.IsQuiet ? LogLevel.Warning : LogLevel.Information, context.Get(logJson), context.Get(logFile) is { } file ? environment.Resolve(file) : null, environment.Error);
        DaemonOptions options = Read(context, folder, logs);
        LocalDaemon? local = null;
        try
        {
            bool isOrderly = await DaemonRun.RunAsync(options, StartedAsync, context.Cancel);
            if (!isOrderly) context.Warn($"it did not stop in {DaemonRun.StopDeadline.TotalSeconds} seconds and was ended; nothing is lost");
            return ExitCode.Ok;
        }
        catch (IOException e) when (local is null)
        {
            bool isNetwork = IsOfNetwork(e);
            string hint = isNetwork ? " --port names another port." : "";
            throw new CliException(isNetwork ? ExitCode.Network : ExitCode.Disk, $"The daemon can't start: {e.Message.TrimEnd('.')}.{hint}", e);
        }
        finally { local?.Remove(folder); }

        async Task StartedAsync(DaemonHost daemon)
        {
            Uri address = Reachable(daemon.Addresses[0]);
            var made = new LocalDaemon(address, await daemon.CreateLocalKeyAsync(), Environment.ProcessId);
            made.Write(folder);
            local = made;
            context.Cancel.Register(() => context.Note($"stopping; Ctrl-C again quits at once"));
            Say(context, daemon, options, address);
        }
    }

    private static DaemonOptions Read(CommandContext context, string folder, ILoggerFactory logs)
    {
        CliEnvironment environment = context.Environment;
        int number = context.Has(port) ? context.Get(port) : DefaultPort;
        string[] addresses = context.Get(listen) ?? [];
        string home = environment.Variable("HOME") is { Length: > 0 } given ? given : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] peers = context.Get(peerListen) ?? [];
        return new DaemonOptions
        {
            Listen = [.. (addresses.Length > 0 ? addresses.Select(IPAddress.Parse) : [IPAddress.Loopback]).Select(address => new IPEndPoint(address, number))],
            StateFolder = folder,
            DownloadFolder = context.Get(downloads) is { } named ? environment.Resolve(named) : Path.Combine(home, "Downloads"),
            Roots = [.. (context.Get(roots) ?? []).Select(environment.Resolve)],
            WebFolder = context.Get(web) is { } page ? WebFolder(environment, page) : FindWebFolder(),
            BasePath = context.Get(basePath)?.TrimEnd('/') ?? "",
            TrustedProxies = [.. (context.Get(trustedProxies) ?? []).Select(IPAddress.Parse)],
            AllowedHosts = context.Get(allowedHosts) ?? [],
            AllowPrivateUrls = context.Get(allowPrivateUrls),
            Logs = logs,
            Session = new SessionOverrides
            {
                Listen = peers.Length > 0 ? [.. peers.Select(IPEndPoint.Parse)] : null, Dht = context.Get(noDht) ? false : null, LocalDiscovery = context.Get(noLsd) ? false : null,
                DirectWrites = !context.Get(noDirectWrites),
            },
        };
    }

    private static void Say(CommandContext context, DaemonHost daemon, DaemonOptions options, Uri address)
    {
        var link = new UriBuilder(daemon.CreateLoginLink()) { Host = address.Host }.Uri;
        if (context.IsJson)
        {
            context.Print(
                new ServeJson("spate.serve/1", [.. daemon.Addresses.Select(static uri => uri.ToString())], link.ToString(), options.StateFolder, options.DownloadFolder),
                ServeJsonContext.Default.ServeJson);
        }
        else
        {
            context.Out.Line($"Spate serves at {context.Out.Bold(address.ToString())}");
            context.Out.Line($"log in, once: {link.ToString()}");
        }
        context.Flush();
        context.Note($"downloads go to {options.DownloadFolder}");
        if (options.WebFolder is null) context.Warn($"there is no built web interface here, only the API ({address}api/docs)");
        if (!daemon.HasPassword) context.Note($"there is no password yet: set one in the web interface, or with 'spate serve --set-password'");
        context.Note($"'spate ls' and the like work on this machine without a login; Ctrl-C stops the daemon");
    }

    private static async Task<ExitCode> SetPasswordAsync(CommandContext context, string folder)
    {
        string password = context.Environment.ReadSecret("New password: ");
        if (context.Environment.IsInputTerminal && context.Environment.ReadSecret("Once more: ") != password)
            throw new CliException(ExitCode.Usage, "These were two different passwords; nothing was changed.");
        try
        {
            await DaemonHost.SetPasswordAsync(folder, password);
        }
        catch (ArgumentException e) { throw new CliException(ExitCode.Usage, e.Message, e); }
        context.Note($"the password is set");
        return ExitCode.Ok;
    }

    private static bool IsOfNetwork(Exception? e) => e is not null && (e is System.Net.Sockets.SocketException || IsOfNetwork(e.InnerException));

    // Whoever listens on all addresses is reached by the loopback here.
    private static Uri Reachable(Uri address)
    {
        if (!IPAddress.TryParse(address.DnsSafeHost, out IPAddress? host)) return address;
        bool isAny = host.Equals(IPAddress.Any), isAnyV6 = host.Equals(IPAddress.IPv6Any);
        return isAny || isAnyV6 ? new UriBuilder(address) { Host = isAny ? "127.0.0.1" : "[::1]" }.Uri : address;
    }

    private static string WebFolder(CliEnvironment environment, string given) =>
        File.Exists(Path.Combine(environment.Resolve(given), "index.html")) ? environment.Resolve(given) : throw new CliException(ExitCode.NotFound, $"There is no web interface in {given}.");

    // Beside the program where it is installed; in the source tree where it was built.
    private static string? FindWebFolder()
    {
        string beside = Path.Combine(AppContext.BaseDirectory, "web");
        if (File.Exists(Path.Combine(beside, "index.html"))) return beside;
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder);
        string? built = folder is null ? null : Path.Combine(folder, "web", "dist");
        return built is not null && File.Exists(Path.Combine(built, "index.html")) ? built : null;
    }

    private static void Check(OptionResult result, Func<string, bool> isValid, string rule)
    {
        foreach (Token token in result.Tokens)
        {
            if (!isValid(token.Value)) result.AddError($"{result.Option.Name} takes {rule}, not '{token.Value}'.");
        }
    }

    internal sealed record ServeJson(string Schema, IReadOnlyList<string> Addresses, string LoginLink, string StateFolder, string DownloadFolder);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(ServeJson))]
    internal sealed partial class ServeJsonContext : JsonSerializerContext;
}
