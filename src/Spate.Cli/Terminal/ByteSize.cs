using System.Globalization;

namespace Spate.Cli.Terminal;

/// <summary>Numbers of bytes as people write them: 16K, 1.5GiB, 20MB.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, long Factor)[] Units =
    [
        ("kb", 1000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000),
        ("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("tib", 1L << 40),
        ("k", 1L << 10), ("m", 1L << 20), ("g", 1L << 30), ("t", 1L << 40), ("b", 1),
    ];

    /// <summary>1024 bytes are 1.0 KiB.</summary>
    public static string Show(long bytes)
    {
        if (bytes < 1024) return bytes == 1 ? "1 byte" : $"{bytes} bytes";
        double value = bytes;
        int unit = -1;
        while (value >= 1023.95 && unit < 4)
        {
            value /= 1024;
            unit++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:F1} {"KMGTP"[unit]}iB");
    }

    /// <summary>A rate.</summary>
    public static string ShowRate(double bytesPerSecond) => Show((long)Math.Clamp(bytesPerSecond, 0, 1e18)) + "/s";

    /// <summary>Reads a size. K, M, G, T and KiB… are powers of 1024; KB… are powers of 1000; case does not matter.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string number = text.Trim();
        long factor = 1;
        foreach ((string unit, long value) in Units)
        {
            if (!number.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            (number, factor) = (number[..^unit.Length].TrimEnd(), value);
            break;
        }
        const NumberStyles style = NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(number, style, CultureInfo.InvariantCulture, out decimal amount) || amount > long.MaxValue / factor) return false;
        bytes = (long)(amount * factor);
        return true;
    }
}
