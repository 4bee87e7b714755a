using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// A value that is stored in the DHT (BEP 44): immutable, under its own hash, or mutable, signed, under the hash of a public key and a
/// salt.
/// </summary>
public sealed record DhtItem
{
    /// <summary>The value, bencoded: at most 1000 bytes.</summary>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The Ed25519 public key, 32 bytes; empty for an immutable item.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>Tells apart the items of one key; at most 64 bytes.</summary>
    public ReadOnlyMemory<byte> Salt { get; init; }

    /// <summary>The version of a mutable item.</summary>
    public long Sequence { get; init; }

    /// <summary>The signature of a mutable item, 64 bytes.</summary>
    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>True when it can be replaced by its owner.</summary>
    public bool IsMutable => !PublicKey.IsEmpty;

    /// <summary>The key under which it is stored.</summary>
    public Sha1Hash Target => IsMutable ? TargetOf(PublicKey.Span, Salt.Span) : Sha1Hash.Of(Value.Span);

    /// <summary>The key of the items of a public key with a salt.</summary>
    public static Sha1Hash TargetOf(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> salt) => Sha1Hash.Of([.. publicKey, .. salt]);

    /// <summary>What is signed: salt (where there is one), version and value, each in its bencoded form.</summary>
    public static byte[] SignedBytes(ReadOnlySpan<byte> salt, long sequence, ReadOnlySpan<byte> value)
    {
        string head = salt.IsEmpty ? "" : string.Create(CultureInfo.InvariantCulture, $"4:salt{salt.Length}:");
        string tail = string.Create(CultureInfo.InvariantCulture, $"3:seqi{sequence}e1:v");
        return [.. Encoding.ASCII.GetBytes(head), .. salt, .. Encoding.ASCII.GetBytes(tail), .. value];
    }

    /// <summary>An immutable item.</summary>
    /// <exception cref="ArgumentException">The value is not canonical bencode or too long.</exception>
    public static DhtItem Immutable(ReadOnlyMemory<byte> value)
    {
        CheckValue(value.Span);
        return new DhtItem { Value = value };
    }

    /// <summary>A mutable item, signed.</summary>
    /// <param name="seed">The 32 bytes of which the key pair is made.</param>
    /// <param name="salt">At most 64 bytes.</param>
    /// <param name="sequence">The version; not below 0.</param>
    /// <param name="value">Bencoded, at most 1000 bytes.</param>
    /// <exception cref="ArgumentException">The value is not canonical bencode, or something is too long.</exception>
    /// <exception cref="CryptographicException">There is no Ed25519 on this machine.</exception>
    public static DhtItem Mutable(ReadOnlySpan<byte> seed, ReadOnlyMemory<byte> salt, long sequence, ReadOnlyMemory<byte> value)
    {
        CheckValue(value.Span);
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        if (salt.Length > KrpcLimits.MaxSalt) throw new ArgumentException($"A salt has at most {KrpcLimits.MaxSalt} bytes.", nameof(salt));
        return new DhtItem
        {
            Value = value,
            PublicKey = Ed25519.PublicKeyOf(seed),
            Salt = salt,
            Sequence = sequence,
            Signature = Ed25519.Sign(seed, SignedBytes(salt.Span, sequence, value.Span)),
        };
    }

    /// <summary>Why this item may not be replaced by a version: the error code of BEP 44, or 0 where it may.</summary>
    /// <param name="sequence">The version.</param>
    /// <param name="value">Its value: the same one again is no change.</param>
    /// <param name="cas">The version that must be the current one, or null.</param>
    internal int ErrorOfReplacement(long sequence, ReadOnlySpan<byte> value, long? cas)
    {
        if (cas is not null && cas != Sequence) return KrpcErrors.CasMismatch;
        bool isOlder = sequence < Sequence || (sequence == Sequence && !Value.Span.SequenceEqual(value));
        return isOlder ? KrpcErrors.SequenceTooOld : 0;
    }

    /// <summary>True when the value is canonical bencode of no more than 1000 bytes.</summary>
    internal static bool IsProper(ReadOnlySpan<byte> value) =>
        BencodeReader.TryOpen(value, new BencodeLimits(KrpcLimits.MaxValue, 100, KrpcLimits.MaxValue), out _, out _);

    /// <summary>The item in an answer to <c>get</c>; null when there is none, or when it is not the one that was asked for.</summary>
    internal static DhtItem? From(in KrpcMessage answer, in Sha1Hash target, ReadOnlySpan<byte> salt)
    {
        ReadOnlySpan<byte> value = answer.Value;
        if (value.IsEmpty || !IsProper(value)) return null;
        if (Sha1Hash.Of(value) == target) return new DhtItem { Value = value.ToArray() };
        if (answer.PublicKey.IsEmpty || answer.Signature.IsEmpty || answer.Sequence is not >= 0) return null;
        if (TargetOf(answer.PublicKey, salt) != target) return null;
        if (!Ed25519.IsAvailable || !Ed25519.Verify(answer.PublicKey, SignedBytes(salt, answer.Sequence.Value, value), answer.Signature)) return null;
        return new DhtItem
        {
            Value = value.ToArray(),
            PublicKey = answer.PublicKey.ToArray(),
            Salt = salt.ToArray(),
            Sequence = answer.Sequence.Value,
            Signature = answer.Signature.ToArray(),
        };
    }

    private static void CheckValue(ReadOnlySpan<byte> value)
    {
        if (!IsProper(value))
            throw new ArgumentException($"The value must be canonical bencode of at most {KrpcLimits.MaxValue} bytes.", nameof(value));
    }
}
