using System.Buffers.Binary;
using System.Numerics;

namespace Spate.Protocol;

/// <summary>A set of piece indices in the order of the wire: the first piece is the highest bit of the first byte (BEP 3).</summary>
public sealed class Bitfield
{
    private readonly ulong[] words;

    /// <summary>An empty set.</summary>
    /// <param name="length">Number of pieces, zero or more.</param>
    public Bitfield(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        words = new ulong[(length + 63) / 64];
    }

    /// <summary>A copy.</summary>
    public Bitfield(Bitfield other)
    {
        (Length, Count) = (other.Length, other.Count);
        words = (ulong[])other.words.Clone();
    }

    /// <summary>Number of pieces.</summary>
    public int Length { get; }

    /// <summary>How many of them are in the set.</summary>
    public int Count { get; private set; }

    /// <summary>True when every piece is in the set.</summary>
    public bool IsFull => Count == Length;

    /// <summary>Bytes that the set takes on the wire.</summary>
    public int WireLength => (Length + 7) / 8;

    /// <summary>Whether the piece is in the set. The index must be in range.</summary>
    public bool this[int index] => (words[index >> 6] & Mask(index)) != 0;

    private static ulong Mask(int index) => 1UL << (63 - (index & 63));

    /// <summary>Adds a piece; false when it was there already.</summary>
    public bool Set(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length, nameof(index));
        ref ulong word = ref words[index >> 6];
        if ((word & Mask(index)) != 0) return false;
        word |= Mask(index);
        Count++;
        return true;
    }

    /// <summary>Removes a piece; false when it was not there.</summary>
    public bool Clear(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length, nameof(index));
        ref ulong word = ref words[index >> 6];
        if ((word & Mask(index)) == 0) return false;
        word &= ~Mask(index);
        Count--;
        return true;
    }

    /// <summary>Removes all pieces.</summary>
    public void ClearAll()
    {
        Array.Clear(words);
        Count = 0;
    }

    /// <summary>Adds all pieces.</summary>
    public void SetAll()
    {
        Array.Fill(words, ulong.MaxValue);
        if ((Length & 63) != 0) words[^1] = ulong.MaxValue << (64 - (Length & 63));
        Count = Length;
    }

    /// <summary>The first piece at or after <paramref name="from"/> that is in the set, or -1.</summary>
    public int NextSet(int from) => Next(from, 0);

    /// <summary>The first piece at or after <paramref name="from"/> that is not in the set, or -1.</summary>
    public int NextClear(int from) => Next(from, ulong.MaxValue);

    private int Next(int from, ulong flip)
    {
        if ((uint)from >= (uint)Length) return -1;
        int at = from >> 6;
        ulong word = (words[at] ^ flip) & (ulong.MaxValue >> (from & 63));
        while (word == 0)
        {
            if (++at >= words.Length) return -1;
            word = words[at] ^ flip;
        }
        int index = (at << 6) + BitOperations.LeadingZeroCount(word);
        return index < Length ? index : -1;
    }

    /// <summary>True when this set holds a piece that <paramref name="other"/>, of the same length, lacks.</summary>
    public bool HasAnyNotIn(Bitfield other)
    {
        for (int i = 0; i < words.Length; i++)
        {
            if ((words[i] & ~other.words[i]) != 0) return true;
        }
        return false;
    }

    /// <summary>Writes <see cref="WireLength"/> bytes.</summary>
    public void CopyToWire(Span<byte> wire)
    {
        Span<byte> word = stackalloc byte[8];
        for (int i = 0, left = WireLength; left > 0; i++, left -= 8)
        {
            BinaryPrimitives.WriteUInt64BigEndian(word, words[i]);
            word[..Math.Min(8, left)].CopyTo(wire[(i * 8)..]);
        }
    }

    /// <summary>
    /// Reads a bitfield message's payload. False when its length is not that of <paramref name="length"/> pieces or a spare bit at
    /// the end is set (BEP 3).
    /// </summary>
    public static bool TryFromWire(ReadOnlySpan<byte> wire, int length, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Bitfield? bitfield)
    {
        bitfield = null;
        if (length < 0 || wire.Length != (length + 7) / 8) return false;
        if ((length & 7) != 0 && (wire[^1] & (0xff >> (length & 7))) != 0) return false;
        var result = new Bitfield(length);
        Span<byte> word = stackalloc byte[8];
        int count = 0;
        for (int i = 0; i < result.words.Length; i++)
        {
            ReadOnlySpan<byte> rest = wire[(i * 8)..];
            word.Clear();
            rest[..Math.Min(8, rest.Length)].CopyTo(word);
            result.words[i] = BinaryPrimitives.ReadUInt64BigEndian(word);
            count += BitOperations.PopCount(result.words[i]);
        }
        result.Count = count;
        bitfield = result;
        return true;
    }
}
