using System.Globalization;

namespace Spate.Cli.Terminal;

/// <summary>Times as people write them: 90s, 30m, 2h, 1d.</summary>
internal static class Duration
{
    private static readonly (string Unit, double Seconds)[] Units =
        [("seconds", 1), ("sec", 1), ("minutes", 60), ("min", 60), ("hours", 3600), ("days", 86400), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];

    /// <summary>Reads a time; a bare number is one of <paramref name="bare"/>.</summary>
    public static bool TryParse(string text, TimeSpan bare, out TimeSpan time)
    {
        time = default;
        string number = text.Trim();
        double factor = bare.TotalSeconds;
        foreach ((string unit, double seconds) in Units)
        {
            if (!number.EndsWith(unit, StringComparison.OrdinalIgnoreCase)) continue;
            (number, factor) = (number[..^unit.Length].TrimEnd(), seconds);
            break;
        }
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount)) return false;
        if ((double)amount * factor > TimeSpan.FromDays(36_500).TotalSeconds) return false;
        time = TimeSpan.FromSeconds((double)amount * factor);
        return true;
    }
}
