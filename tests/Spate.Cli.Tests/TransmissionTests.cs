using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spate.Protocol;

namespace Spate.Cli.Tests;

/// <summary>
/// What we say about torrents is what transmission's programs say, and torrents of each are right for the other. They come with the
/// Debian package transmission-cli, which ./test installs; without them these tests fail.
/// </summary>
public sealed partial class TransmissionTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    private string Tool(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = terminal.Folder,
            Environment = { ["LC_ALL"] = "C.UTF-8", ["TZ"] = "UTC" },
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"{program} is not installed: run ./test, or apt-get install transmission-cli.", e);
        }
        using (process)
        {
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{error.Result}");
            return output;
        }
    }

    [GeneratedRegex(@"^  ([A-Z][A-Za-z ]+): (.*)$", RegexOptions.Multiline)]
    private static partial Regex ShownField();

    // transmission-show against our show --json.
    private void SaysTheSame(string torrent)
    {
        string shown = Tool("transmission-show", torrent);
        Dictionary<string, string> fields = ShownField().Matches(shown).DistinctBy(m => m.Groups[1].Value).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value);
        terminal.Ok("show", torrent, "--json");
        JsonElement ours = terminal.Json;

        Assert.Equal(fields["Name"], ours.GetProperty("name").GetString());
        Assert.Equal(fields["Hash"], ours.GetProperty("info_hash").GetProperty("v1").GetString());
        Assert.Equal(fields["Piece Count"], ours.GetProperty("piece_count").GetInt32().ToString());
        Assert.Equal(fields["Privacy"] == "Private torrent", ours.GetProperty("private").GetBoolean());
        Assert.Equal(fields.GetValueOrDefault("Comment"), ours.TryGetProperty("comment", out JsonElement comment) ? comment.GetString() : null);
        Assert.Equal(fields.GetValueOrDefault("Created by"), ours.TryGetProperty("created_by", out JsonElement by) ? by.GetString() : null);
        if (fields.TryGetValue("Created on", out string? date))
        {
            string mine = ours.GetProperty("creation_date").GetDateTimeOffset().ToString("ddd MMM d HH:mm:ss yyyy");
            Assert.Equal(string.Join(' ', date.Split(' ', StringSplitOptions.RemoveEmptyEntries)), mine);
        }
        long pieceLength = ours.GetProperty("piece_length").GetInt64();
        Assert.Equal(fields["Piece Size"], pieceLength >= 1 << 20 ? $"{pieceLength / 1048576.0:F2} MiB" : $"{pieceLength / 1024.0:F2} KiB");

        Assert.Equal(Section(shown, "WEBSEEDS"), ours.GetProperty("web_seeds").EnumerateArray().Select(u => u.GetString()!));
        Assert.Equal(
            Section(shown, "TRACKERS").Where(line => !line.StartsWith("Tier #")),
            ours.GetProperty("trackers").EnumerateArray().SelectMany(tier => tier.EnumerateArray().Select(u => u.GetString()!)));
        // transmission-show sorts the files for showing.
        Assert.Equal(
            Section(shown, "FILES").Select(line => line[..line.LastIndexOf(" (", StringComparison.Ordinal)]).Order(StringComparer.Ordinal),
            ours.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("path").GetString()!).Order(StringComparer.Ordinal));

        terminal.Ok("magnet", torrent);
        string[] theirs = Tool("transmission-show", "-m", torrent).Trim().Split('&');
        Assert.Equal(theirs[0], terminal.Out.Trim().Split('&')[0]);
    }

    private static string[] Section(string shown, string title)
    {
        int at = shown.IndexOf($"\n{title}\n", StringComparison.Ordinal);
        if (at < 0) return [];
        return [.. shown[(at + title.Length + 2)..].Split('\n').TakeWhile(line => line.Length == 0 || line[0] == ' ').Select(line => line.Trim()).Where(line => line.Length > 0)];
    }

    /// <summary>Shapes of content: name of the root, and its files; none for a single file.</summary>
    public static TheoryData<string, string[]> Contents => new()
    {
        { "single.bin", [] },
        { "one-in-a-folder", ["only.txt:5000"] },
        { "plain", ["a.txt:100000", "b.txt:1", "c.txt:16384"] },
        { "with-empty", ["a:0", "b:70000", "c:0", "d:3"] },
        { "nested", ["a/b/c/d/e.bin:200000", "a/b/f:5", "g:123456"] },
        { "скрипт 日本語", ["Ünïcödé.txt:4000", "文件.bin:65536", "space name:7"] },
        { "odd-last", ["x:16385", "y:32767"] },
        { "many", [.. Enumerable.Range(0, 500).Select(i => $"f{i:000}:{i * 37}")] },
    };

    private void Write(string name, string[] files)
    {
        if (files.Length == 0) terminal.Write(name, 300_001);
        foreach (string file in files) terminal.Write($"{name}/{file.Split(':')[0]}", long.Parse(file.Split(':')[1]), file.Length);
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public void Our_torrents_are_shown_the_same_by_transmission(string name, string[] files)
    {
        Write(name, files);
        terminal.Ok("create", name, "-o", "ours.torrent", "-t", "http://a.example/announce,http://b.example/announce", "-t", "udp://c.example:80/announce",
            "-w", "http://seed.example/x/", "--comment", "A comment: ünïcödé", "--private");
        SaysTheSame("ours.torrent");
        terminal.Ok("create", name, "-o", "plain.torrent", "--piece-length", "64K");
        SaysTheSame("plain.torrent");
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public void Torrents_of_transmission_are_shown_the_same_and_verified(string name, string[] files)
    {
        Write(name, files);
        Tool("transmission-create", "-o", terminal["theirs.torrent"], "-t", "http://a.example/announce", "-t", "udp://c.example:80", "-c", "their comment", "-s", "64", "-p", terminal[name]);
        SaysTheSame("theirs.torrent");
        terminal.Ok("verify", "theirs.torrent", ".");

        // The same files in the same order have the same pieces, whoever hashes them. transmission-create leaves empty files out.
        terminal.Ok("create", name, "-o", "ours.torrent", "--piece-length", "64K");
        Metainfo theirs = Metainfo.Parse(File.ReadAllBytes(terminal["theirs.torrent"]));
        Metainfo ours = Metainfo.Parse(File.ReadAllBytes(terminal["ours.torrent"]));
        List<(string Path, long Length)> stored = [.. ours.Files.Where(f => f.Length > 0).Select(f => (f.Path, f.Length))];
        Assert.Equal(theirs.Files.Select(f => (f.Path, f.Length)).Order(), stored.Order());
        if (!theirs.Files.Select(f => (f.Path, f.Length)).SequenceEqual(stored)) return;
        for (int piece = 0; piece < ours.PieceCount; piece++) Assert.True(theirs.PieceHash(piece).SequenceEqual(ours.PieceHash(piece)), $"piece {piece}");
    }

    [Fact]
    public void Files_whose_order_both_agree_on_have_the_same_pieces()
    {
        // Guards the comparison above against never comparing: here the orders are surely the same.
        terminal.Write("same/a", 1_000_000);
        terminal.Write("same/b", 1_000_001);
        Tool("transmission-create", "-o", terminal["theirs.torrent"], "-s", "32", terminal["same"]);
        terminal.Ok("create", "same", "-o", "ours.torrent", "--piece-length", "32K");
        Metainfo theirs = Metainfo.Parse(File.ReadAllBytes(terminal["theirs.torrent"]));
        Metainfo ours = Metainfo.Parse(File.ReadAllBytes(terminal["ours.torrent"]));
        Assert.Equal(theirs.PieceCount, ours.PieceCount);
        for (int piece = 0; piece < ours.PieceCount; piece++) Assert.True(theirs.PieceHash(piece).SequenceEqual(ours.PieceHash(piece)));
    }

    [Fact]
    public void Damage_is_found_in_content_of_a_torrent_of_transmission()
    {
        terminal.Write("top/a", 100_000);
        terminal.Write("top/b", 100_000);
        Tool("transmission-create", "-o", terminal["theirs.torrent"], "-s", "32", terminal["top"]);
        using (FileStream b = File.Open(terminal["top/b"], FileMode.Open)) b.SetLength(99_999);
        Assert.Equal(ExitCode.VerifyFailed, terminal.Run("verify", "theirs.torrent", "."));
        Assert.Contains("too short  top/b: 99,999 of 100,000 bytes (piece 6)", terminal.Out);
    }

    [Fact]
    public void Edits_are_seen_by_transmission()
    {
        terminal.Write("a", 100_000);
        Tool("transmission-create", "-o", terminal["x.torrent"], "-t", "http://old.example/", terminal["a"]);
        terminal.Ok("edit", "x.torrent", "-t", "http://new.example/,udp://other.example:1", "--comment", "edited", "--web-seed", "http://w.example/a");
        SaysTheSame("x.torrent");
        Assert.Contains("http://new.example/", Tool("transmission-show", "x.torrent"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("d4:infode")]
    [InlineData("d4:infod6:lengthi5e4:name1:x12:piece lengthi16384eee")]
    [InlineData("<html>")]
    public void What_transmission_refuses_we_refuse_too(string text)
    {
        terminal.Write("bad.torrent", System.Text.Encoding.ASCII.GetBytes(text));
        using Process process = Process.Start(new ProcessStartInfo("transmission-show", [terminal["bad.torrent"]]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.WaitForExit();
        Assert.NotEqual(0, process.ExitCode);
        Assert.Equal(ExitCode.Error, terminal.Run("show", "bad.torrent"));
    }
}
