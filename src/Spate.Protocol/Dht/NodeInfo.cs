using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Spate.Protocol.Trackers;

namespace Spate.Protocol.Dht;

/// <summary>A node of the DHT: its id and where it is.</summary>
public readonly record struct NodeInfo(Sha1Hash Id, IPEndPoint EndPoint)
{
    /// <summary>Adds the nodes of a list (BEP 5, 32) until <paramref name="nodes"/> holds <paramref name="maxCount"/>; those with port 0 are left out.</summary>
    public static void Read(ReadOnlySpan<byte> bytes, AddressFamily family, int maxCount, ICollection<NodeInfo> nodes)
    {
        int size = family == AddressFamily.InterNetwork ? KrpcLimits.NodeSizeV4 : KrpcLimits.NodeSizeV6;
        for (; bytes.Length >= size && nodes.Count < maxCount; bytes = bytes[size..])
        {
            ushort port = BinaryPrimitives.ReadUInt16BigEndian(bytes[(size - 2)..]);
            if (port == 0) continue;
            nodes.Add(new NodeInfo(new Sha1Hash(bytes[..Sha1Hash.Size]), new IPEndPoint(new IPAddress(bytes[Sha1Hash.Size..(size - 2)]), port)));
        }
    }

    /// <summary>Writes the node into 26 or 38 bytes, as its address wants.</summary>
    public void Write(Span<byte> bytes)
    {
        Id.AsSpan().CopyTo(bytes);
        CompactPeers.Write(bytes[Sha1Hash.Size..], EndPoint);
    }
}
