using System.Net;
using Spate.Protocol.Bencode;
using Spate.Protocol.Wire;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>Peer exchange (BEP 11): bounded, no senseless peers, and the same when it is written and read again.</summary>
internal sealed class PexTarget : FuzzTarget
{
    private readonly BencodeWriter writer = new();

    public override string Name => "pex";

    public override bool IsBencode => true;

    public override IReadOnlyList<byte[]> Words { get; } =
        [.. new[] { "added", "added.f", "added6", "added6.f", "dropped", "dropped6", "6:abcdef", "0:" }.Select(Bytes)];

    public override IEnumerable<byte[]> Seeds()
    {
        string Peers(int count, int size) => $"{count * size}:{new string('p', count * size)}";
        yield return Bytes(Dict(("added", Peers(3, 6)), ("added.f", "3:\u0001\u0002\u0010"), ("dropped", Peers(1, 6))));
        yield return Bytes(Dict(("added6", Peers(2, 18)), ("added6.f", "2:\u0002\u0004"), ("dropped6", Peers(2, 18))));
        yield return Bytes(Dict(("added", Peers(80, 6)), ("added.f", Peers(10, 1)), ("x", List(Number(1)))));
        yield return Bytes(Dict());
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        var added = new List<PexPeer>();
        var dropped = new List<IPEndPoint>();
        if (!PexMessage.TryRead(input, PexMessage.MaxPeers, added, dropped)) return 1;
        Check(added.Count <= PexMessage.MaxPeers && dropped.Count <= PexMessage.MaxPeers, "no more peers than asked for");
        Check(added.TrueForAll(p => p.EndPoint.Port != 0) && dropped.TrueForAll(p => p.Port != 0), "nobody listens on port 0");
        if (!added.Exists(p => p.EndPoint.Address.IsIPv4MappedToIPv6) && !dropped.Exists(p => p.Address.IsIPv4MappedToIPv6))
        {
            writer.Clear();
            PexMessage.Write(writer, added, dropped);
            var addedAgain = new List<PexPeer>();
            var droppedAgain = new List<IPEndPoint>();
            Check(PexMessage.TryRead(writer.Written, PexMessage.MaxPeers, addedAgain, droppedAgain), "what is written can be read");
            Check(addedAgain.SequenceEqual(added) && droppedAgain.SequenceEqual(dropped), "peers are the same when they are written and read again");
        }
        return 2 + Magnitude(added.Count) * 8 + Magnitude(dropped.Count) * 64 + (added.Exists(p => p.Flags != 0) ? 512 : 0);
    }
}
