using System.Globalization;
using System.Text.RegularExpressions;
using Spate.Daemon.Operations;

namespace Spate.Daemon.Tests.Operations;

public sealed partial class MetricsPageTests
{
    [Fact]
    public void Every_line_is_as_prometheus_reads_it_whatever_names_hold()
    {
        string text = MetricsPage.Write(Session(
            Torrent(1) with { Name = "a \"quoted\" \\ name\nspate_peers 666" }, Torrent(2) with { Name = new string('ü', 199) + "😀", Progress = 0.5 }));
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var typed = new HashSet<string>();
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal)) Assert.True(typed.Add(line.Split(' ')[2]), line);
            if (line.StartsWith('#')) continue;
            Match sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            Assert.Contains(sample.Groups[1].Value, typed);
            Assert.True(double.TryParse(sample.Groups[2].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _), line);
        }
        Assert.Contains("spate_peers 7\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("spate_peers 666\n", text, StringComparison.Ordinal);
        Assert.Contains("spate_torrents{state=\"seeding\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("} 0.5\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_busiest_have_series_of_their_own()
    {
        TorrentMetrics[] torrents = [.. Enumerable.Range(0, 10_000).Select(i => Torrent(i) with { UploadRate = i })];
        string text = MetricsPage.Write(Session(torrents), mostTorrents: 50);
        Assert.Equal(50, Regex.Count(text, "(?m)^spate_torrent_peers{"));
        Assert.Contains("id=\"09999\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"09949\"", text, StringComparison.Ordinal);
        Assert.Contains("spate_torrents_without_series 9950\n", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1, 100_000);
    }

    [Fact]
    public void All_names_are_documented()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder);
        string page = File.ReadAllText(Path.Combine(folder!, "docs", "daemon.md"));
        string text = MetricsPage.Write(Session(Torrent(1)) with { DhtNodes = 1, FreeBytes = 1 });
        foreach (Match type in Type().Matches(text)) Assert.Contains($"`{type.Groups[1].Value}`", page, StringComparison.Ordinal);
    }

    private static SessionMetrics Session(params TorrentMetrics[] torrents) => new() { Version = "1.2.3", Peers = 7, Torrents = torrents };

    private static TorrentMetrics Torrent(int i) => new() { Id = $"{i:d5}", Name = $"torrent {i}", State = "seeding" };

    [GeneratedRegex("""^([a-z_]+)(?:\{[a-z]+="(?:[^"\\]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\]|\\["\\n])*")*\})? (\S+)$""")]
    private static partial Regex Sample();

    [GeneratedRegex("(?m)^# TYPE (\\S+)")]
    private static partial Regex Type();
}
