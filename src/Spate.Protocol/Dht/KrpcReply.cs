using System.Net;
using Spate.Protocol.Bencode;
using Spate.Protocol.Trackers;

namespace Spate.Protocol.Dht;

/// <summary>An answer to be sent: what is not set is left out.</summary>
public ref struct KrpcReply
{
    /// <summary>Our node id.</summary>
    public required Sha1Hash Id { get; init; }

    /// <summary>IPv4 nodes; null to leave the list out, empty for an empty one.</summary>
    public IReadOnlyList<NodeInfo>? Nodes { get; set; }

    /// <summary>IPv6 nodes.</summary>
    public IReadOnlyList<NodeInfo>? Nodes6 { get; set; }

    public ReadOnlySpan<byte> Token { get; set; }

    /// <summary>Peers; null to leave the list out.</summary>
    public IReadOnlyList<IPEndPoint>? Peers { get; set; }

    public ReadOnlySpan<byte> SeedFilter { get; set; }

    public ReadOnlySpan<byte> PeerFilter { get; set; }

    /// <summary>A bencoded value.</summary>
    public ReadOnlySpan<byte> Value { get; set; }

    public ReadOnlySpan<byte> PublicKey { get; set; }

    public ReadOnlySpan<byte> Signature { get; set; }

    public long? Sequence { get; set; }

    public int? Interval { get; set; }

    public int? Count { get; set; }

    /// <summary>Torrents; null to leave the list out.</summary>
    public IReadOnlyList<Sha1Hash>? Samples { get; set; }

    /// <summary>Writes the whole message.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="transactionId">Of the query.</param>
    /// <param name="version">Our software.</param>
    /// <param name="asker">Where the query came from, as BEP 42 wants it told.</param>
    public readonly void Write(BencodeWriter writer, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> version, IPEndPoint asker)
    {
        writer.BeginDictionary();
        WriteIp(writer, asker);
        writer.Key("r"u8).BeginDictionary();
        if (!PeerFilter.IsEmpty) writer.Bytes("BFpe"u8, PeerFilter);
        if (!SeedFilter.IsEmpty) writer.Bytes("BFsd"u8, SeedFilter);
        writer.Bytes("id"u8, Id.AsSpan());
        if (Interval is int interval) writer.Integer("interval"u8, interval);
        if (!PublicKey.IsEmpty) writer.Bytes("k"u8, PublicKey);
        if (Nodes is not null) WriteNodes(writer.Key("nodes"u8), Nodes, KrpcLimits.NodeSizeV4);
        if (Nodes6 is not null) WriteNodes(writer.Key("nodes6"u8), Nodes6, KrpcLimits.NodeSizeV6);
        if (Count is int count) writer.Integer("num"u8, count);
        if (Samples is not null)
        {
            Span<byte> place = writer.Key("samples"u8).BytesToFill(Samples.Count * Sha1Hash.Size);
            for (int i = 0; i < Samples.Count; i++) Samples[i].AsSpan().CopyTo(place[(i * Sha1Hash.Size)..]);
        }
        if (Sequence is long sequence) writer.Integer("seq"u8, sequence);
        if (!Signature.IsEmpty) writer.Bytes("sig"u8, Signature);
        if (!Token.IsEmpty) writer.Bytes("token"u8, Token);
        if (!Value.IsEmpty) writer.Key("v"u8).Raw(Value);
        if (Peers is not null)
        {
            writer.Key("values"u8).BeginList();
            Span<byte> compact = stackalloc byte[UdpTracker.PeerSizeV6];
            for (int i = 0; i < Peers.Count; i++) writer.Bytes(compact[..CompactPeers.Write(compact, Peers[i])]);
            writer.End();
        }
        writer.End();
        writer.Bytes("t"u8, transactionId);
        if (!version.IsEmpty) writer.Bytes("v"u8, version);
        writer.Bytes("y"u8, "r"u8).End();
    }

    /// <summary>Writes a refusal.</summary>
    public static void WriteError(
        BencodeWriter writer, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> version, IPEndPoint asker, int code, ReadOnlySpan<byte> text)
    {
        writer.BeginDictionary();
        writer.Key("e"u8).BeginList().Integer(code).Bytes(text).End();
        WriteIp(writer, asker);
        writer.Bytes("t"u8, transactionId);
        if (!version.IsEmpty) writer.Bytes("v"u8, version);
        writer.Bytes("y"u8, "e"u8).End();
    }

    private static void WriteIp(BencodeWriter writer, IPEndPoint asker)
    {
        Span<byte> compact = stackalloc byte[UdpTracker.PeerSizeV6];
        writer.Bytes("ip"u8, compact[..CompactPeers.Write(compact, asker)]);
    }

    private static void WriteNodes(BencodeWriter writer, IReadOnlyList<NodeInfo> nodes, int size)
    {
        Span<byte> place = writer.BytesToFill(nodes.Count * size);
        for (int i = 0; i < nodes.Count; i++) nodes[i].Write(place.Slice(i * size, size));
    }
}
