namespace Spate.Cli.Terminal;

/// <summary>What a progress display shows of one task.</summary>
/// <param name="Label">What is going on, or with what; may be a name from a torrent.</param>
/// <param name="Done">Bytes done.</param>
/// <param name="Total">Bytes in all; 0 when that is not known.</param>
/// <param name="BytesPerSecond">The rate; null when there is none yet.</param>
/// <param name="Detail">More, such as the number of peers; may be empty.</param>
internal readonly record struct ProgressLine(string Label, long Done, long Total, double? BytesPerSecond, string Detail = "")
{
    /// <summary>From 0 to 1.</summary>
    public double Fraction => Total > 0 ? Math.Clamp((double)Done / Total, 0, 1) : 0;

    /// <summary>Time left at this rate; null when that cannot be told.</summary>
    public TimeSpan? TimeLeft =>
        Total > 0 && BytesPerSecond is > 0 ? TimeSpan.FromSeconds(Math.Min((Total - Done) / BytesPerSecond.Value, 359_999)) : null;

    /// <summary>Rate, time left and detail in words.</summary>
    public string Figures()
    {
        var parts = new List<string>(4);
        if (Total > 0) parts.Add($"{(int)(Fraction * 100)} %");
        if (Total == 0 && (Done > 0 || Detail.Length == 0)) parts.Add(ByteSize.Show(Done));
        if (BytesPerSecond is { } rate) parts.Add(ByteSize.ShowRate(rate));
        if (Done < Total && TimeLeft is { } left) parts.Add(ShowTime(left) + " left");
        if (Detail.Length > 0) parts.Add(TerminalText.Escape(Detail));
        return string.Join("  ", parts);
    }

    /// <summary>A duration in at most two units.</summary>
    public static string ShowTime(TimeSpan time)
    {
        if (time.TotalHours >= 1) return $"{(int)time.TotalHours} h {time.Minutes} min";
        if (time.TotalMinutes >= 1) return $"{time.Minutes} min {time.Seconds} s";
        return $"{Math.Max(0, (int)Math.Ceiling(time.TotalSeconds))} s";
    }
}
