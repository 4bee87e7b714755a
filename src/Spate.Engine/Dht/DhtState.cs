using System.Net.Sockets;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>What a DHT client keeps from one run to the next, so that a restart needs no bootstrap node: its ids and the nodes it knew.</summary>
internal sealed record DhtState
{
    // More than a table holds; a file that says more was not written by us.
    private const int MaxNodes = 1000;

    public Sha1Hash? Id4 { get; init; }

    public Sha1Hash? Id6 { get; init; }

    public IReadOnlyList<NodeInfo> Nodes4 { get; init; } = [];

    public IReadOnlyList<NodeInfo> Nodes6 { get; init; } = [];

    /// <summary>Reads what <see cref="Write"/> wrote, or whatever has become of it: what makes no sense is left out.</summary>
    public static DhtState Read(ReadOnlySpan<byte> bytes)
    {
        var state = new DhtState();
        if (!BencodeReader.TryOpen(bytes, BencodeLimits.OwnState, out BencodeReader reader, out _)) return state;
        if (reader.TryFindKey("id4"u8, out BencodeReader value) && value.TryReadBytes(Sha1Hash.Size, out ReadOnlySpan<byte> id))
            state = state with { Id4 = new Sha1Hash(id) };
        if (reader.TryFindKey("id6"u8, out value) && value.TryReadBytes(Sha1Hash.Size, out id)) state = state with { Id6 = new Sha1Hash(id) };
        List<NodeInfo> nodes4 = [], nodes6 = [];
        if (reader.TryFindKey("nodes4"u8, out value) && value.TryReadBytes(out ReadOnlySpan<byte> nodes))
            NodeInfo.Read(nodes, AddressFamily.InterNetwork, MaxNodes, nodes4);
        if (reader.TryFindKey("nodes6"u8, out value) && value.TryReadBytes(out nodes)) NodeInfo.Read(nodes, AddressFamily.InterNetworkV6, MaxNodes, nodes6);
        return state with { Nodes4 = nodes4, Nodes6 = nodes6 };
    }

    public byte[] Write()
    {
        var writer = new BencodeWriter(16 * 1024);
        writer.BeginDictionary();
        if (Id4 is Sha1Hash id4) writer.Bytes("id4"u8, id4.AsSpan());
        if (Id6 is Sha1Hash id6) writer.Bytes("id6"u8, id6.AsSpan());
        WriteNodes(writer.Key("nodes4"u8), Nodes4, KrpcLimits.NodeSizeV4);
        WriteNodes(writer.Key("nodes6"u8), Nodes6, KrpcLimits.NodeSizeV6);
        writer.End();
        return writer.ToArray();
    }

    private static void WriteNodes(BencodeWriter writer, IReadOnlyList<NodeInfo> nodes, int size)
    {
        Span<byte> place = writer.BytesToFill(nodes.Count * size);
        for (int i = 0; i < nodes.Count; i++) nodes[i].Write(place.Slice(i * size, size));
    }
}
