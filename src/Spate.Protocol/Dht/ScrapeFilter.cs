using System.Buffers.Binary;
using System.Net;
using System.Numerics;
using System.Security.Cryptography;

namespace Spate.Protocol.Dht;

/// <summary>A set of addresses whose size can be estimated and which can be united with others (BEP 33): a Bloom filter of 2048 bits.</summary>
public static class ScrapeFilter
{
    /// <summary>Bytes of a filter.</summary>
    public const int Size = 256;

    private const int Bits = Size * 8;
    private const int HashFunctions = 2;

    /// <summary>Adds an address (4 or 16 bytes, no port).</summary>
    public static void Add(Span<byte> filter, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(bytes[..length], hash);
        Set(filter, BinaryPrimitives.ReadUInt16LittleEndian(hash) % Bits);
        Set(filter, BinaryPrimitives.ReadUInt16LittleEndian(hash[2..]) % Bits);
    }

    /// <summary>Adds all of another filter.</summary>
    public static void Unite(Span<byte> filter, ReadOnlySpan<byte> other)
    {
        for (int i = 0; i < Size; i++) filter[i] |= other[i];
    }

    /// <summary>About how many addresses are in it; means nothing beyond some 6000.</summary>
    public static double Estimate(ReadOnlySpan<byte> filter)
    {
        int zeros = Bits;
        foreach (byte b in filter) zeros -= BitOperations.PopCount(b);
        zeros = Math.Clamp(zeros, 1, Bits); // all ones would be infinite
        if (zeros == Bits) return 0;
        return Math.Log((double)zeros / Bits) / (HashFunctions * Math.Log(1 - 1.0 / Bits));
    }

    private static void Set(Span<byte> filter, int bit) => filter[bit / 8] |= (byte)(1 << (bit % 8));
}
