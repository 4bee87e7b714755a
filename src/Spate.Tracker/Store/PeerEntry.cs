using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spate.Tracker.Store;

/// <summary>
/// A stored peer: address and port as they travel in answers, and two bytes of ours. All zeros is an empty slot, which no peer
/// can be since port 0 is never stored. The mark holds when the peer was last heard of and whether it is a partial seed.
/// </summary>
internal interface IPeerEntry<TSelf> where TSelf : unmanaged, IPeerEntry<TSelf>
{
    /// <summary>Bytes of a peer in an answer.</summary>
    static abstract int WireSize { get; }

    /// <summary>The part of a torrent that holds peers of this kind.</summary>
    static abstract ref nint SetOf(ref TorrentRecord torrent);

    bool IsEmpty { get; }

    PeerMark Mark { get; set; }

    /// <summary>Same address and port.</summary>
    bool IsSamePeer(in TSelf other);

    /// <summary>A hash of address and port under a secret, so that nobody can make peers collide.</summary>
    uint Hash(ulong secret);

    /// <summary>Writes the <see cref="WireSize"/> bytes.</summary>
    void WriteTo(ref byte destination);
}

/// <summary>When a peer was heard of, in seconds modulo 2^15 (nine hours), and the partial seed's bit.</summary>
internal readonly struct PeerMark(ushort value)
{
    /// <summary>Seconds after which a mark means another time.</summary>
    public const uint Period = 1 << 15;

    private const ushort PartialBit = 1 << 15;

    public ushort Value { get; } = value;

    public static PeerMark At(uint nowSeconds, bool isPartial) => new((ushort)(nowSeconds % Period | (isPartial ? PartialBit : 0u)));

    public bool IsPartial => (Value & PartialBit) != 0;

    /// <summary>Seconds since the peer was heard of; right while it is swept more often than every nine hours.</summary>
    public uint Age(uint nowSeconds) => (nowSeconds - Value) % Period;
}

/// <summary>An IPv4 peer in eight bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal struct PeerV4 : IPeerEntry<PeerV4>
{
    // All but the mark, when the eight bytes are read as one number.
    private static ulong AddressAndPort => BitConverter.IsLittleEndian ? 0x0000_FFFF_FFFF_FFFF : 0xFFFF_FFFF_FFFF_0000;

    private readonly uint address;
    private readonly ushort port;
    private ushort mark;

    /// <param name="address">Four bytes in network order.</param>
    /// <param name="port">Not 0.</param>
    public PeerV4(ReadOnlySpan<byte> address, ushort port)
    {
        this.address = MemoryMarshal.Read<uint>(address);
        this.port = BinaryOrder.ToNetwork(port);
        mark = 0;
    }

    public static int WireSize => 6;

    public static ref nint SetOf(ref TorrentRecord torrent) => ref torrent.PeersV4;

    private readonly ulong Raw => Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<PeerV4, byte>(ref Unsafe.AsRef(in this)));

    public readonly bool IsEmpty => port == 0;

    public PeerMark Mark
    {
        readonly get => new(mark);
        set => mark = value.Value;
    }

    public readonly bool IsSamePeer(in PeerV4 other) => ((Raw ^ other.Raw) & AddressAndPort) == 0;

    public readonly uint Hash(ulong secret) => (uint)KeyedHash.Mix(Raw & AddressAndPort, secret);

    public readonly void WriteTo(ref byte destination)
    {
        Unsafe.WriteUnaligned(ref destination, address);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, 4), port);
    }
}

/// <summary>An IPv6 peer in twenty bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal struct PeerV6 : IPeerEntry<PeerV6>
{
    private readonly Half16 address;
    private readonly ushort port;
    private ushort mark;

    // Sixteen bytes that need no alignment.
    [StructLayout(LayoutKind.Sequential, Pack = 2)]
    private struct Half16
    {
        public ulong High, Low;
    }

    /// <param name="address">Sixteen bytes in network order.</param>
    /// <param name="port">Not 0.</param>
    public PeerV6(ReadOnlySpan<byte> address, ushort port)
    {
        this.address = MemoryMarshal.Read<Half16>(address);
        this.port = BinaryOrder.ToNetwork(port);
        mark = 0;
    }

    public static int WireSize => 18;

    public static ref nint SetOf(ref TorrentRecord torrent) => ref torrent.PeersV6;

    public readonly bool IsEmpty => port == 0;

    public PeerMark Mark
    {
        readonly get => new(mark);
        set => mark = value.Value;
    }

    public readonly bool IsSamePeer(in PeerV6 other) =>
        port == other.port && address.High == other.address.High && address.Low == other.address.Low;

    public readonly uint Hash(ulong secret) => (uint)KeyedHash.Mix(address.High ^ KeyedHash.Mix(address.Low ^ port, secret), secret);

    public readonly void WriteTo(ref byte destination)
    {
        Unsafe.WriteUnaligned(ref destination, address);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, 16), port);
    }
}

/// <summary>Byte order of numbers kept as they travel.</summary>
internal static class BinaryOrder
{
    public static ushort ToNetwork(ushort value) =>
        BitConverter.IsLittleEndian ? System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value) : value;
}
