using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Spate.Tracker.Udp;

/// <summary>
/// Connection ids of the UDP protocol (BEP 15) that need no memory: the time in seconds, of which eight bits travel, and 56 bits of
/// SipHash-2-4 over that time and the client's address under a secret. Only who receives packets at an address knows its ids.
/// </summary>
internal sealed class ConnectionIds
{
    /// <summary>Seconds for which an id is taken (BEP 15).</summary>
    public const int LifetimeSeconds = 120;

    // Ids from trackers that share the secret may be from a clock that goes ahead of ours by so much.
    private const int ClockAheadSeconds = 10;

    private readonly ulong key0, key1;

    /// <param name="secret">At least 16 bytes that trackers share, or null for a random secret.</param>
    public ConnectionIds(ReadOnlyMemory<byte>? secret)
    {
        Span<byte> key = stackalloc byte[32];
        if (secret is null) RandomNumberGenerator.Fill(key);
        else HMACSHA256.HashData(secret.Value.Span, Encoding.ASCII.GetBytes("spate tracker connection ids"), key);
        key0 = BinaryPrimitives.ReadUInt64LittleEndian(key);
        key1 = BinaryPrimitives.ReadUInt64LittleEndian(key[8..]);
    }

    /// <summary>An id for an address of 4 or 16 bytes.</summary>
    public ulong Make(ReadOnlySpan<byte> address, ulong nowSeconds) => Hash(address, nowSeconds) << 8 | (byte)nowSeconds;

    /// <summary>Whether the id was made for this address within the last two minutes.</summary>
    public bool IsValid(ulong id, ReadOnlySpan<byte> address, ulong nowSeconds)
    {
        // The lower eight bits of the time say which of the last seconds was meant; the hash covers all of it.
        int age = (byte)(nowSeconds + ClockAheadSeconds - id) - ClockAheadSeconds;
        if (age > LifetimeSeconds) return false;
        return Hash(address, nowSeconds - (ulong)age) << 8 == (id & ~0xFFul);
    }

    private ulong Hash(ReadOnlySpan<byte> address, ulong seconds)
    {
        // The last word's highest bit tells the families apart: no IPv6 address may have the ids of an IPv4 address.
        if (address.Length == 4) return SipHash(MemoryMarshal.Read<uint>(address), 0, seconds | 1ul << 63);
        return SipHash(MemoryMarshal.Read<ulong>(address), MemoryMarshal.Read<ulong>(address[8..]), seconds);
    }

    // SipHash-2-4 (Aumasson and Bernstein) of three words, which are 24 bytes.
    private ulong SipHash(ulong word0, ulong word1, ulong word2)
    {
        ulong v0 = key0 ^ 0x736F_6D65_7073_6575, v1 = key1 ^ 0x646F_7261_6E64_6F6D;
        ulong v2 = key0 ^ 0x6C79_6765_6E65_7261, v3 = key1 ^ 0x7465_6462_7974_6573;
        Absorb(word0, ref v0, ref v1, ref v2, ref v3);
        Absorb(word1, ref v0, ref v1, ref v2, ref v3);
        Absorb(word2, ref v0, ref v1, ref v2, ref v3);
        Absorb(24ul << 56, ref v0, ref v1, ref v2, ref v3); // the length ends the message
        v2 ^= 0xFF;
        for (int i = 0; i < 4; i++) Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Absorb(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v2 += v3;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 = BitOperations.RotateLeft(v0, 32) + v3;
        v2 += v1;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
