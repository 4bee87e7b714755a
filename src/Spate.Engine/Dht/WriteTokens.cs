using System.Net;
using System.Security.Cryptography;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Dht;

/// <summary>
/// Tokens that prove that who writes to us has read from us before, at that address and under that key (BEP 5, 44). Nothing is kept
/// for them: a token is a hash over a secret that changes every five minutes; the secret before is good for another five.
/// </summary>
internal sealed class WriteTokens
{
    /// <summary>Bytes of a token.</summary>
    public const int Size = 8;

    private const long RotateMs = 5 * 60_000;

    private readonly IRandom random;
    private readonly byte[] current = new byte[16], previous = new byte[16];
    private long rotatedMs;

    public WriteTokens(IRandom random, long nowMs)
    {
        this.random = random;
        random.Fill(current);
        random.Fill(previous);
        rotatedMs = nowMs;
    }

    /// <summary>Writes the token for an address and a key.</summary>
    public void Write(Span<byte> token, IPAddress address, in Sha1Hash target, long nowMs)
    {
        Rotate(nowMs);
        Make(token, current, address, target);
    }

    /// <summary>True for a token that was given to this address for this key no more than ten minutes ago.</summary>
    public bool IsValid(ReadOnlySpan<byte> token, IPAddress address, in Sha1Hash target, long nowMs)
    {
        Rotate(nowMs);
        if (token.Length != Size) return false;
        Span<byte> expected = stackalloc byte[Size];
        Make(expected, current, address, target);
        if (CryptographicOperations.FixedTimeEquals(token, expected)) return true;
        Make(expected, previous, address, target);
        return CryptographicOperations.FixedTimeEquals(token, expected);
    }

    private void Rotate(long nowMs)
    {
        while (nowMs - rotatedMs >= RotateMs)
        {
            current.CopyTo(previous, 0);
            random.Fill(current);
            rotatedMs = Math.Max(rotatedMs + RotateMs, nowMs - 2 * RotateMs); // after a long sleep two turns are enough
        }
    }

    private static void Make(Span<byte> token, byte[] secret, IPAddress address, in Sha1Hash target)
    {
        Span<byte> input = stackalloc byte[16 + 16 + Sha1Hash.Size];
        secret.CopyTo(input);
        address.TryWriteBytes(input[16..], out int length);
        target.AsSpan().CopyTo(input[(16 + length)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..(16 + length + Sha1Hash.Size)], hash);
        hash[..Size].CopyTo(token);
    }
}
