using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Spate.Cli.Terminal;
using Spate.Engine;

namespace Spate.Cli.Transfers;

/// <summary>The options that get and seed share, and the session that they ask for.</summary>
internal static class TransferOptions
{
    private const int FirstPort = 6881, LastPort = 6889; // those that BitTorrent clients have always used

    public static readonly Option<string[]> Peer = new("--peer")
    {
        Description = "A peer to connect to; may be repeated", HelpName = "HOST:PORT", Validators = { result => Check(result, IsHostAndPort, "--peer takes a host and a port, such as 192.0.2.1:6881") },
    };

    public static readonly Option<string[]> Listen = new("--listen")
    {
        Description = "An address to listen on, and to speak from; may be repeated (default: all)", HelpName = "ADDRESS",
        Validators = { result => Check(result, text => IPAddress.TryParse(text, out _), "--listen takes an IP address of this machine") },
    };

    public static readonly Option<int> Port = new("--port", "-p")
    {
        Description = $"The port to listen on; 0: any that is free (default: {FirstPort} to {LastPort}, else any)", HelpName = "PORT",
        Validators = { CheckPort },
    };

    public static readonly Option<string> Down = Rate("--down", "Download limit, in bytes a second, such as 500K or 10M");

    public static readonly Option<string> Up = Rate("--up", "Upload limit, in bytes a second");

    public static readonly Option<int> MaxPeers = Number("--max-peers", "Connected peers at most, of each torrent (default: 200)", 1, 5000);

    public static readonly Option<double> SeedRatio = new("--seed-ratio")
    {
        Description = "Go on seeding until so many times the size was sent", HelpName = "RATIO",
        Validators = { result => Check(result, IsPositive, "--seed-ratio takes a number, such as 1.5") },
    };

    public static readonly Option<double> SeedTime = new("--seed-time")
    {
        Description = "Go on seeding for so many minutes", HelpName = "MINUTES",
        Validators = { result => Check(result, IsPositive, "--seed-time takes a number of minutes") },
    };

    public static readonly Option<string> State = new("--state")
    {
        Description = "Folder for what is kept across runs (default: $XDG_STATE_HOME/spate, else ~/.local/state/spate)", HelpName = "DIR",
    };

    public static readonly Option<string> Memory = Rate("--memory", "Memory for received data on its way to disk (default: 64M)");

    public static readonly Option<bool> NoPex = new("--no-pex") { Description = "Do not exchange peers with peers" };

    public static readonly Option<bool> NoLsd = new("--no-lsd") { Description = "Do not look for peers on the local network" };

    public static readonly Option<bool> NoDht = new("--no-dht") { Description = "Do not look for peers by the DHT" };

    public static readonly Option<string[]> DhtNode = new("--dht-node")
    {
        Description = "A DHT node to start from, in place of public ones; may be repeated", HelpName = "HOST:PORT",
        Validators = { result => Check(result, IsHostAndPort, "--dht-node takes a host and a port, such as dht.example.org:6881") },
    };

    public static readonly Option<bool> JsonLines = new("--jsonl") { Description = "Print what happens as JSON, one object a line" };

    /// <summary>All of them, to add to a command.</summary>
    public static IEnumerable<Option> All => [Peer, Listen, Port, Down, Up, MaxPeers, SeedRatio, SeedTime, State, Memory, NoPex, NoLsd, NoDht, DhtNode, JsonLines];

    /// <summary>Starts the session that the options ask for.</summary>
    /// <exception cref="CliException">A listen address can't be had.</exception>
    public static async Task<Engine.Session.TorrentSession> StartSessionAsync(CommandContext context)
    {
        SessionOptions options = Read(context);
        int[] ports = context.Has(Port) ? [context.Get(Port)] : [.. Enumerable.Range(FirstPort, LastPort - FirstPort + 1), 0];
        for (int i = 0; ; i++)
        {
            try
            {
                return await SpateSession.StartAsync(options with { Listen = [.. options.Listen.Select(address => new IPEndPoint(address.Address, ports[i]))] });
            }
            catch (IOException e)
            {
                if (i + 1 == ports.Length) throw new CliException(ExitCode.Network, e.Message, e);
            }
        }
    }

    /// <summary>The peers of --peer, with names resolved.</summary>
    /// <exception cref="CliException">A name is not known.</exception>
    public static async Task<IReadOnlyList<IPEndPoint>> PeersAsync(CommandContext context)
    {
        var peers = new List<IPEndPoint>();
        var network = new Network.SocketNetwork();
        foreach (string text in context.Get(Peer) ?? [])
        {
            (string host, int port) = Split(text);
            try
            {
                peers.AddRange((await network.ResolveAsync(host, context.Cancel)).Select(address => new IPEndPoint(address, port)));
            }
            catch (IOException e) { throw new CliException(ExitCode.Network, e.Message, e); }
        }
        return peers;
    }

    /// <summary>The nodes of --dht-node.</summary>
    public static IReadOnlyList<DnsEndPoint> ReadNodes(CommandContext context) =>
        [.. (context.Get(DhtNode) ?? []).Select(Split).Select(static node => new DnsEndPoint(node.Host, node.Port))];

    /// <summary>Refuses what is no port.</summary>
    public static void CheckPort(OptionResult result) =>
        Check(result, static text => int.TryParse(text, out int port) && port is >= 0 and <= 65535, $"{result.Option.Name} takes a number from 0 to 65535");

    /// <summary>Where resume data is kept.</summary>
    public static string StateFolder(CommandContext context)
    {
        if (context.Get(State) is { } given) return context.Environment.Resolve(given);
        string? home = context.Environment.Variable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(home)) home = Path.Combine(context.Environment.Variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return Path.Combine(context.Environment.Resolve(home), "spate", "resume");
    }

    public static long Bytes(CommandContext context, Option<string> option) =>
        context.Get(option) is { } text && ByteSize.TryParse(text, out long bytes) ? bytes : 0;

    private static SessionOptions Read(CommandContext context)
    {
        string[] addresses = context.Get(Listen) ?? [];
        long memory = Bytes(context, Memory);
        return new SessionOptions
        {
            Listen = addresses.Length > 0
                ? [.. addresses.Select(address => new IPEndPoint(IPAddress.Parse(address), 0))]
                : [new IPEndPoint(System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0)],
            StateFolder = StateFolder(context),
            UploadLimit = Bytes(context, Up),
            DownloadLimit = Bytes(context, Down),
            WriteMemory = memory > 0 ? memory : 64 << 20,
            PeerExchange = !context.Get(NoPex),
            LocalDiscovery = !context.Get(NoLsd),
            Dht = !context.Get(NoDht),
            DhtNodes = ReadNodes(context) is { Count: > 0 } nodes ? nodes : null,
        };
    }

    private static Option<string> Rate(string name, string description) => new(name)
    {
        Description = description, HelpName = "SIZE", Validators = { result => Check(result, text => ByteSize.TryParse(text, out long bytes) && bytes >= 1024, $"{name} takes a size of at least 1K, such as 500K or 10M") },
    };

    private static Option<int> Number(string name, string description, int least, int most) => new(name)
    {
        Description = description, HelpName = "N",
        Validators = { result => Check(result, text => int.TryParse(text, out int number) && number >= least && number <= most, $"{name} takes a number from {least} to {most}") },
    };

    private static (string Host, int Port) Split(string text)
    {
        int colon = text.LastIndexOf(':');
        return (text[..colon].Trim('[', ']'), int.Parse(text[(colon + 1)..], CultureInfo.InvariantCulture));
    }

    private static bool IsHostAndPort(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65535;
    }

    private static bool IsPositive(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= 0;

    private static void Check(OptionResult result, Func<string, bool> isValid, string rule)
    {
        foreach (Token token in result.Tokens)
        {
            if (!isValid(token.Value)) result.AddError($"{rule}, not '{token.Value}'.");
        }
    }
}
