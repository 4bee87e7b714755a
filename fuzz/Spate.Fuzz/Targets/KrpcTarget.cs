using System.Net;
using System.Net.Sockets;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>DHT messages (BEP 5 and its extensions): what is read keeps its promises about lengths, and can be written again.</summary>
internal sealed class KrpcTarget : FuzzTarget
{
    private readonly BencodeWriter writer = new();

    public override string Name => "krpc";

    public override bool IsBencode => true;

    public override int MaxLength => 3000;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[]
        {
            "id", "target", "info_hash", "nodes", "nodes6", "token", "values", "want", "n4", "n6", "port", "implied_port", "seed", "noseed", "scrape", "BFsd",
            "BFpe", "v", "k", "sig", "salt", "seq", "cas", "interval", "num", "samples", "ip", "ro", "a", "r", "e", "q", "t", "y", "ping", "find_node",
            "get_peers", "announce_peer", "get", "put", "sample_infohashes",
        }.Select(Bytes),
    ];

    public override IEnumerable<byte[]> Seeds() => Messages().Select(Bytes);

    /// <summary>Queries, answers and errors of every kind.</summary>
    public static IEnumerable<string> Messages()
    {
        string id = "20:" + new string('i', 20), hash = "20:" + new string('h', 20), token = "8:aoeusnth";
        string Query(string method, params (string, string)[] arguments) =>
            Dict(("a", Dict([("id", id), .. arguments])), ("q", Text(method)), ("t", Text("aa")), ("v", Text("XX00")), ("y", Text("q")));
        string Answer(params (string, string)[] results) =>
            Dict(("ip", "6:abcdef"), ("r", Dict([("id", id), .. results])), ("t", "4:tttt"), ("y", Text("r")));

        yield return Query("ping");
        yield return Query("find_node", ("target", hash), ("want", List(Text("n4"), Text("n6"))));
        yield return Query("get_peers", ("info_hash", hash), ("noseed", Number(1)), ("scrape", Number(1)));
        yield return Query("announce_peer", ("implied_port", Number(1)), ("info_hash", hash), ("port", Number(6881)), ("seed", Number(1)), ("token", token));
        yield return Query("get", ("seq", Number(4)), ("target", hash));
        yield return Query("put", ("token", token), ("v", Text("Hello World!")));
        yield return Query(
            "put", ("cas", Number(3)), ("k", "32:" + new string('k', 32)), ("salt", Text("salt")), ("seq", Number(4)), ("sig", "64:" + new string('s', 64)),
            ("token", token), ("v", Dict(("a", List(Number(1))))));
        yield return Query("sample_infohashes", ("target", hash));
        yield return Dict(("a", Dict(("id", id))), ("q", Text("ping")), ("ro", Number(1)), ("t", Text("a")), ("y", Text("q")));
        yield return Answer(("nodes", $"52:{new string('n', 52)}"), ("nodes6", $"38:{new string('6', 38)}"), ("token", token));
        yield return Answer(("token", token), ("values", List("6:pppppp", $"18:{new string('p', 18)}")));
        yield return Answer(("BFpe", $"256:{new string('b', 256)}"), ("BFsd", $"256:{new string('b', 256)}"), ("token", token));
        yield return Answer(("interval", Number(60)), ("num", Number(2)), ("samples", $"40:{new string('h', 40)}"));
        yield return Answer(("k", "32:" + new string('k', 32)), ("seq", Number(4)), ("sig", "64:" + new string('s', 64)), ("token", token), ("v", Text("x")));
        yield return Dict(("e", List(Number(203), Text("no"))), ("r", Dict(("id", id))), ("t", Text("aa")), ("y", Text("e")));
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        if (!KrpcMessage.TryRead(input, out KrpcMessage message)) return 1;
        Check(input.Length <= KrpcLimits.MaxReceived, "a message is no longer than what is looked at");
        Check(message.TransactionId.Length is > 0 and <= KrpcLimits.MaxTransactionId, "there is a transaction id");
        Check(message.Id.Length is 0 or 20 && message.Target.Length is 0 or 20, "ids have twenty bytes or none");
        Check(message.Ip.Length is 0 or 6 or 18, "an address with a port has six or eighteen bytes");
        Check(message.PublicKey.Length is 0 or 32 && message.Signature.Length is 0 or 64, "keys and signatures have their lengths");
        Check(message.SeedFilter.Length is 0 or 256 && message.PeerFilter.Length is 0 or 256, "filters have 256 bytes");
        Check(message.Token.Length <= KrpcLimits.MaxToken && message.Samples.Length % 20 == 0, "tokens are short, samples whole");
        var peers = new List<IPEndPoint>();
        message.ReadPeers(50, peers);
        var nodes = new List<NodeInfo>();
        NodeInfo.Read(message.Nodes, AddressFamily.InterNetwork, 50, nodes);
        NodeInfo.Read(message.Nodes6, AddressFamily.InterNetworkV6, 100, nodes);
        Check(peers.Count <= 50 && nodes.Count <= 100, "lists are cut where they are said to be");
        Check(peers.TrueForAll(p => p.Port != 0) && nodes.TrueForAll(n => n.EndPoint.Port != 0), "nobody listens on port 0");

        var read = new KrpcReply { Id = default, Nodes = [.. nodes.Where(n => n.EndPoint.AddressFamily == AddressFamily.InterNetwork)], Peers = peers };
        writer.Clear();
        read.Write(writer, message.TransactionId, default, new IPEndPoint(IPAddress.Loopback, 1));
        Check(KrpcMessage.TryRead(writer.Written, out KrpcMessage again) || writer.Length > KrpcLimits.MaxReceived, "what is written can be read");
        if (writer.Length <= KrpcLimits.MaxReceived)
        {
            var peersAgain = new List<IPEndPoint>();
            again.ReadPeers(100, peersAgain);
            Check(peersAgain.SequenceEqual(peers), "peers are the same when they are written and read again");
        }
        return 2 + (int)message.Kind * 16 + (int)message.Method * 64 + Magnitude(peers.Count + nodes.Count) * 1024
            + (message.Value.IsEmpty ? 0 : 32_768) + (message.Token.IsEmpty ? 0 : 65_536) + (message.Sequence is null ? 0 : 131_072);
    }
}
