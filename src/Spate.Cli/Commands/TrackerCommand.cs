using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Tracker;

namespace Spate.Cli.Commands;

/// <summary><c>spate tracker</c>: runs a tracker until Ctrl-C.</summary>
internal static partial class TrackerCommand
{
    private const string AdminKeyVariable = "SPATE_TRACKER_ADMIN_KEY";

    private static readonly Option<string[]> listen = new("--listen")
    {
        Description = "An address to listen on; may be repeated (default: all, IPv4 and IPv6)", HelpName = "ADDRESS", Validators = { CheckAddresses },
    };

    private static readonly Option<int> port = Port("--port", $"The port of HTTP and UDP (default: {TrackerOptions.DefaultPort}; 0: any that is free)");
    private static readonly Option<int> httpPort = Port("--http-port", "The port of HTTP, where it is another one");
    private static readonly Option<int> udpPort = Port("--udp-port", "The port of UDP, where it is another one");
    private static readonly Option<bool> noHttp = new("--no-http") { Description = "Serve no HTTP and no WebSocket" };
    private static readonly Option<bool> noUdp = new("--no-udp") { Description = "Serve no UDP" };
    private static readonly Option<bool> noWebSocket = new("--no-websocket") { Description = "Serve no WebTorrent clients" };
    private static readonly Option<int> tlsPort = Port("--tls-port", "The port of HTTPS and WebSocket over TLS; needs --certificate");
    private static readonly Option<string> certificate = File("--certificate", "The certificate and its chain, as PEM; read again when it changes");
    private static readonly Option<string> certificateKey = File("--certificate-key", "The certificate's key, where it is in another file");
    private static readonly Option<string> allowList = File("--allow-list", "Serve only the torrents whose hashes are in this file, one a line; read again when it changes");
    private static readonly Option<string> denyList = File("--deny-list", "Do not serve the torrents whose hashes are in this file");
    private static readonly Option<bool> onlyAllowed = new("--only-allowed") { Description = "Serve only torrents of --allow-list or that the admin API has allowed" };
    private static readonly Option<bool> isPrivate = new("--private") { Description = "Ask announces for a user's passkey and add up users' traffic; needs --admin to make users" };

    private static readonly Option<string> state = new("--state")
    {
        Description = "Folder in which users and the admin API's lists are kept (default: in memory only)", HelpName = "DIR",
    };

    private static readonly Option<string> admin = new("--admin")
    {
        Description = $"Serve the admin API there; the key comes from {AdminKeyVariable} or --admin-key-file", HelpName = "ADDRESS:PORT", Validators = { CheckEndPoint },
    };

    private static readonly Option<string> adminKeyFile = File("--admin-key-file", "The file that holds the admin API's key");

    private static readonly Option<string> memory = new("--memory")
    {
        Description = "Memory for torrents and peers; new torrents are refused when it is used up (default: 4G)", HelpName = "SIZE", Validators = { CheckSize },
    };

    private static readonly Option<int> interval = Number("--interval", "Minutes that clients are told to wait between announces (default: 30)", 1, 180);
    private static readonly Option<int> maxPeers = Number("--max-peers", "Peers in an answer at most (default: 100)", 1, 200);
    private static readonly Option<int> rateLimit = Number("--rate-limit", "Announces a minute from one address at most (default: no limit)", 1, int.MaxValue);
    private static readonly Option<int> maxConnections = Number("--max-connections", "Open HTTP connections at most (default: 50000)", 16, 10_000_000);
    private static readonly Option<int> threads = Number("--threads", "Threads for each protocol (default: one for each core)", 1, 256);

    private static readonly Option<string[]> trustedProxies = new("--trusted-proxy")
    {
        Description = "A proxy, as address or network, whose X-Forwarded-For is believed; may be repeated", HelpName = "NETWORK", Validators = { result => CheckNetworks(result, "--trusted-proxy") },
    };

    private static readonly Option<string[]> statusFor = new("--status-for")
    {
        Description = "Show the status page and /metrics to this address or network only; may be repeated (default: to everybody)", HelpName = "NETWORK",
        Validators = { result => CheckNetworks(result, "--status-for") },
    };

    private static readonly Option<string> trackerId = new("--tracker-id") { Description = "What HTTP clients are told as tracker id, to be sent back", HelpName = "TEXT" };

    private static readonly Option<bool> proxyProtocol = new("--proxy-protocol") { Description = "Connections from trusted proxies begin with a PROXY header, version 2" };

    private static readonly Option<string> secretFile = File(
        "--secret-file", "A secret of at least 16 bytes; trackers that share it accept each other's UDP connection ids");

    public static Command Build(CliEnvironment environment)
    {
        var command = new Command("tracker", "Run a tracker: HTTP, UDP and WebTorrent announces for one swarm, in memory")
        {
            listen, port, httpPort, udpPort, noHttp, noUdp, noWebSocket, tlsPort, certificate, certificateKey, allowList, denyList, onlyAllowed,
            isPrivate, state, admin, adminKeyFile, memory, interval, maxPeers, rateLimit, maxConnections, threads, trustedProxies, proxyProtocol,
            secretFile, statusFor, trackerId,
        };
        return command.Does(environment, async context =>
        {
            await using TrackerServer server = await StartAsync(context);
            using PosixSignalRegistration? onHangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
            {
                signal.Cancel = true;
                server.Reload();
            });
            Announce(context, server);
            try
            {
                await Task.Delay(Timeout.Infinite, context.Cancel);
            }
            catch (OperationCanceledException)
            {
                context.Note($"stopping");
            }
            return ExitCode.Ok;
        });
    }

    private static async Task<TrackerServer> StartAsync(CommandContext context)
    {
        TrackerOptions options = ReadOptions(context);
        try
        {
            return await TrackerServer.StartAsync(options, context.Cancel);
        }
        catch (ArgumentException e)
        {
            throw new CliException(ExitCode.Usage, e.Message, e);
        }
        catch (IOException e) when (e.InnerException is SocketException)
        {
            throw new CliException(ExitCode.Network, $"The tracker can't start: {e.Message}", e);
        }
    }

    private static TrackerOptions ReadOptions(CommandContext context)
    {
        int shared = context.Has(port) ? context.Get(port) : TrackerOptions.DefaultPort;
        TimeSpan wait = TimeSpan.FromMinutes(context.Has(interval) ? context.Get(interval) : 30);
        int peers = context.Has(maxPeers) ? context.Get(maxPeers) : 100;
        string? Resolve(Option<string> option) => context.Get(option) is { } path ? context.Environment.Resolve(path) : null;
        if (context.Get(noHttp) && context.Get(noUdp)) throw new CliException(ExitCode.Usage, "--no-http and --no-udp leave nothing to serve.");
        if (context.Get(isPrivate) && !context.Has(admin) && !context.Has(state))
            throw new CliException(ExitCode.Usage, "--private needs --admin to make users, or a --state folder that has some.");
        if (context.Has(tlsPort) && !context.Has(certificate)) throw new CliException(ExitCode.Usage, "--tls-port needs --certificate.");
        if (context.Get(proxyProtocol) && !context.Has(trustedProxies)) throw new CliException(ExitCode.Usage, "--proxy-protocol needs --trusted-proxy.");
        return new TrackerOptions
        {
            Listen = context.Has(listen) ? [.. context.Get(listen)!.Select(IPAddress.Parse)] : [IPAddress.Any, IPAddress.IPv6Any],
            HttpPort = context.Get(noHttp) ? null : context.Has(httpPort) ? context.Get(httpPort) : shared,
            UdpPort = context.Get(noUdp) ? null : context.Has(udpPort) ? context.Get(udpPort) : shared,
            TlsPort = context.Has(tlsPort) ? context.Get(tlsPort) : null,
            CertificateFile = Resolve(certificate),
            CertificateKeyFile = Resolve(certificateKey),
            WebSockets = !context.Get(noWebSocket),
            Threads = context.Get(threads),
            Interval = wait,
            IntervalJitter = wait / 6,
            MinInterval = wait / 2,
            PeerLifetime = wait * 1.25 + TimeSpan.FromMinutes(1),
            MaxNumWant = peers,
            DefaultNumWant = Math.Min(50, peers),
            MemoryCapBytes = context.Get(memory) is { } size && ByteSize.TryParse(size, out long bytes) ? bytes : 4L << 30,
            MaxConnections = context.Has(maxConnections) ? context.Get(maxConnections) : 50_000,
            AnnouncesPerMinute = context.Get(rateLimit),
            AllowListFile = Resolve(allowList),
            DenyListFile = Resolve(denyList),
            OnlyAllowedTorrents = context.Get(onlyAllowed),
            IsPrivate = context.Get(isPrivate),
            StateFolder = Resolve(state),
            AdminEndPoint = context.Get(admin) is { } where ? IPEndPoint.Parse(where) : null,
            AdminKey = context.Has(admin) ? ReadAdminKey(context) : null,
            TrustedProxies = [.. (context.Get(trustedProxies) ?? []).Select(ParseNetwork)],
            ProxyProtocol = context.Get(proxyProtocol),
            StatusReaders = [.. (context.Get(statusFor) ?? []).Select(ParseNetwork)],
            TrackerId = context.Get(trackerId),
            ConnectionSecret = ReadSecret(context),
            Log = line => context.Note($"{line}"),
            Time = context.Environment.Time,
        };
    }

    private static ReadOnlyMemory<byte>? ReadSecret(CommandContext context)
    {
        if (context.Get(secretFile) is not { } file) return null;
        return context.Environment.ReadFile(file, 4096);
    }

    private static string ReadAdminKey(CommandContext context)
    {
        string? key = context.Get(adminKeyFile) is { } file
            ? Encoding.UTF8.GetString(context.Environment.ReadFile(file, 4096)).Trim()
            : context.Environment.Variable(AdminKeyVariable);
        if (key is null || key.Length < 16)
            throw new CliException(ExitCode.Usage, $"--admin needs a key of at least 16 characters in {AdminKeyVariable} or --admin-key-file.");
        return key;
    }

    private static void Announce(CommandContext context, TrackerServer server)
    {
        bool hasWebSocket = !context.Get(noWebSocket);
        string[] urls =
        [
            .. Urls("udp", server.UdpEndPoints), .. Urls("http", server.HttpEndPoints), .. Urls("https", server.TlsEndPoints),
            .. hasWebSocket ? Urls("ws", server.HttpEndPoints) : [], .. hasWebSocket ? Urls("wss", server.TlsEndPoints) : [],
        ];
        string? statusPage = server.HttpEndPoints.Concat(server.TlsEndPoints).FirstOrDefault() is { } page
            ? $"{(server.HttpEndPoints.Count > 0 ? "http" : "https")}://{new IPEndPoint(Addresses(page.Address).First(), page.Port)}/stats" : null;
        string? adminUrl = server.AdminEndPoint is { } admin ? $"http://{admin}/api/openapi.json" : null;
        if (context.IsJson) context.Print(new TrackerJson("spate.tracker/1", urls, statusPage, adminUrl), TrackerJsonContext.Default.TrackerJson);
        else
        {
            foreach (string url in urls) context.Out.Line($"{url}");
        }
        context.Flush();
        if (statusPage is not null) context.Note($"what it is doing: {statusPage}");
        if (adminUrl is not null) context.Note($"admin API: {adminUrl}");
        context.Note($"Ctrl-C stops it");
    }

    private static IEnumerable<string> Urls(string scheme, IEnumerable<IPEndPoint> endPoints) =>
        from endPoint in endPoints
        from address in Addresses(endPoint.Address)
        select $"{scheme}://{new IPEndPoint(address, endPoint.Port)}/announce";

    // Where the tracker listens on all addresses: loopback, and those by which others on the network reach this machine.
    private static IEnumerable<IPAddress> Addresses(IPAddress bound)
    {
        bool isAny = bound.Equals(IPAddress.Any), isAnyV6 = bound.Equals(IPAddress.IPv6Any);
        if (!isAny && !isAnyV6) return [bound];
        IEnumerable<IPAddress> own = NetworkInterface.GetAllNetworkInterfaces()
            .Where(nic => nic.OperationalStatus == OperationalStatus.Up && nic.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => address.AddressFamily == bound.AddressFamily && !address.IsIPv6LinkLocal);
        return [isAny ? IPAddress.Loopback : IPAddress.IPv6Loopback, .. own];
    }

    private static Option<int> Port(string name, string description) =>
        new(name) { Description = description, HelpName = "PORT", Validators = { result => CheckNumber(result, name, 0, 65535) } };

    private static Option<int> Number(string name, string description, int least, int most) =>
        new(name) { Description = description, HelpName = "N", Validators = { result => CheckNumber(result, name, least, most) } };

    private static Option<string> File(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    private static IPNetwork ParseNetwork(string text) =>
        IPNetwork.TryParse(text, out IPNetwork network) ? network
        : IPAddress.TryParse(text, out IPAddress? address) ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
        : default;

    private static void CheckNumber(OptionResult result, string name, int least, int most)
    {
        foreach (Token token in result.Tokens)
        {
            bool isNumber = int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            if (!isNumber || number < least || number > most) result.AddError($"{name} takes a number from {least} to {most}.");
        }
    }

    private static void CheckAddresses(OptionResult result) =>
        Check(result, text => IPAddress.TryParse(text, out _), "--listen takes an IP address of this machine");

    private static void CheckNetworks(OptionResult result, string name) =>
        Check(result, text => ParseNetwork(text) != default, $"{name} takes an IP address or a network such as 10.0.0.0/8");

    private static void CheckEndPoint(OptionResult result) =>
        Check(result, text => IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port != 0, "--admin takes an IP address and a port, such as 127.0.0.1:6970");

    private static void CheckSize(OptionResult result) =>
        Check(result, text => ByteSize.TryParse(text, out long bytes) && bytes >= 1 << 20, "--memory takes a size of at least 1M, such as 512M or 4G");

    private static void Check(OptionResult result, Func<string, bool> isValid, string rule)
    {
        foreach (Token token in result.Tokens)
        {
            if (!isValid(token.Value)) result.AddError($"{rule}, not '{token.Value}'.");
        }
    }

    internal sealed record TrackerJson(string Schema, IReadOnlyList<string> AnnounceUrls, string? StatusPage, string? AdminApi);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(TrackerJson))]
    internal sealed partial class TrackerJsonContext : JsonSerializerContext;
}
