using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Spate.Engine.Discovery;

/// <summary>
/// The canonical priority of a connection (BEP 40): both ends compute the same number from both addresses, so a swarm as a whole
/// prefers the same connections, and nobody who floods a swarm with connections pushes the others out.
/// </summary>
public static class PeerPriority
{
    /// <summary>The priority of the connection between two endpoints; the higher, the better. The order of the two does not matter.</summary>
    /// <remarks>Addresses of different families have no common priority in BEP 40; both are then read as IPv6 addresses.</remarks>
    public static uint Of(IPEndPoint a, IPEndPoint b)
    {
        if (a.Address.Equals(b.Address)) return OfPorts(a.Port, b.Port);

        bool mixed = a.AddressFamily != b.AddressFamily;
        int size = a.AddressFamily == AddressFamily.InterNetwork && !mixed ? 4 : 16;
        Span<byte> bytes = stackalloc byte[32];
        Span<byte> first = bytes[..size], second = bytes.Slice(size, size);
        Write(a.Address, first);
        Write(b.Address, second);

        // Whole bytes up to and with the first one in which the addresses differ, but at least two (IPv4) or six (IPv6) of them;
        // of the rest every other bit. This is the BEP's list of masks, written as a rule.
        int common = first.CommonPrefixLength(second);
        int whole = Math.Max(size == 4 ? 2 : 6, common + 1);
        for (int i = whole; i < size; i++)
        {
            first[i] &= 0x55;
            second[i] &= 0x55;
        }
        if (first.SequenceCompareTo(second) > 0)
        {
            Span<byte> swap = stackalloc byte[16];
            first.CopyTo(swap);
            second.CopyTo(first);
            swap[..size].CopyTo(second);
        }
        return Crc32C(bytes[..(2 * size)]);
    }

    /// <summary>CRC-32C (Castagnoli) as iSCSI, BEP 40 and BEP 42 use it.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static uint OfPorts(int a, int b)
    {
        Span<byte> ports = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)Math.Min(a, b));
        BinaryPrimitives.WriteUInt16BigEndian(ports[2..], (ushort)Math.Max(a, b));
        return Crc32C(ports);
    }

    private static void Write(IPAddress address, Span<byte> to)
    {
        if (to.Length == 16 && address.AddressFamily == AddressFamily.InterNetwork) address = address.MapToIPv6();
        address.TryWriteBytes(to, out _);
    }
}
