using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Spate.Cli.Commands;
using Spate.Cli.Terminal;
using Spate.Engine;
using Spate.Engine.Session;
using Spate.Network;

namespace Spate.Cli.Transfers;

/// <summary>The options of commands that talk to peers, and the session that they ask for.</summary>
internal sealed class SessionArguments
{
    private const int FirstPort = 6881, LastPort = 6889; // those that BitTorrent clients have always used

    private readonly Option<string[]> peers = new("--peer")
    {
        Description = "A peer to connect to; may be repeated", HelpName = "HOST:PORT", Validators = { CreateCommand.CheckNodes },
    };

    private readonly Option<string[]> listen = new("--listen")
    {
        Description = "An address of this machine to use, for incoming and outgoing connections alike; may be repeated (default: all)",
        HelpName = "ADDRESS", Validators = { CheckAddresses },
    };

    private readonly Option<int> port = new("--port", "-p")
    {
        Description = $"The port to listen on; 0: any that is free (default: {FirstPort} to {LastPort}, else any)", HelpName = "PORT",
        Validators = { result => CheckNumber(result, 0, 65535) },
    };

    private readonly Option<string> down = Rate("--down", "Download limit of all torrents together in bytes a second, such as 500K or 10M");

    private readonly Option<string> up = Rate("--up", "Upload limit of all torrents together in bytes a second");

    private readonly Option<int> maxPeers = new("--max-peers")
    {
        Description = "Connected peers of a torrent at most (default: 200)", HelpName = "N", Validators = { result => CheckNumber(result, 1, 10_000) },
    };

    private readonly Option<string> state = new("--state")
    {
        Description = "Where what is needed to go on later is kept (default: $XDG_STATE_HOME/spate/resume, else ~/.local/state/spate/resume)", HelpName = "DIR",
    };

    private readonly Option<string> memory = new("--memory")
    {
        Description = "Memory for received data on its way to disk (default: 64M)", HelpName = "SIZE",
        Validators =
        {
            static result =>
            {
                foreach (Token token in result.Tokens)
                {
                    if (!ByteSize.TryParse(token.Value, out long bytes) || bytes < 1 << 20) result.AddError($"--memory takes a size of at least 1M, not '{token.Value}'.");
                }
            },
        },
    };

    private readonly Option<bool> noDirectWrites = new("--no-direct-writes") { Description = "Write through the system's page cache, also where writing past it is quicker" };

    private readonly Option<bool> noExchange = new("--no-pex") { Description = "Do not exchange peers with peers" };

    private readonly Option<bool> noLocal = new("--no-lsd") { Description = "Do not look for peers on the local network" };

    private readonly Option<bool> noDht = new("--no-dht") { Description = "Do not look for peers by the DHT" };

    private readonly Option<string[]> dhtNodes = new("--dht-node")
    {
        Description = "A DHT node to start from, in place of public ones; may be repeated", HelpName = "HOST:PORT", Validators = { CreateCommand.CheckNodes },
    };

    /// <summary>Makes the options part of a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { peers, listen, port, down, up, maxPeers, state, memory, noDirectWrites, noExchange, noLocal, noDht, dhtNodes }) command.Add(option);
    }

    public int MaxPeers(CommandContext context) => context.Has(maxPeers) ? context.Get(maxPeers) : new TorrentOptions { SaveTo = "" }.MaxPeers;

    /// <summary>The addresses of the peers that were named.</summary>
    /// <exception cref="CliException">A host name is not known.</exception>
    public async Task<IReadOnlyList<IPEndPoint>> ResolvePeersAsync(CommandContext context)
    {
        var network = new SocketNetwork();
        var found = new List<IPEndPoint>();
        foreach (string text in context.Get(peers) ?? [])
        {
            if (!TrackerArguments.TryParseNode(text, out (string Host, int Port) node)) continue; // refused by the option already
            try
            {
                found.AddRange((await network.ResolveAsync(node.Host, context.Cancel)).Select(address => new IPEndPoint(address, node.Port)));
            }
            catch (IOException e) { throw new CliException(ExitCode.Network, $"--peer {text}: {e.Message}", e); }
        }
        return found;
    }

    /// <summary>Starts a session as the options want it.</summary>
    /// <exception cref="CliException">It can't listen there.</exception>
    public async Task<TorrentSession> StartAsync(CommandContext context)
    {
        IPAddress[] addresses = [.. (context.Get(listen) ?? []).Select(IPAddress.Parse)];
        // Not every machine has IPv6, and another client may have the usual port.
        IPAddress[][] choices = addresses.Length > 0 ? [addresses] : [[IPAddress.IPv6Any], [IPAddress.Any]];
        int[] ports = context.Has(port) ? [context.Get(port)] : [.. Enumerable.Range(FirstPort, LastPort - FirstPort + 1), 0];
        (string Host, int Port)[] nodes = [.. (context.Get(dhtNodes) ?? []).Select(text => TrackerArguments.TryParseNode(text, out (string, int) node) ? node : default)];
        // On the loopback there is the DHT of those who name each other; without a name this one waits to be named.
        bool takesPublicNodes = nodes.Length == 0 && (addresses.Length == 0 || !addresses.All(IPAddress.IsLoopback));
        IOException? failure = null;
        foreach (int tried in ports)
        {
            foreach (IPAddress[] choice in choices)
            {
                var options = new SessionOptions
                {
                    Listen = [.. choice.Select(address => new IPEndPoint(address, tried))],
                    StateFolder = StateFolder(context),
                    DownloadLimit = ReadSize(context, down),
                    UploadLimit = ReadSize(context, up),
                    WriteMemory = ReadSize(context, memory) is > 0 and var bytes ? bytes : new SessionOptions().WriteMemory,
                    DirectWrites = !context.Get(noDirectWrites),
                    PeerExchange = !context.Get(noExchange),
                    LocalDiscovery = !context.Get(noLocal),
                    Dht = !context.Get(noDht),
                    DhtNodes = takesPublicNodes ? null : [.. nodes.Select(static node => new DnsEndPoint(node.Host, node.Port))],
                };
                try
                {
                    return await SpateSession.StartAsync(options, fault => context.Warn($"this is a bug in spate: {fault}"));
                }
                catch (IOException e) { failure ??= e; }
            }
        }
        throw new CliException(ExitCode.Network, failure!.Message, failure);
    }

    private string StateFolder(CommandContext context)
    {
        if (context.Get(state) is { Length: > 0 } given) return context.Environment.Resolve(given);
        return Path.Combine(context.Environment.StateHome, "resume");
    }

    /// <summary>An option for a rate in bytes a second.</summary>
    public static Option<string> Rate(string name, string description) => new(name)
    {
        Description = description, HelpName = "RATE",
        Validators =
        {
            result =>
            {
                foreach (Token token in result.Tokens)
                {
                    if (!ByteSize.TryParse(token.Value, out long bytes) || bytes is > 0 and < 1024)
                        result.AddError($"{name} takes bytes a second such as 500K or 10M (at least 1K; 0 is no limit), not '{token.Value}'.");
                }
            },
        },
    };

    /// <summary>An option for a time; a bare number is one of <paramref name="bare"/>.</summary>
    public static Option<string> Time(string name, string description, TimeSpan bare) => new(name)
    {
        Description = description, HelpName = "TIME",
        Validators =
        {
            result =>
            {
                foreach (Token token in result.Tokens)
                {
                    if (!Duration.TryParse(token.Value, bare, out _)) result.AddError($"{name} takes a time such as 90s, 30m or 2h, not '{token.Value}'.");
                }
            },
        },
    };

    /// <summary>The value of an option for a time.</summary>
    public static TimeSpan? ReadTime(CommandContext context, Option<string> option, TimeSpan bare) =>
        context.Get(option) is { } text && Duration.TryParse(text, bare, out TimeSpan time) ? time : null;

    private static long ReadSize(CommandContext context, Option<string> option) =>
        context.Get(option) is { } text && ByteSize.TryParse(text, out long bytes) ? bytes : 0;

    private static void CheckNumber(OptionResult result, int least, int most)
    {
        foreach (Token token in result.Tokens)
        {
            bool isNumber = int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            if (!isNumber || number < least || number > most) result.AddError($"{result.Option.Name} takes a number from {least} to {most}.");
        }
    }

    private static void CheckAddresses(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (!IPAddress.TryParse(token.Value, out _)) result.AddError($"--listen takes an IP address of this machine, not '{token.Value}'.");
        }
    }
}
