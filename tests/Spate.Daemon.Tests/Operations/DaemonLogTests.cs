using System.Text.Json;
using Microsoft.Extensions.Logging;
using Spate.Daemon.Operations;

namespace Spate.Daemon.Tests.Operations;

public sealed class DaemonLogTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("https://a.long.tracker.example/0123456789abcdef0123456789abcdef/announce", "https://a.long.tracker.example/…/announce")]
    [InlineData("announce to http://t.example:80/announce.php?passkey=sesame&x=1 failed", "announce to http://t.example:80/announce.php?… failed")]
    [InlineData("udp://user:word@t.example:1/announce", "udp://t.example:1/announce")]
    [InlineData("open http://127.0.0.1:9091/#token=abcdefghijkl", "open http://127.0.0.1:9091/#…")]
    [InlineData("key spate_abcdefghijklmnopqrstuvwxyz0123456789 used", "key spate_… used")]
    [InlineData("Authorization: Bearer abcdef", "Authorization: Bearer …")]
    [InlineData("Cookie: spate_login=abcdef; x", "Cookie: …; x")]
    [InlineData("{\"password\":\"correct\"}", "{\"password\":\"…\"}")]
    [InlineData("nothing secret: 12:30, a/b/c", "nothing secret: 12:30, a/b/c")]
    public void Secrets_are_taken_out(string text, string expected) => Assert.Equal(expected, Redaction.Clean(text));

    [Fact]
    public void Lines_of_text_can_not_be_forged()
    {
        var output = new StringWriter();
        using (var log = new DaemonLog(new DaemonLogOptions { Output = output, File = folder["log", "spate.log"] }, new FakeTime()))
        {
            ILogger logger = log.CreateLogger("Spate.Daemon.Session");
            logger.Log(LogLevel.Warning, 0, "a torrent\n2026-01-01 00:00:00.000 info Fake: all is well\u001b[31m", null, (state, _) => state);
            logger.Log(LogLevel.Debug, 0, "unseen", null, (state, _) => state);
        }
        string line = Assert.Single(output.ToString().TrimEnd().Split('\n'));
        Assert.StartsWith("2026-11-20 12:00:00.000 +00:00 warn  Session: a torrent 2026-01-01", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', line);
        Assert.Equal(line.TrimEnd(), File.ReadAllText(folder["log", "spate.log"]).TrimEnd());
    }

    [Fact]
    public void Lines_of_json_hold_the_values()
    {
        var output = new StringWriter();
        using var log = new DaemonLog(new DaemonLogOptions { Output = output, Json = true }, new FakeTime());
        log.CreateLogger("Spate").LogError(new IOException("no\nspace"), "Torrent {Name} stopped at {Url}", "x\ny", "http://t.example/a?passkey=sesame");
        using JsonDocument json = JsonDocument.Parse(Assert.Single(output.ToString().TrimEnd().Split('\n')));
        Assert.Equal("error", json.RootElement.GetProperty("level").GetString());
        Assert.Equal("x\ny", json.RootElement.GetProperty("values").GetProperty("Name").GetString());
        Assert.Equal("http://t.example/a?…", json.RootElement.GetProperty("values").GetProperty("Url").GetString());
        Assert.Contains("no\nspace", json.RootElement.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_rolls_and_the_oldest_go()
    {
        string path = folder["spate.log"];
        using (var file = new RollingFile(path, maxBytes: 100, kept: 2))
        {
            for (int i = 0; i < 50; i++) file.WriteLine($"line {i:d3} of fifty");
        }
        string[] files = [.. Directory.GetFiles(folder.Path).Select(name => Path.GetFileName(name)).Order()];
        Assert.Equal(["spate.log", "spate.log.1", "spate.log.2"], files);
        Assert.All(files, name => Assert.InRange(new FileInfo(folder[name]).Length, 1, 100));
        string[] lines = [.. new[] { "spate.log.2", "spate.log.1", "spate.log" }.SelectMany(name => File.ReadAllLines(folder[name]))];
        Assert.Equal(Enumerable.Range(50 - lines.Length, lines.Length).Select(i => $"line {i:d3} of fifty"), lines);
        using (var again = new RollingFile(path, maxBytes: 1000, kept: 2)) again.WriteLine("more");
        Assert.EndsWith("more\n", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_can_not_roll_does_not_throw()
    {
        string path = folder["spate.log"];
        using var file = new RollingFile(path, maxBytes: 10, kept: 1);
        Directory.CreateDirectory(path + ".1");
        for (int i = 0; i < 5; i++) file.WriteLine("a longer line");
    }
}
