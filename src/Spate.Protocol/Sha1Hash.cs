using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Spate.Protocol;

/// <summary>Twenty bytes of SHA-1: a v1 info-hash, a piece hash, a DHT node id. A value type without allocation.</summary>
[InlineArray(Size)]
public struct Sha1Hash : IEquatable<Sha1Hash>, IComparable<Sha1Hash>
{
    /// <summary>Bytes in the hash.</summary>
    public const int Size = 20;

    private byte first;

    /// <summary>Copies exactly <see cref="Size"/> bytes.</summary>
    /// <exception cref="ArgumentException">The span is not 20 bytes long.</exception>
    public Sha1Hash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"A SHA-1 hash has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        bytes.CopyTo(this);
    }

    /// <summary>The SHA-1 of the given bytes.</summary>
    public static Sha1Hash Of(ReadOnlySpan<byte> data)
    {
        Sha1Hash hash = default;
        SHA1.HashData(data, hash);
        return hash;
    }

    /// <summary>Reads 40 hexadecimal digits of either case.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, out Sha1Hash hash)
    {
        hash = default;
        return text.Length == Size * 2 && Convert.FromHexString(text, hash, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    /// <summary>A view of the bytes; valid as long as the variable it was taken from.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in first, Size);

    /// <inheritdoc/>
    public readonly bool Equals(Sha1Hash other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Sha1Hash other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(AsSpan());

    /// <summary>Orders as big-endian numbers.</summary>
    public readonly int CompareTo(Sha1Hash other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <summary>Forty lower-case hexadecimal digits.</summary>
    public override readonly string ToString() => Convert.ToHexStringLower(AsSpan());

    public static bool operator ==(Sha1Hash left, Sha1Hash right) => left.Equals(right);
    public static bool operator !=(Sha1Hash left, Sha1Hash right) => !left.Equals(right);
    public static bool operator <(Sha1Hash left, Sha1Hash right) => left.CompareTo(right) < 0;
    public static bool operator >(Sha1Hash left, Sha1Hash right) => left.CompareTo(right) > 0;
    public static bool operator <=(Sha1Hash left, Sha1Hash right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Sha1Hash left, Sha1Hash right) => left.CompareTo(right) >= 0;
}
