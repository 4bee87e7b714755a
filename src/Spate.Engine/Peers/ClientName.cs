using System.Text;
using Spate.Protocol;

namespace Spate.Engine.Peers;

/// <summary>Guesses a client's name from its peer id (BEP 20), for people to read.</summary>
public static class ClientName
{
    private static readonly Dictionary<string, string> ByCode = new(StringComparer.Ordinal)
    {
        ["AZ"] = "Vuze", ["BC"] = "BitComet", ["BI"] = "BiglyBT", ["BT"] = "BitTorrent", ["DE"] = "Deluge", ["FD"] = "Free Download Manager",
        ["GT"] = "anacrolix", ["KT"] = "KTorrent", ["LT"] = "libtorrent", ["lt"] = "rTorrent", ["MO"] = "MonoTorrent", ["PI"] = "PicoTorrent",
        ["qB"] = "qBittorrent", ["RN"] = "rain", ["rQ"] = "rqbit", ["sP"] = "Spate", ["TR"] = "Transmission", ["UM"] = "µTorrent Mac",
        ["UT"] = "µTorrent", ["WW"] = "WebTorrent", ["WD"] = "WebTorrent Desktop", ["XL"] = "Xunlei",
    };

    /// <summary>Name and version, or the id itself where nothing is known of it.</summary>
    public static string Of(PeerId id)
    {
        ReadOnlySpan<byte> bytes = id.AsSpan();
        if (bytes[0] == '-' && bytes[7] == '-')
        {
            string code = Encoding.Latin1.GetString(bytes[1..3]);
            if (ByCode.TryGetValue(code, out string? name)) return $"{name} {Version(code, bytes[3..7])}";
        }
        if (bytes.StartsWith("A2-"u8)) return "aria2 " + new PeerId(bytes).ToString()[3..].Replace('-', '.').TrimEnd('.').Split('.', 4) switch
        {
            [var major, var minor, var patch, ..] => $"{major}.{minor}.{patch}",
            _ => "",
        };
        return id.ToString()[..Math.Min(8, id.ToString().Length)];
    }

    // Each character is one number: 0-9, then A-Z; Transmission writes 3.00 as "3000".
    private static string Version(string code, ReadOnlySpan<byte> digits)
    {
        if (code == "TR" && char.IsAsciiDigit((char)digits[0])) return $"{(char)digits[0]}.{(char)digits[1]}{(char)digits[2]}";
        var text = new StringBuilder();
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiLetterOrDigit((char)digit)) break;
            if (text.Length > 0) text.Append('.');
            text.Append(char.IsAsciiDigit((char)digit) ? digit - '0' : char.ToUpperInvariant((char)digit) - 'A' + 10);
        }
        string version = text.ToString();
        while (version.EndsWith(".0", StringComparison.Ordinal) && version.Count(c => c == '.') > 1) version = version[..^2];
        return version;
    }
}
