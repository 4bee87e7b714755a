using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Spate.Protocol;

/// <summary>Thirty-two bytes of SHA-256: a v2 info-hash or a node of a v2 Merkle tree (BEP 52).</summary>
[InlineArray(Size)]
public struct Sha256Hash : IEquatable<Sha256Hash>
{
    /// <summary>Bytes in the hash.</summary>
    public const int Size = 32;

    private byte first;

    /// <summary>Copies exactly <see cref="Size"/> bytes.</summary>
    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public Sha256Hash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"A SHA-256 hash has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        bytes.CopyTo(this);
    }

    /// <summary>The SHA-256 of the given bytes.</summary>
    public static Sha256Hash Of(ReadOnlySpan<byte> data)
    {
        Sha256Hash hash = default;
        SHA256.HashData(data, hash);
        return hash;
    }

    /// <summary>A view of the bytes; valid as long as the variable it was taken from.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in first, Size);

    /// <inheritdoc/>
    public readonly bool Equals(Sha256Hash other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Sha256Hash other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(AsSpan());

    /// <summary>Sixty-four lower-case hexadecimal digits.</summary>
    public override readonly string ToString() => Convert.ToHexStringLower(AsSpan());

    public static bool operator ==(Sha256Hash left, Sha256Hash right) => left.Equals(right);
    public static bool operator !=(Sha256Hash left, Sha256Hash right) => !left.Equals(right);
}
