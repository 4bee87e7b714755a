using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spate.Protocol;

/// <summary>The twenty bytes by which a client names itself in handshakes and announces (BEP 3, BEP 20).</summary>
[InlineArray(Size)]
public struct PeerId : IEquatable<PeerId>
{
    /// <summary>Bytes in the id.</summary>
    public const int Size = 20;

    private byte first;

    /// <summary>Copies exactly <see cref="Size"/> bytes.</summary>
    /// <exception cref="ArgumentException">The span is not 20 bytes long.</exception>
    public PeerId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size) throw new ArgumentException($"A peer id has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        bytes.CopyTo(this);
    }

    /// <summary>An Azureus-style id (BEP 20): <c>-sPvvvv-</c> and twelve random bytes, made printable. (<c>SP</c> is BitSpirit.)</summary>
    /// <param name="version">Four characters, such as <c>0100</c>.</param>
    /// <param name="random">At least twelve random bytes.</param>
    public static PeerId Create(ReadOnlySpan<char> version, ReadOnlySpan<byte> random)
    {
        const string alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        PeerId id = default;
        Span<byte> bytes = id;
        "-sP"u8.CopyTo(bytes);
        for (int i = 0; i < 4; i++) bytes[3 + i] = (byte)version[i];
        bytes[7] = (byte)'-';
        for (int i = 0; i < 12; i++) bytes[8 + i] = (byte)alphabet[random[i] % alphabet.Length];
        return id;
    }

    /// <summary>A view of the bytes; valid as long as the variable it was taken from.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in first, Size);

    /// <inheritdoc/>
    public readonly bool Equals(PeerId other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is PeerId other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => MemoryMarshal.Read<int>(AsSpan()[12..]);

    /// <summary>Printable ASCII as it is, every other byte as a percent escape.</summary>
    public override readonly string ToString()
    {
        var text = new System.Text.StringBuilder(Size);
        foreach (byte b in AsSpan())
        {
            if (b is > 0x20 and < 0x7f and not (byte)'%') text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2"));
        }
        return text.ToString();
    }

    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);
    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);
}
