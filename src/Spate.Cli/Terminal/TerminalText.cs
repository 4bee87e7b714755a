using System.Globalization;
using System.Text;

namespace Spate.Cli.Terminal;

/// <summary>Text from torrents, trackers and peers as a terminal may show it.</summary>
internal static class TerminalText
{
    /// <summary>
    /// The text with everything that steers a terminal, or turns the direction of text round, written as an escape such as \u001b.
    /// </summary>
    public static string Escape(string text)
    {
        int first = 0;
        while (first < text.Length && !IsUnsafe(text, first)) first++;
        if (first == text.Length) return text;
        var safe = new StringBuilder(text.Length + 16).Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            if (!IsUnsafe(text, i)) safe.Append(text[i]);
            else safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
        }
        return safe.ToString();
    }

    /// <summary>Columns that the text takes: 2 for wide East Asian characters and most emoji, 0 for combining marks.</summary>
    public static int Width(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes()) width += Width(rune);
        return width;
    }

    /// <summary>The text in at most so many columns, with … in its middle where something is left out.</summary>
    public static string Shorten(string text, int columns)
    {
        if (Width(text) <= columns) return text;
        if (columns <= 1) return columns == 1 ? "…" : "";
        Rune[] runes = [.. text.EnumerateRunes()];
        int room = columns - 1;
        int head = 0, tail = runes.Length, used = 0;
        // Two thirds of the room for the start; the end often holds the extension.
        while (head < tail && used + Width(runes[head]) <= room - room / 3) used += Width(runes[head++]);
        while (tail > head && used + Width(runes[tail - 1]) <= room) used += Width(runes[--tail]);
        return string.Concat(runes[..head]) + "…" + string.Concat(runes[tail..]);
    }

    /// <summary>The text, cut or filled with spaces to exactly so many columns.</summary>
    public static string Fit(string text, int columns)
    {
        string cut = Shorten(text, columns);
        return cut + new string(' ', columns - Width(cut));
    }

    private static bool IsUnsafe(string text, int index)
    {
        char c = text[index];
        if (c is >= ' ' and < '\u007f') return false;
        if (char.IsHighSurrogate(c)) return index + 1 == text.Length || !char.IsLowSurrogate(text[index + 1]);
        if (char.IsLowSurrogate(c)) return index == 0 || !char.IsHighSurrogate(text[index - 1]);
        return c is < ' ' or (>= '\u007f' and < '\u00a0') or '\u2028' or '\u2029' or '\u200e' or '\u200f' or '\u061c'
            or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\ufeff';
    }

    private static int Width(Rune rune)
    {
        int c = rune.Value;
        if (c < 0x300) return 1;
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format) return 0;
        return c is (>= 0x1100 and <= 0x115f) or (>= 0x2e80 and <= 0x303e) or (>= 0x3041 and <= 0xa4cf) or (>= 0xac00 and <= 0xd7a3)
            or (>= 0xf900 and <= 0xfaff) or (>= 0xfe30 and <= 0xfe6f) or (>= 0xff00 and <= 0xff60) or (>= 0xffe0 and <= 0xffe6)
            or (>= 0x1f300 and <= 0x1f64f) or (>= 0x1f900 and <= 0x1f9ff) or (>= 0x20000 and <= 0x3fffd) ? 2 : 1;
    }
}
