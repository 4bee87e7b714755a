using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Dht;

/// <summary>Ids of DHT nodes: their distance (BEP 5), and the tie between an id and an address (BEP 42).</summary>
public static class NodeIds
{
    /// <summary>Bits of an id.</summary>
    public const int Bits = Sha1Hash.Size * 8;

    private const int VerifiedBits = 21;

    /// <summary>Any id.</summary>
    public static Sha1Hash Any(IRandom random)
    {
        Span<byte> bytes = stackalloc byte[Sha1Hash.Size];
        random.Fill(bytes);
        return new Sha1Hash(bytes);
    }

    /// <summary>An id that a node at the given external address may have (BEP 42).</summary>
    public static Sha1Hash For(IPAddress address, IRandom random)
    {
        Span<byte> id = stackalloc byte[Sha1Hash.Size];
        random.Fill(id);
        uint prefix = PrefixOf(address, id[^1]);
        id[0] = (byte)(prefix >> 24);
        id[1] = (byte)(prefix >> 16);
        id[2] = (byte)(prefix >> 8 & 0xf8 | (uint)id[2] & 7);
        return new Sha1Hash(id);
    }

    /// <summary>True when a node at the address may have the id. Addresses of local networks may have any (BEP 42).</summary>
    public static bool IsValid(in Sha1Hash id, IPAddress address)
    {
        if (address.ScopeOf() != AddressScope.Global) return true;
        ReadOnlySpan<byte> bytes = id.AsSpan();
        uint difference = BinaryPrimitives.ReadUInt32BigEndian(bytes) ^ PrefixOf(address, bytes[^1]);
        return difference >> (32 - VerifiedBits) == 0;
    }

    /// <summary>An id that shares exactly the given number of leading bits with another.</summary>
    public static Sha1Hash WithSharedBits(in Sha1Hash id, int bits, IRandom random)
    {
        Span<byte> result = stackalloc byte[Sha1Hash.Size];
        random.Fill(result);
        ReadOnlySpan<byte> from = id.AsSpan();
        int whole = bits / 8;
        from[..whole].CopyTo(result);
        if (whole < Sha1Hash.Size)
        {
            int rest = bits % 8;
            int kept = 0xff00 >> rest & 0xff; // leading bits that stay
            int flipped = 0x80 >> rest; // the first one that must differ
            result[whole] = (byte)(from[whole] & kept | ~from[whole] & flipped | result[whole] & ~(kept | flipped));
        }
        return new Sha1Hash(result);
    }

    /// <summary>How many leading bits two ids share.</summary>
    public static int SharedBits(in Sha1Hash a, in Sha1Hash b)
    {
        ReadOnlySpan<byte> x = a.AsSpan(), y = b.AsSpan();
        for (int i = 0; i < Sha1Hash.Size; i++)
        {
            int difference = x[i] ^ y[i];
            if (difference != 0) return i * 8 + BitOperations.LeadingZeroCount((uint)difference) - 24;
        }
        return Bits;
    }

    /// <summary>Below 0 when <paramref name="a"/> is closer to the target than <paramref name="b"/>, above 0 when it is farther.</summary>
    public static int CompareDistance(in Sha1Hash target, in Sha1Hash a, in Sha1Hash b)
    {
        ReadOnlySpan<byte> t = target.AsSpan(), x = a.AsSpan(), y = b.AsSpan();
        ulong to = BinaryPrimitives.ReadUInt64BigEndian(t);
        int order = (BinaryPrimitives.ReadUInt64BigEndian(x) ^ to).CompareTo(BinaryPrimitives.ReadUInt64BigEndian(y) ^ to);
        if (order != 0) return order;
        to = BinaryPrimitives.ReadUInt64BigEndian(t[8..]);
        order = (BinaryPrimitives.ReadUInt64BigEndian(x[8..]) ^ to).CompareTo(BinaryPrimitives.ReadUInt64BigEndian(y[8..]) ^ to);
        if (order != 0) return order;
        uint last = BinaryPrimitives.ReadUInt32BigEndian(t[16..]);
        return (BinaryPrimitives.ReadUInt32BigEndian(x[16..]) ^ last).CompareTo(BinaryPrimitives.ReadUInt32BigEndian(y[16..]) ^ last);
    }

    // The hash whose first 21 bits an id at this address must have, for the given last byte of the id.
    private static uint PrefixOf(IPAddress address, byte lastByte)
    {
        ReadOnlySpan<byte> mask4 = [0x03, 0x0f, 0x3f, 0xff];
        ReadOnlySpan<byte> mask6 = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff];
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        ReadOnlySpan<byte> mask = address.AddressFamily == AddressFamily.InterNetwork ? mask4 : mask6;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes = bytes[..mask.Length];
        for (int i = 0; i < mask.Length; i++) bytes[i] &= mask[i];
        bytes[0] |= (byte)((lastByte & 7) << 5);
        return PeerPriority.Crc32C(bytes);
    }
}
