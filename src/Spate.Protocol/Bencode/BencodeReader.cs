using System.Buffers.Text;

namespace Spate.Protocol.Bencode;

/// <summary>
/// Walks a bencoded document (BEP 3) from front to back without allocating. <see cref="TryOpen"/> checks the syntax of the
/// whole document once; from then on only the kinds of values can surprise, and every method says so by returning false and
/// staying where it is. Nothing here throws, whatever the bytes.
/// </summary>
/// <example>
/// <code>
/// if (!BencodeReader.TryOpen(bytes, BencodeLimits.Dht, out var reader, out var fault)) return fault;
/// if (!reader.TryFindKey("t"u8, out var t) || !t.TryReadBytes(out var transaction)) return …;
/// </code>
/// </example>
public ref struct BencodeReader
{
    private readonly ReadOnlySpan<byte> data;
    private readonly int origin;
    private readonly bool sorted;
    private int at;

    private BencodeReader(ReadOnlySpan<byte> data, int origin, bool sorted)
    {
        this.data = data;
        this.origin = origin;
        this.sorted = sorted;
    }

    /// <summary>Bytes from the start of the document to what comes next.</summary>
    public readonly int Offset => origin + at;

    /// <summary>What comes next.</summary>
    public readonly BencodeKind Kind
    {
        get
        {
            if ((uint)at >= (uint)data.Length) return BencodeKind.End;
            return data[at] switch
            {
                (byte)'i' => BencodeKind.Integer,
                (byte)'l' => BencodeKind.List,
                (byte)'d' => BencodeKind.Dictionary,
                (byte)'e' => BencodeKind.End,
                _ => BencodeKind.Bytes,
            };
        }
    }

    /// <summary>Checks a document that is exactly one value, and stands before that value.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> document, scoped in BencodeLimits limits, out BencodeReader reader, out BencodeFault fault)
    {
        if (!TryOpenPrefix(document, limits, out reader, out int length, out fault)) return false;
        if (length == document.Length) return true;
        fault = new BencodeFault(BencodeError.TrailingBytes, length);
        reader = default;
        return false;
    }

    /// <summary>
    /// Checks the value at the start of <paramref name="document"/> and stands before it. Other bytes may follow it, as in the
    /// data message of BEP 9; <paramref name="length"/> says how long the value is.
    /// </summary>
    public static bool TryOpenPrefix(
        ReadOnlySpan<byte> document, scoped in BencodeLimits limits, out BencodeReader reader, out int length, out BencodeFault fault)
    {
        fault = BencodeSyntax.Check(document, limits, out length);
        bool valid = fault.Error == BencodeError.None;
        reader = valid ? new BencodeReader(document[..length], 0, !limits.AllowUnsortedKeys) : default;
        return valid;
    }

    /// <summary>Reads an integer. False when something else comes next or the integer needs more than 64 bits.</summary>
    public bool TryReadInt64(out long value)
    {
        value = 0;
        if (Kind != BencodeKind.Integer) return false;
        ReadOnlySpan<byte> text = data[(at + 1)..];
        if (!Utf8Parser.TryParse(text, out value, out int used) || text[used] != 'e') return false;
        at += used + 2;
        return true;
    }

    /// <summary>Reads an integer from 0 to <see cref="int.MaxValue"/>. False when something else comes next.</summary>
    public bool TryReadCount(out int value)
    {
        int before = at;
        if (TryReadInt64(out long wide) && wide is >= 0 and <= int.MaxValue)
        {
            value = (int)wide;
            return true;
        }
        at = before;
        value = 0;
        return false;
    }

    /// <summary>Reads a string as the bytes it is. False when something else comes next.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        if (Kind != BencodeKind.Bytes)
        {
            bytes = default;
            return false;
        }
        int start = StringAt(at, out int length);
        bytes = data.Slice(start, length);
        at = start + length;
        return true;
    }

    /// <summary>Reads a string of exactly <paramref name="length"/> bytes. False, and nothing read, when it is anything else.</summary>
    public bool TryReadBytes(int length, out ReadOnlySpan<byte> bytes)
    {
        int before = at;
        if (TryReadBytes(out bytes) && bytes.Length == length) return true;
        at = before;
        bytes = default;
        return false;
    }

    /// <summary>Goes into a list. Read its values until <see cref="TryLeave"/> is true.</summary>
    public bool TryEnterList()
    {
        if (Kind != BencodeKind.List) return false;
        at++;
        return true;
    }

    /// <summary>Goes into a dictionary. Take its keys with <see cref="TryReadKey"/> until that is false.</summary>
    public bool TryEnterDictionary()
    {
        if (Kind != BencodeKind.Dictionary) return false;
        at++;
        return true;
    }

    /// <summary>
    /// Inside a dictionary: takes the next key and stands before its value. At the end of the dictionary it steps out of it and
    /// is false.
    /// </summary>
    public bool TryReadKey(out ReadOnlySpan<byte> key) => TryReadBytes(out key) || (TryLeave() && false);

    /// <summary>Steps out of the list or dictionary when its end comes next; else does nothing and is false.</summary>
    public bool TryLeave()
    {
        if (Kind != BencodeKind.End) return false;
        if (at < data.Length) at++;
        return true;
    }

    /// <summary>Passes over the next value and returns its bytes as they stand in the document; empty at an end.</summary>
    public ReadOnlySpan<byte> ReadRaw()
    {
        int start = at;
        Skip();
        return data[start..at];
    }

    /// <summary>Passes over the next value and returns a reader that stands before it and ends after it.</summary>
    public BencodeReader ReadValue()
    {
        int start = at;
        Skip();
        return new BencodeReader(data[start..at], origin + start, sorted);
    }

    /// <summary>Passes over the next value; does nothing at an end.</summary>
    public void Skip()
    {
        int depth = 0;
        do
        {
            switch (Kind)
            {
                case BencodeKind.Integer:
                    at += data[at..].IndexOf((byte)'e') + 1;
                    break;
                case BencodeKind.Bytes:
                    at = StringAt(at, out int length) + length;
                    break;
                case BencodeKind.End:
                    if (depth == 0) return;
                    at++;
                    depth--;
                    break;
                default:
                    at++;
                    depth++;
                    break;
            }
        }
        while (depth > 0);
    }

    /// <summary>
    /// When a dictionary comes next: finds the value of a key in it, and leaves this reader before the dictionary.
    /// False when there is no such key or no dictionary.
    /// </summary>
    public readonly bool TryFindKey(scoped ReadOnlySpan<byte> key, out BencodeReader value)
    {
        BencodeReader inside = this;
        if (inside.TryEnterDictionary())
        {
            while (inside.TryReadKey(out ReadOnlySpan<byte> found))
            {
                int order = found.SequenceCompareTo(key);
                if (order == 0)
                {
                    value = inside.ReadValue();
                    return true;
                }
                if (order > 0 && sorted) break;
                inside.Skip();
            }
        }
        value = default;
        return false;
    }

    // Where the bytes of the string at this position start. The syntax was checked, so the digits and the colon are there.
    private readonly int StringAt(int position, out int length)
    {
        int value = 0;
        int i = position;
        while (data[i] != ':') value = value * 10 + (data[i++] - '0');
        length = value;
        return i + 1;
    }
}
