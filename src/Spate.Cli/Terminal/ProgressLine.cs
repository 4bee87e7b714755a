using System.Text;

namespace Spate.Cli.Terminal;

/// <summary>What a progress display shows of one task.</summary>
/// <param name="Label">What is going on, or with what; may be a name from a torrent.</param>
/// <param name="Done">Bytes done.</param>
/// <param name="Total">Bytes in all; 0 when that is not known.</param>
/// <param name="BytesPerSecond">The rate; null when there is none yet.</param>
/// <param name="Detail">More, such as the number of peers; may be empty.</param>
internal readonly record struct ProgressLine(string Label, long Done, long Total, double? BytesPerSecond, string Detail = "")
{
    private const int ShortestText = 16; // columns; less of a sentence tells nothing

    /// <summary>From 0 to 1.</summary>
    public double Fraction => Total > 0 ? Math.Clamp((double)Done / Total, 0, 1) : 0;

    /// <summary>Time left at this rate; null when that cannot be told.</summary>
    public TimeSpan? TimeLeft =>
        Total > 0 && BytesPerSecond is > 0 ? TimeSpan.FromSeconds(Math.Min((Total - Done) / BytesPerSecond.Value, 359_999)) : null;

    /// <summary>Part, rate, time left and detail in words.</summary>
    public string Figures() => string.Join("  ", Parts());

    /// <summary>As much of <see cref="Figures"/> as fits, the most important first.</summary>
    public string Figures(int columns)
    {
        var line = new StringBuilder();
        int used = 0;
        foreach (string part in Parts())
        {
            int gap = used == 0 ? 0 : 2, room = columns - used - gap;
            bool fits = TerminalText.Width(part) <= room;
            // Half a sentence is worth more than none.
            if (!fits && (room < ShortestText || !part.Contains(' '))) break;
            string shown = fits ? part : TerminalText.Shorten(part, room);
            line.Append(' ', gap).Append(shown);
            used += gap + TerminalText.Width(shown);
            if (!fits) break;
        }
        return line.ToString();
    }

    private List<string> Parts()
    {
        var parts = new List<string>(6);
        if (Total > 0) parts.Add($"{(int)(Fraction * 100)} %");
        if (Total == 0 && (Done > 0 || Detail.Length == 0)) parts.Add(ByteSize.Show(Done));
        if (BytesPerSecond is { } rate) parts.Add(ByteSize.ShowRate(rate));
        if (Done < Total && TimeLeft is { } left) parts.Add(ShowTime(left) + " left");
        if (Detail.Length > 0) parts.AddRange(TerminalText.Escape(Detail).Split("  "));
        return parts;
    }

    /// <summary>A duration in at most two units.</summary>
    public static string ShowTime(TimeSpan time)
    {
        if (time.TotalHours >= 1) return $"{(int)time.TotalHours} h {time.Minutes} min";
        if (time.TotalMinutes >= 1) return $"{time.Minutes} min {time.Seconds} s";
        return $"{Math.Max(0, (int)Math.Ceiling(time.TotalSeconds))} s";
    }
}
