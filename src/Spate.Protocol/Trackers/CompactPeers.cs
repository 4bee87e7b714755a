using System.Buffers.Binary;
using System.Net;

namespace Spate.Protocol.Trackers;

/// <summary>Peers as trackers, PEX and the DHT pack them (BEP 23, BEP 7): an address and a port in network byte order.</summary>
public static class CompactPeers
{
    /// <summary>
    /// Adds the peers to a list until it holds <paramref name="maxCount"/>. An incomplete last peer and those with port 0 are left out.
    /// </summary>
    /// <param name="bytes">Peers of 6 bytes, or of 18 bytes.</param>
    /// <param name="isIPv6">Which of the two.</param>
    /// <param name="maxCount">The length at which the list is full.</param>
    /// <param name="peers">Where to add them.</param>
    public static void Read(ReadOnlySpan<byte> bytes, bool isIPv6, int maxCount, ICollection<IPEndPoint> peers)
    {
        int size = isIPv6 ? UdpTracker.PeerSizeV6 : UdpTracker.PeerSizeV4;
        for (; bytes.Length >= size && peers.Count < maxCount; bytes = bytes[size..])
        {
            ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[(size - 2)..]);
            if (port != 0) peers.Add(new IPEndPoint(new IPAddress(bytes[..(size - 2)]), port));
        }
    }

    /// <summary>Writes one peer; returns 6 or 18. An IPv4 address that is mapped into IPv6 is written as the IPv4 address that it is.</summary>
    public static int Write(Span<byte> bytes, IPEndPoint peer)
    {
        IPAddress address = peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address;
        address.TryWriteBytes(bytes, out int length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[length..], (ushort)peer.Port);
        return length + 2;
    }
}
