using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Simulation;

/// <summary>An announce that a tracker got.</summary>
public sealed record SimAnnounce(TimeSpan Time, SimHost From, Sha1Hash InfoHash, string Event, int Port, long Uploaded, long Downloaded, long Left, string Query);

/// <summary>
/// An HTTP tracker that keeps real swarms, at <c>http://NAME/announce</c>. It can be told to misbehave, and remembers every
/// announce for a test to look at.
/// </summary>
public sealed class SimTracker
{
    private readonly Dictionary<Sha1Hash, Swarm> swarms = [];
    private readonly SimRandom random;
    private readonly SimWorld world;

    internal SimTracker(SimWorld world, string name)
    {
        this.world = world;
        Name = name;
        Host = world.AddHost(name, new LinkOptions { Latency = TimeSpan.FromMilliseconds(10) });
        world.Names[name] = [Host.Address]; // IPv4 alone: of both families clients would announce twice
        random = SimRandom.Fork(world.Seed, 0x7AC0_0000_0000UL + (ulong)Host.Index);
        world.Web[(name, 80)] = new SimWebServer(Host, (request, from) => Answer(request, from));
    }

    public string Name { get; }

    public SimHost Host { get; }

    /// <summary>What goes into a torrent.</summary>
    public string Address => $"http://{Name}/announce";

    /// <summary>Seconds between announces that it asks for.</summary>
    public int IntervalSeconds { get; set; } = 1800;

    /// <summary>Seconds that must lie between announces, or 0 for not saying.</summary>
    public int MinIntervalSeconds { get; set; }

    /// <summary>Peers in an answer at most.</summary>
    public int MaxPeers { get; set; } = 200;

    /// <summary>Every announce so far.</summary>
    public List<SimAnnounce> Announces { get; } = [];

    /// <summary>Stands in for the answer when it gives one: for failure reasons, garbage, other statuses, silence.</summary>
    public Func<HttpRequest, SimHost, ValueTask<HttpAnswer?>>? Misbehave { get; set; }

    /// <summary>Peers that are given out besides those that announced.</summary>
    public List<IPEndPoint> Extra { get; } = [];

    /// <summary>Peers of a swarm: complete and not.</summary>
    public (int Complete, int Incomplete) Count(Sha1Hash infoHash) =>
        swarms.TryGetValue(infoHash, out Swarm? swarm) ? (swarm.Complete, swarm.Peers.Count - swarm.Complete) : default;

    private sealed class Peer(IPAddress address, IPAddress address6, int port)
    {
        public IPAddress Address { get; } = address;

        public IPAddress Address6 { get; } = address6;

        public int Port { get; } = port;

        public bool IsComplete { get; set; }

        public TimeSpan Seen { get; set; }
    }

    private sealed class Swarm
    {
        public List<Peer> Peers { get; } = [];

        public int Downloaded { get; set; }

        public int Complete => Peers.Count(p => p.IsComplete);
    }

    private async ValueTask<HttpAnswer> Answer(HttpRequest request, SimHost from)
    {
        if (Misbehave is not null && await Misbehave(request, from) is { } other) return other;
        string path = request.Address.AbsolutePath;
        byte[] body = path.EndsWith("/announce", StringComparison.Ordinal) ? Announce(request.Address.Query, from)
            : path.EndsWith("/scrape", StringComparison.Ordinal) ? Scrape(request.Address.Query)
            : Encoding.ASCII.GetBytes("d14:failure reason9:not founde");
        return SimWebServer.Reply(request, 200, body);
    }

    private byte[] Announce(string query, SimHost from)
    {
        var values = Parse(query);
        if (!values.TryGetValue("info_hash", out List<byte[]>? hashes) || hashes[0].Length != Sha1Hash.Size) return Failure("info_hash is missing or not 20 bytes");
        if (Number(values, "port") is not (> 0 and <= IPEndPoint.MaxPort) and var bad) return Failure($"port {bad} is out of range");
        int port = (int)Number(values, "port");
        string kind = values.TryGetValue("event", out List<byte[]>? e) ? Encoding.ASCII.GetString(e[0]) : "";
        var infoHash = new Sha1Hash(hashes[0]);
        long left = Number(values, "left", long.MaxValue);
        Announces.Add(new SimAnnounce(world.Now, from, infoHash, kind, port, Number(values, "uploaded"), Number(values, "downloaded"), left, query));
        world.Note(TraceKind.Announce, from.Index, left);

        if (!swarms.TryGetValue(infoHash, out Swarm? swarm)) swarms[infoHash] = swarm = new Swarm();
        swarm.Peers.RemoveAll(p => world.Now - p.Seen > TimeSpan.FromSeconds(2 * IntervalSeconds));
        Peer? self = swarm.Peers.Find(p => p.Port == port && p.Address.Equals(from.Address));
        if (kind == "stopped")
        {
            if (self is not null) swarm.Peers.Remove(self);
        }
        else
        {
            if (self is null) swarm.Peers.Add(self = new Peer(from.Address, from.Address6, port));
            self.Seen = world.Now;
            self.IsComplete = left == 0;
            if (kind == "completed") swarm.Downloaded++;
        }
        int wanted = kind == "stopped" ? 0 : (int)Math.Clamp(Number(values, "numwant", 50), 0, MaxPeers);
        return Peers(swarm, self, wanted);
    }

    private byte[] Peers(Swarm swarm, Peer? self, int wanted)
    {
        Peer[] others = [.. swarm.Peers.Where(p => p != self && !(p.IsComplete && self is { IsComplete: true }))];
        random.Shuffle(others.AsSpan());
        var v4 = new MemoryStream();
        foreach (Peer peer in others.Take(wanted)) Write(v4, peer.Address, peer.Port);
        foreach (IPEndPoint extra in Extra) Write(v4, extra.Address, extra.Port);
        var body = new MemoryStream();
        body.Write(Encoding.ASCII.GetBytes($"d8:completei{swarm.Complete}e10:incompletei{swarm.Peers.Count - swarm.Complete}e8:intervali{IntervalSeconds}e"));
        if (MinIntervalSeconds > 0) body.Write(Encoding.ASCII.GetBytes($"12:min intervali{MinIntervalSeconds}e"));
        body.Write(Encoding.ASCII.GetBytes($"5:peers{v4.Length}:"));
        v4.WriteTo(body);
        body.WriteByte((byte)'e');
        return body.ToArray();
    }

    private byte[] Scrape(string query)
    {
        var body = new MemoryStream();
        body.Write("d5:filesd"u8);
        if (Parse(query).TryGetValue("info_hash", out List<byte[]>? hashes))
        {
            foreach (byte[] hash in hashes.Where(h => h.Length == Sha1Hash.Size).OrderBy(h => new Sha1Hash(h)))
            {
                if (!swarms.TryGetValue(new Sha1Hash(hash), out Swarm? swarm)) continue;
                body.Write("20:"u8);
                body.Write(hash);
                string counts = $"d8:completei{swarm.Complete}e10:downloadedi{swarm.Downloaded}e10:incompletei{swarm.Peers.Count - swarm.Complete}ee";
                body.Write(Encoding.ASCII.GetBytes(counts));
            }
        }
        body.Write("ee"u8);
        return body.ToArray();
    }

    private static void Write(MemoryStream to, IPAddress address, int port)
    {
        Span<byte> entry = stackalloc byte[6];
        address.TryWriteBytes(entry, out _);
        BinaryPrimitives.WriteUInt16BigEndian(entry[4..], (ushort)port);
        to.Write(entry);
    }

    private static byte[] Failure(string reason) => Encoding.ASCII.GetBytes($"d14:failure reason{reason.Length}:{reason}e");

    private static long Number(Dictionary<string, List<byte[]>> values, string name, long missing = 0) =>
        values.TryGetValue(name, out List<byte[]>? found)
        && long.TryParse(Encoding.ASCII.GetString(found[0]), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : missing;

    // Keeps raw bytes: info-hashes are not text.
    private static Dictionary<string, List<byte[]>> Parse(string query)
    {
        var values = new Dictionary<string, List<byte[]>>(StringComparer.Ordinal);
        foreach (string pair in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? pair : pair[..equals];
            if (!values.TryGetValue(name, out List<byte[]>? list)) values[name] = list = [];
            list.Add(Unescape(equals < 0 ? "" : pair[(equals + 1)..]));
        }
        return values;
    }

    private static byte[] Unescape(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte b))
            {
                bytes.Add(b);
                i += 2;
            }
            else bytes.Add(text[i] == '+' ? (byte)' ' : (byte)text[i]);
        }
        return [.. bytes];
    }
}
