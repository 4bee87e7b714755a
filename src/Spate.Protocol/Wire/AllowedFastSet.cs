using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Spate.Protocol.Wire;

/// <summary>The canonical set of pieces that a peer may request while choked (BEP 6): the same for everybody in the same /24.</summary>
public static class AllowedFastSet
{
    /// <summary>Up to <paramref name="count"/> distinct pieces; none for IPv6 addresses, for which BEP 6 defines no set.</summary>
    public static List<int> Of(IPAddress address, Sha1Hash infoHash, int pieceCount, int count)
    {
        var pieces = new List<int>();
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetwork || pieceCount <= 0 || count <= 0) return pieces;
        Span<byte> x = stackalloc byte[24];
        address.TryWriteBytes(x, out _);
        x[3] = 0;
        infoHash.AsSpan().CopyTo(x[4..]);
        SHA1.HashData(x, x[..20]);
        count = Math.Min(count, pieceCount);
        while (true)
        {
            for (int i = 0; i < 5; i++)
            {
                int piece = (int)(BinaryPrimitives.ReadUInt32BigEndian(x[(i * 4)..]) % (uint)pieceCount);
                if (!pieces.Contains(piece)) pieces.Add(piece);
                if (pieces.Count >= count) return pieces;
            }
            SHA1.HashData(x[..20], x[..20]);
        }
    }
}
