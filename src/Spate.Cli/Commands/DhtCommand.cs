using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Serialization;
using Spate.Engine.Dht;
using Spate.Engine.Ports;
using Spate.Network;
using Spate.Protocol;

namespace Spate.Cli.Commands;

/// <summary><c>spate dht</c>: looks things up in the DHT by hand. Items are in <see cref="DhtItemCommands"/>.</summary>
internal static partial class DhtCommand
{
    private const int CopiesOfAnnounce = 8;
    private static readonly TimeSpan newcomerPause = TimeSpan.FromSeconds(3);

    public static Command Build(CliEnvironment environment) => new("dht", "Look things up in the DHT by hand")
    {
        GetPeers(environment), Ping(environment), Sample(environment), DhtItemCommands.Get(environment), DhtItemCommands.Put(environment),
    };

    private static Command GetPeers(CliEnvironment environment)
    {
        var torrent = new Argument<string>("torrent") { Description = "An info-hash or a magnet link" };
        var scrape = new Option<bool>("--scrape") { Description = "Also estimate how many seeds and others there are (BEP 33)" };
        var announce = new Option<int?>("--announce") { Description = "Also say that this machine takes connections on the port", HelpName = "PORT" };
        announce.Validators.Add(DhtAccess.CheckPort);
        var command = new Command("get-peers", "Find the peers of a torrent") { torrent, scrape, announce };
        return DhtAccess.Options(command).Does(environment, async context =>
        {
            string text = context.Get(torrent)!;
            if (!MagnetLink.TryParse(text, out MagnetLink? link, out string? error)) throw new CliException(ExitCode.Usage, $"{text}: {error}");
            using DhtAccess access = await DhtAccess.JoinAsync(context);
            DhtPeers found = await LookAsync();
            // Where there are fewer nodes than an announce is kept by, those who have the torrent tell a newcomer of it; but first they get to know him.
            for (int again = 0; again < 2 && found is { Peers.Count: 0, Announced: 0 } && found.NodesAnswered < CopiesOfAnnounce; again++)
            {
                context.Note($"only {ShowCommand.Count(found.NodesAnswered, "node")} answered: waiting a moment for what they have themselves");
                await access.WithinTimeAsync(Task.Delay(newcomerPause, access.Cancel));
                found = await LookAsync();
            }
            string[] peers = [.. found.Peers.Select(static p => p.ToString()).Order(StringComparer.Ordinal)];
            access.NoteEffort(found);
            if (context.IsJson)
            {
                context.Print(new PeersJson("spate.dht-peers/1", link.InfoHash.Wire.ToString(), peers, found.NodesAsked, found.NodesAnswered)
                {
                    Announced = context.Get(announce) is null ? null : found.Announced,
                    Seeds = context.Get(scrape) ? Math.Round(found.Seeds, 1) : null,
                    Others = context.Get(scrape) ? Math.Round(found.Leechers, 1) : null,
                }, DhtJsonContext.Default.PeersJson);
            }
            else
            {
                foreach (string peer in peers) context.Out.Line($"{peer}");
                if (context.Get(scrape)) context.Note($"about {found.Seeds:0} seeds and {found.Leechers:0} others");
                if (context.Get(announce) is not null) context.Note($"{found.Announced} nodes took the announce");
            }
            if (peers.Length > 0 || found.Announced > 0) return ExitCode.Ok;
            context.Note($"no node knows a peer of this torrent");
            return ExitCode.NotFound;

            Task<DhtPeers> LookAsync() => access.WithinTimeAsync(
                access.Client.GetPeersAsync(link.InfoHash.Wire, context.Get(announce), isSeed: false, context.Get(scrape), access.Cancel));
        });
    }

    private static Command Ping(CliEnvironment environment)
    {
        var node = new Argument<string>("node") { Description = "A node, as host and port", HelpName = "HOST:PORT" };
        var command = new Command("ping", "Ask a node whether it is there") { node };
        return DhtAccess.Options(command).Does(environment, async context =>
        {
            string text = context.Get(node)!;
            if (!TrackerArguments.TryParseNode(text, out (string Host, int Port) at))
                throw new CliException(ExitCode.Usage, $"'{text}' is no host and port, such as 192.0.2.1:6881 or [2001:db8::1]:6881.");
            IPAddress[] addresses;
            try { addresses = await new SocketNetwork().ResolveAsync(at.Host, context.Cancel); }
            catch (IOException e) { throw new CliException(ExitCode.Network, e.Message, e); }
            using DhtAccess access = DhtAccess.Open(context);
            var pongs = new List<PongJson>();
            foreach (IPAddress address in addresses)
            {
                var endPoint = new IPEndPoint(address, at.Port);
                DhtPong? pong;
                try { pong = await access.Client.PingAsync(endPoint, access.Cancel); }
                catch (OperationCanceledException) when (!context.Cancel.IsCancellationRequested) { pong = null; }
                if (pong is null)
                {
                    context.Note($"{endPoint.ToString()} does not answer");
                    continue;
                }
                double milliseconds = Math.Round(pong.RoundTrip.TotalMilliseconds, 1);
                pongs.Add(new PongJson(endPoint.ToString(), pong.Id.ToString(), milliseconds, SoftwareOf(pong.Software.Span)));
                if (!context.IsJson) context.Out.Line($"{endPoint.ToString()} {pong.Id.ToString()} {milliseconds} ms {SoftwareOf(pong.Software.Span)}");
            }
            if (context.IsJson) context.Print(new PingJson("spate.dht-ping/1", [.. pongs]), DhtJsonContext.Default.PingJson);
            return pongs.Count > 0 ? ExitCode.Ok : ExitCode.Network;
        });
    }

    private static Command Sample(CliEnvironment environment)
    {
        var target = new Argument<string?>("target") { Description = "Where to ask: 40 hex digits (default: anywhere)", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("sample", "List some torrents that nodes keep peers of (BEP 51)") { target };
        return DhtAccess.Options(command).Does(environment, async context =>
        {
            Sha1Hash at = NodeIds.Any(SystemChance.Instance);
            if (context.Get(target) is { } text && !Sha1Hash.TryParseHex(text, out at))
                throw new CliException(ExitCode.Usage, $"'{text}' is no target: it must be 40 hex digits.");
            using DhtAccess access = await DhtAccess.JoinAsync(context);
            DhtSamples samples = await access.WithinTimeAsync(access.Client.SampleAsync(at, access.Cancel));
            string[] torrents = [.. samples.Torrents.Select(static t => t.ToString()).Order(StringComparer.Ordinal)];
            access.NoteEffort(samples);
            if (context.IsJson)
            {
                context.Print(
                    new SamplesJson("spate.dht-samples/1", at.ToString(), torrents, samples.Known, samples.NodesAsked, samples.NodesAnswered),
                    DhtJsonContext.Default.SamplesJson);
            }
            else
            {
                foreach (string torrent in torrents) context.Out.Line($"{torrent}");
                context.Note($"{torrents.Length} of some {samples.Known} torrents that these nodes keep");
            }
            return ExitCode.Ok;
        });
    }

    // Two letters and two numbers (BEP 5), for people.
    private static string SoftwareOf(ReadOnlySpan<byte> software) => software.Length != 4
        ? ""
        : $"{Encoding.Latin1.GetString(software[..2])}{(software[2] << 8 | software[3]).ToString("x4", CultureInfo.InvariantCulture)}";

    private sealed class SystemChance : IRandom
    {
        public static readonly SystemChance Instance = new();

        public void Fill(Span<byte> bytes) => System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);

        public int Next(int limit) => System.Security.Cryptography.RandomNumberGenerator.GetInt32(limit);
    }

    internal sealed record PeersJson(string Schema, string InfoHash, string[] Peers, int NodesAsked, int NodesAnswered)
    {
        public int? Announced { get; init; }

        public double? Seeds { get; init; }

        public double? Others { get; init; }
    }

    internal sealed record PingJson(string Schema, PongJson[] Nodes);

    internal sealed record PongJson(string Node, string Id, double RoundTripMs, string Software);

    internal sealed record SamplesJson(string Schema, string Target, string[] Torrents, long Known, int NodesAsked, int NodesAnswered);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(PeersJson))]
    [JsonSerializable(typeof(PingJson))]
    [JsonSerializable(typeof(SamplesJson))]
    internal sealed partial class DhtJsonContext : JsonSerializerContext;
}
