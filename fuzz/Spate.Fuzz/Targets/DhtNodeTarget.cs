using System.Net;
using System.Net.Sockets;
using Spate.Engine.Dht;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Fuzz.Targets;

/// <summary>
/// A whole DHT node under datagrams from strangers: it never sends a stranger more than three bytes for one, and what it keeps stays
/// bounded.
/// </summary>
internal sealed class DhtNodeTarget : FuzzTarget
{
    public override string Name => "dht-node";

    public override bool IsBencode => true;

    public override int MaxLength => 2100;

    public override IReadOnlyList<byte[]> Words { get; } = new KrpcTarget().Words;

    public override IEnumerable<byte[]> Seeds() => KrpcTarget.Messages().Select(Documents.Bytes);

    public override int Run(ReadOnlySpan<byte> input)
    {
        // A new node each time: what one input does must not depend on those before it.
        var random = new Counter();
        var stranger = new IPEndPoint(new IPAddress([198, 51, 100, 7]), 6881);
        long now = 1_000_000;
        int toStranger = 0, datagrams = 0;
        byte[] asked = [];
        var node = new DhtNode(AddressFamily.InterNetwork, NodeIds.Any(random), new DhtNodeOptions(), random, (datagram, to) =>
        {
            datagrams++;
            if (to.Equals(stranger)) toStranger += datagram.Length;
            asked = datagram.ToArray();
        }, now);
        for (int i = 0; i < 12; i++)
        {
            node.Table.OnAnswer(new NodeInfo(NodeIds.Any(random), new IPEndPoint(new IPAddress([20, (byte)i, 1, 1]), 1)), 10, now);
            node.Peers.Add(new Sha1Hash("hhhhhhhhhhhhhhhhhhhh"u8), new IPEndPoint(new IPAddress([21, (byte)i, 1, 1]), 1), i % 2 == 0, now);
        }

        node.OnDatagram(input, stranger, now);
        for (int i = 0; i < 40; i++) node.Tick(now += 500);
        Check(toStranger <= DhtResponder.Amplification * input.Length, $"{toStranger} bytes go to a stranger for {input.Length}");
        int unprovoked = datagrams;

        // The same, as the answer to a question of ours, if it is one: its transaction id is put where the node's own was.
        node.Try(stranger, now);
        if (asked.Length > 0 && KrpcMessage.TryRead(asked, out KrpcMessage question) && KrpcMessage.TryRead(input, out KrpcMessage answer)
            && answer.TransactionId.Length == question.TransactionId.Length)
        {
            byte[] forged = input.ToArray();
            question.TransactionId.CopyTo(forged.AsSpan(forged.AsSpan().IndexOf(answer.TransactionId)));
            node.OnDatagram(forged, stranger, now);
        }
        for (int i = 0; i < 10; i++) node.Tick(now += 500);
        Check(node.Table.Count <= 14 && node.LookupCount <= 2, "one datagram adds one node and no lookups");
        Check(node.Peers.TorrentCount <= 1 && node.Items.Count == 0, "nothing is stored without a token");
        return Magnitude(toStranger) * 8 + Math.Min(unprovoked, 7) + node.Table.Count * 512 + (int)Math.Min(node.Counters.Malformed, 3) * 8192;
    }

    // Numbers in a row: random enough, and the same for every run.
    private sealed class Counter : IRandom
    {
        private uint state = 12345;

        public void Fill(Span<byte> bytes)
        {
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(Step() >> 16);
        }

        public int Next(int limit) => (int)(Step() >> 8) % limit;

        private uint Step() => state = state * 1664525 + 1013904223;
    }
}
