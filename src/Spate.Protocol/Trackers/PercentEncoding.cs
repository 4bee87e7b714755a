namespace Spate.Protocol.Trackers;

/// <summary>Percent-encoding of bytes in queries (RFC 3986), as announces use it for hashes and ids.</summary>
public static class PercentEncoding
{
    /// <summary>
    /// Decodes into <paramref name="into"/>; '+' is a space, as in forms. Returns the decoded length, or -1 for an escape that is
    /// not two hexadecimal digits and for text that does not fit.
    /// </summary>
    public static int Decode(ReadOnlySpan<byte> text, Span<byte> into)
    {
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            int value = text[i];
            if (value == '%')
            {
                if (text.Length - i < 3) return -1;
                value = HexDigit(text[i + 1]) << 4 | HexDigit(text[i + 2]);
                if (value < 0) return -1; // a digit that is none is -1, and stays negative through shift and or
                i += 2;
            }
            else if (value == '+') value = ' ';
            if (length == into.Length) return -1;
            into[length++] = (byte)value;
        }
        return length;
    }

    /// <summary>Appends bytes: letters, digits and <c>-._~</c> as they are, all others as escapes.</summary>
    public static void Append(System.Text.StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~') text.Append((char)b);
            else text.Append('%').Append(Hex[b >> 4]).Append(Hex[b & 15]);
        }
    }

    private const string Hex = "0123456789ABCDEF";

    // 256 entries, -1 where the byte is no hexadecimal digit.
    private static readonly sbyte[] digits = MakeDigits();

    private static int HexDigit(byte b) => digits[b];

    private static sbyte[] MakeDigits()
    {
        var table = new sbyte[256];
        Array.Fill(table, (sbyte)-1);
        for (int i = 0; i < 16; i++)
        {
            table[Hex[i]] = (sbyte)i;
            table[char.ToLowerInvariant(Hex[i])] = (sbyte)i;
        }
        return table;
    }
}
