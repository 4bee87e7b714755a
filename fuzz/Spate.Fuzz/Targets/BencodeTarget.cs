using System.Text;
using Spate.Protocol.Bencode;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>The bencode reader: it agrees with a second, naive reader on what is well-formed, and never with a document that is not canonical.</summary>
internal sealed class BencodeTarget : FuzzTarget
{
    private static readonly BencodeLimits Strict = new(1_000_000, 50, 5_000);

    private readonly BencodeWriter writer = new();

    public override string Name => "bencode";

    public override bool IsBencode => true;

    public override IReadOnlyList<byte[]> Words { get; } =
        [.. new[] { "i0e", "i-1e", "i-0e", "i00e", "le", "de", "0:", "1:a", "00:", "99999999999:", "2147483647:", "i9223372036854775808e", "l", "d", "e", "i", ":" }.Select(Bytes)];

    public override IEnumerable<byte[]> Seeds()
    {
        foreach (string text in new[] { "i42e", "i-7e", "0:", "4:spam", "le", "de", "l4:spami7elee", "d3:cow3:moo4:spaml1:a1:bee", "d0:de1:ali1ei2eee" }) yield return Bytes(text);
        yield return Bytes(new string('l', 40) + new string('e', 40));
        foreach (string info in Infos()) yield return Bytes(info);
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        bool isValid = BencodeReader.TryOpen(input, Strict, out BencodeReader reader, out BencodeFault fault);
        int tokens = 0;
        bool expected = IsCanonical(input, out bool withinLimits);
        Check(isValid == (expected && withinLimits), $"this reader says {(isValid ? "well-formed" : fault.ToString())}, the naive one says {expected}");
        bool lenient = BencodeReader.TryOpen(input, Strict with { AllowUnsortedKeys = true }, out BencodeReader loose, out _);
        Check(lenient || !isValid, "what is strictly right is right leniently");
        if (lenient) Walk(ref loose, ref tokens);
        if (!isValid)
        {
            Check(fault.Error != BencodeError.None && fault.Offset >= 0 && fault.Offset <= input.Length, "an error has a place");
            return (int)fault.Error * 64 + Magnitude(fault.Offset);
        }

        writer.Clear();
        bool copied = Copy(ref reader);
        Check(!copied || writer.Written.SequenceEqual(input), "a document is the only encoding of what it says");
        Check(reader.Kind == BencodeKind.End, "the walk ends where the document does");
        return 4096 + Magnitude(tokens) * 64 + Magnitude(input.Length);
    }

    // Random access of every kind on every value: nothing throws, nothing leaves the document.
    private static void Walk(ref BencodeReader reader, ref int tokens)
    {
        tokens++;
        int before = reader.Offset;
        BencodeReader again = reader;
        Check(again.ReadRaw().Length > 0 || again.Kind == BencodeKind.End, "a value has bytes");
        reader.TryFindKey("a"u8, out _);
        reader.TryReadCount(out _);
        reader = again.Offset > before && reader.Offset == before ? reader : again;
        if (reader.TryEnterList())
        {
            while (!reader.TryLeave()) Walk(ref reader, ref tokens);
        }
        else if (reader.TryEnterDictionary())
        {
            while (reader.TryReadKey(out _)) Walk(ref reader, ref tokens);
        }
        else if (reader.Offset == before) reader.Skip();
        Check(reader.Offset > before, "the walk goes on");
    }

    // False when there is an integer that does not fit 64 bits.
    private bool Copy(ref BencodeReader reader)
    {
        bool whole = true;
        switch (reader.Kind)
        {
            case BencodeKind.Integer:
                if (!reader.TryReadInt64(out long number))
                {
                    writer.Raw(reader.ReadRaw());
                    return false;
                }
                writer.Integer(number);
                break;
            case BencodeKind.Bytes:
                reader.TryReadBytes(out ReadOnlySpan<byte> bytes);
                writer.Bytes(bytes);
                break;
            case BencodeKind.List:
                reader.TryEnterList();
                writer.BeginList();
                while (!reader.TryLeave()) whole &= Copy(ref reader);
                writer.End();
                break;
            case BencodeKind.Dictionary:
                reader.TryEnterDictionary();
                writer.BeginDictionary();
                while (reader.TryReadKey(out ReadOnlySpan<byte> key))
                {
                    writer.Key(key);
                    whole &= Copy(ref reader);
                }
                writer.End();
                break;
        }
        return whole;
    }

    // BEP 3 word by word, on text, with recursion; slow and plain.
    private static bool IsCanonical(ReadOnlySpan<byte> input, out bool withinLimits)
    {
        string text = Encoding.Latin1.GetString(input);
        int at = 0, deepest = 0, tokens = 0;
        bool valid = Value(0) && at == text.Length;
        withinLimits = deepest <= Strict.MaxDepth && tokens <= Strict.MaxTokens;
        return valid;

        bool Value(int depth)
        {
            tokens++;
            deepest = Math.Max(deepest, depth);
            // Deeper than any limit: the verdict on the rest does not matter, and the stack is not endless.
            if (at >= text.Length || depth > 2000) return false;
            switch (text[at])
            {
                case 'i':
                    int end = text.IndexOf('e', at);
                    if (end < 0) return false;
                    string number = text[(at + 1)..end];
                    at = end + 1;
                    string digits = number.StartsWith('-') ? number[1..] : number;
                    return digits.Length > 0 && digits.All(char.IsAsciiDigit) && number != "-0" && (digits == "0" || digits[0] != '0');
                case 'l':
                    deepest = Math.Max(deepest, depth + 1);
                    at++;
                    while (at < text.Length && text[at] != 'e')
                    {
                        if (!Value(depth + 1)) return false;
                    }
                    return at++ < text.Length;
                case 'd':
                    deepest = Math.Max(deepest, depth + 1);
                    at++;
                    string? before = null;
                    while (at < text.Length && text[at] != 'e')
                    {
                        tokens++;
                        if (!String(out string key) || (before is not null && string.CompareOrdinal(before, key) >= 0)) return false;
                        before = key;
                        if (!Value(depth + 1)) return false;
                    }
                    return at++ < text.Length;
                default:
                    return String(out _);
            }
        }

        bool String(out string value)
        {
            value = "";
            int colon = text.IndexOf(':', at);
            if (colon < 0) return false;
            string length = text[at..colon];
            if (length.Length == 0 || !length.All(char.IsAsciiDigit) || (length.Length > 1 && length[0] == '0')) return false;
            if (!int.TryParse(length, out int count) || count > text.Length - colon - 1) return false;
            value = text.Substring(colon + 1, count);
            at = colon + 1 + count;
            return true;
        }
    }
}
