using System.Net.Sockets;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>What a DHT client keeps from one run to the next, so that a restart needs no bootstrap node: its ids and the nodes it knew.</summary>
/// <remarks>
/// An id is kept with the address that it listened on, and good there alone: several programs may begin with the same state, and with the same
/// id they would not hear each other.
/// </remarks>
internal sealed record DhtState
{
    // More than a table holds; a file that says more was not written by us.
    private const int MaxNodes = 1000;

    public NodeInfo? Own4 { get; init; }

    public NodeInfo? Own6 { get; init; }

    public IReadOnlyList<NodeInfo> Nodes4 { get; init; } = [];

    public IReadOnlyList<NodeInfo> Nodes6 { get; init; } = [];

    /// <summary>Reads what <see cref="Write"/> wrote, or whatever has become of it: what makes no sense is left out.</summary>
    public static DhtState Read(ReadOnlySpan<byte> bytes)
    {
        var state = new DhtState();
        if (!BencodeReader.TryOpen(bytes, BencodeLimits.OwnState, out BencodeReader reader, out _)) return state;
        return state with
        {
            Nodes4 = ReadNodes(reader, "nodes4"u8, AddressFamily.InterNetwork),
            Nodes6 = ReadNodes(reader, "nodes6"u8, AddressFamily.InterNetworkV6),
            Own4 = ReadNodes(reader, "own4"u8, AddressFamily.InterNetwork) is [var own4, ..] ? own4 : null,
            Own6 = ReadNodes(reader, "own6"u8, AddressFamily.InterNetworkV6) is [var own6, ..] ? own6 : null,
        };
    }

    public byte[] Write()
    {
        var writer = new BencodeWriter(16 * 1024);
        writer.BeginDictionary();
        WriteNodes(writer.Key("nodes4"u8), Nodes4, KrpcLimits.NodeSizeV4);
        WriteNodes(writer.Key("nodes6"u8), Nodes6, KrpcLimits.NodeSizeV6);
        if (Own4 is { } own4) WriteNodes(writer.Key("own4"u8), [own4], KrpcLimits.NodeSizeV4);
        if (Own6 is { } own6) WriteNodes(writer.Key("own6"u8), [own6], KrpcLimits.NodeSizeV6);
        writer.End();
        return writer.ToArray();
    }

    private static List<NodeInfo> ReadNodes(BencodeReader reader, ReadOnlySpan<byte> key, AddressFamily family)
    {
        var nodes = new List<NodeInfo>();
        if (reader.TryFindKey(key, out BencodeReader value) && value.TryReadBytes(out ReadOnlySpan<byte> bytes)) NodeInfo.Read(bytes, family, MaxNodes, nodes);
        return nodes;
    }

    private static void WriteNodes(BencodeWriter writer, IReadOnlyList<NodeInfo> nodes, int size)
    {
        Span<byte> place = writer.BytesToFill(nodes.Count * size);
        for (int i = 0; i < nodes.Count; i++) nodes[i].Write(place.Slice(i * size, size));
    }
}
