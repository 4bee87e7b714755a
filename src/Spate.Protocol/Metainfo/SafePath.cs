using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Spate.Protocol;

/// <summary>
/// Makes one component of a path from a torrent safe: the result is never empty, never <c>.</c> or <c>..</c>, has no separator
/// and no control character and at most 255 bytes as UTF-8. The same bytes always give the same name.
/// </summary>
public static class SafePath
{
    /// <summary>What common file systems take, in bytes of UTF-8.</summary>
    public const int MaxComponentBytes = 255;

    // An extension is kept whole when a name is shortened, as long as it looks like one.
    private const int MaxExtensionBytes = 32;

    private static readonly SearchValues<char> NeverAllowed = SearchValues.Create(
        [.. Range(0, 0x1f), '/', '\\', .. Range(0x7f, 0x9f)]);

    // Windows' own, line separators, and the marks that turn the direction of text round ("gpj.exe" that reads "exe.jpg").
    private static readonly SearchValues<char> NotPortable = SearchValues.Create(
        [.. Range(0, 0x1f), '/', '\\', .. Range(0x7f, 0x9f), '<', '>', ':', '"', '|', '?', '*',
         '\u2028', '\u2029', .. Range(0x202a, 0x202e), .. Range(0x2066, 0x2069)]);

    private static readonly string[] DeviceNames =
    [
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$",
        "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
        "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
    ];

    /// <summary>The component as text for display: invalid UTF-8 becomes U+FFFD, nothing else changes.</summary>
    public static string Decode(ReadOnlySpan<byte> component) => Encoding.UTF8.GetString(component);

    /// <summary>A safe name for a component as it stands in the torrent.</summary>
    public static string Component(ReadOnlySpan<byte> component, FileNameRules rules = FileNameRules.Portable) =>
        Component(component, Decode(component), rules);

    /// <summary>The same for a component that was decoded already; the same string comes back when there is nothing to change.</summary>
    internal static string Component(ReadOnlySpan<byte> component, string decoded, FileNameRules rules) =>
        Component(Utf8.IsValid(component) ? decoded : decoded.Replace('\ufffd', '_'), rules);

    /// <summary>A safe name for a component.</summary>
    public static string Component(string component, FileNameRules rules = FileNameRules.Portable)
    {
        string name = Replace(component, rules == FileNameRules.Portable ? NotPortable : NeverAllowed);
        if (name is "" or "." or "..") return name.Replace('.', '_').PadLeft(1, '_');
        if (rules == FileNameRules.Portable) name = MakePortable(name);
        return Fit(name, suffix: "");
    }

    /// <summary>Why a name that somebody chose can't be stored on every common system, for people; null when it can.</summary>
    public static string? Refuse(string name)
    {
        if (name.Length == 0) return "A name may not be empty.";
        if (name is "." or "..") return $"\"{name}\" is no name.";
        if (name.AsSpan().IndexOfAny('/', '\\') >= 0) return "A name may not hold / or \\: one file or folder is renamed at a time, and stays where it is.";
        if (Encoding.UTF8.GetByteCount(name) > MaxComponentBytes) return $"It is longer than {MaxComponentBytes} bytes, which is what file systems take.";
        string safe = Component(name);
        return safe == name ? null : $"Not every system can store a file of this name; \"{safe}\" would do.";
    }

    /// <summary>The same name with a number before its extension, short enough: what a second file of that name is called.</summary>
    internal static string Numbered(string name, int number) => Fit(name, $" ({number})", reserved: " (9999999)".Length);

    private static string MakePortable(string name)
    {
        int end = name.AsSpan().TrimEnd(" .").Length;
        if (end < name.Length) name = string.Concat(name.AsSpan(0, end), new string('_', name.Length - end));

        int dot = name.IndexOf('.');
        ReadOnlySpan<char> stem = name.AsSpan(0, dot < 0 ? name.Length : dot).TrimEnd(' ');
        if (stem.Length is not (3 or 4 or 6 or 7)) return name; // as long as any of them
        foreach (string device in DeviceNames)
        {
            if (stem.Equals(device, StringComparison.OrdinalIgnoreCase)) return string.Concat(stem, "_", name.AsSpan(stem.Length));
        }
        return name;
    }

    private static string Replace(string text, SearchValues<char> unwanted)
    {
        int first = text.AsSpan().IndexOfAny(unwanted);
        if (first < 0 && IsWellFormed(text)) return text;
        return string.Create(text.Length, (text, unwanted), static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
            {
                char c = source.text[i];
                if (char.IsHighSurrogate(c) && i + 1 < target.Length && char.IsLowSurrogate(source.text[i + 1]))
                {
                    target[i] = c;
                    target[++i] = source.text[i];
                }
                else target[i] = char.IsSurrogate(c) || source.unwanted.Contains(c) ? '_' : c;
            }
        });
    }

    private static bool IsWellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || ++i == text.Length || !char.IsLowSurrogate(text[i])) return false;
        }
        return true;
    }

    private static string Fit(string name, string suffix, int reserved = 0)
    {
        if (Encoding.UTF8.GetByteCount(name) <= MaxComponentBytes - reserved && suffix.Length == 0) return name;

        int dot = name.LastIndexOf('.');
        string extension = dot > 0 ? name[dot..] : "";
        int extensionBytes = Encoding.UTF8.GetByteCount(extension);
        if (extensionBytes > MaxExtensionBytes) (extension, extensionBytes) = ("", 0);

        string stem = name[..^extension.Length];
        int room = MaxComponentBytes - extensionBytes - reserved;
        int length = 0;
        foreach (Rune rune in stem.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0) break;
            length += rune.Utf16SequenceLength;
        }
        // A name that was cut must not come to end in a dot or a space, nor become "..".
        if (length < stem.Length) stem = stem[length - 1] is ' ' or '.' ? stem[..(length - 1)] + '_' : stem[..length];
        return stem + suffix + extension;
    }

    private static IEnumerable<char> Range(int first, int last) => Enumerable.Range(first, last - first + 1).Select(i => (char)i);
}
