using System.Text;
using System.Text.Json;
using Spate.Api;
using Spate.Cli.Remote;
using static Spate.Cli.Tests.Remote.ScriptedDaemon;

namespace Spate.Cli.Tests.Remote;

/// <summary>The commands that talk to a daemon: what they ask for, what they print, how they end.</summary>
public sealed class RemoteCommandTests : IDisposable
{
    private static readonly string[] server = ["--server", "http://daemon.example:9091"];
    private static readonly string one = "11" + new string('0', 38), two = "12" + new string('0', 38), three = "2" + new string('0', 39);

    private readonly TestTerminal terminal = new();
    private readonly ScriptedDaemon daemon = new();

    public RemoteCommandTests()
    {
        terminal.Set("HOME", terminal.Folder);
        terminal.MakeHttpHandler = () => daemon;
        daemon.Rows.AddRange([Row(one, "Debian 13"), Row(two, "debian-live", TorrentState.Seeding), Row(three, "\u001b[2Jwipe", TorrentState.Paused)]);
    }

    public void Dispose() => terminal.Dispose();

    private ExitCode Run(params string[] arguments) => terminal.Run([.. arguments, .. server]);

    [Fact]
    public void Torrents_are_listed_filtered_and_sorted()
    {
        Assert.Equal(ExitCode.Ok, Run("ls"));
        Assert.Equal(
            """
            id        name              size  done  state             down  up        left  ratio  peers
            11000000  Debian 13      4.0 MiB  25 %  downloading  2.0 KiB/s      1 min 30 s   0.50      3
            12000000  debian-live    4.0 MiB  25 %  seeding      2.0 KiB/s      1 min 30 s   0.50      3
            """,
            string.Join('\n', terminal.Out.Split('\n').Where(line => !line.Contains("wipe"))).TrimEnd());
        // Names are strangers' text.
        Assert.Contains(@"\u001b[2Jwipe", terminal.Out);
        Assert.Contains("3 torrents, down 6.0 KiB/s", terminal.Err);

        Assert.Equal(ExitCode.Ok, Run("ls", "--state", "seeding", "--json"));
        Assert.Equal(two, Assert.Single(terminal.Json.GetProperty("torrents").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(4 << 20, terminal.Json.GetProperty("torrents")[0].GetProperty("wanted_bytes").GetInt64());
        Assert.Equal(ExitCode.Ok, Run("ls", "-n", "1", "-r", "--json"));
        Assert.Equal(two, Assert.Single(terminal.Json.GetProperty("torrents").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(3, terminal.Json.GetProperty("total").GetInt32());
        Assert.Equal(ExitCode.Usage, Run("ls", "--sort", "colour"));
        Assert.Contains("--sort takes one of name, state, size, progress, download-rate,", terminal.Err);
    }

    [Fact]
    public void A_list_of_many_pages_is_whole_and_fits_the_terminal()
    {
        daemon.Rows.Clear();
        for (int i = 0; i < 2345; i++) daemon.Rows.Add(Row(i.ToString("x8") + new string('0', 32), $"a name that is rather long for a terminal of eighty columns, number {i:D5}"));
        Assert.Equal(ExitCode.Ok, Run("ls", "--json", "--sort", "name"));
        Assert.Equal(2345, terminal.Json.GetProperty("torrents").EnumerateArray().Select(row => row.GetProperty("id").GetString()).Distinct().Count());
        terminal.IsTerminal = true;
        terminal.Set("NO_COLOR", "1");
        terminal.Width = 100;
        Assert.Equal(ExitCode.Ok, Run("ls", "-q"));
        Assert.All(terminal.Out.Split('\n'), line => Assert.True(line.Length < 100, line));
    }

    [Fact]
    public void On_a_terminal_empty_columns_give_their_room_to_names_and_totals_come_last()
    {
        daemon.Rows.Clear();
        daemon.Rows.Add(Row(one, "a name that is rather long for a terminal of sixty columns.mkv", TorrentState.Paused) with { DownloadRate = 0, UploadRate = 0, EtaSeconds = null });
        terminal.IsTerminal = true;
        terminal.Set("NO_COLOR", "1");
        terminal.Width = 60;
        Assert.Equal(ExitCode.Ok, Run("ls"));
        string[] lines = terminal.Out.TrimEnd().Split('\n');
        Assert.Matches("^id +name +size  done  state   ratio  peers$", lines[0]);
        Assert.All(lines, line => Assert.True(line.Length < 60, line));
        Assert.Matches("^11000000  a name \\S*.*….*mkv ", lines[1]);
    }

    [Fact]
    public void Help_asks_no_daemon()
    {
        foreach (string command in new[] { "rename", "info", "files", "stop", "watch", "mv" })
        {
            terminal.Ok(command, "--help");
            Assert.DoesNotContain("Debian", terminal.Out);
            Assert.Contains("<torrent>", terminal.Out);
        }
    }

    [Fact]
    public void More_torrents_than_a_request_holds_are_added_in_several()
    {
        string[] files = [.. Enumerable.Range(0, 205).Select(i => terminal.Write($"{i}.torrent", Encoding.ASCII.GetBytes($"d4:infod6:lengthi1e4:name3:{i:D3}12:piece lengthi16384e6:pieces20:{new string('x', 20)}ee")))];
        Assert.Equal(ExitCode.Ok, Run(["add", .. files]));
        Assert.Equal(3, daemon.Changes.Count);
    }

    [Fact]
    public void A_torrent_is_named_by_the_start_of_its_hash_or_name()
    {
        Assert.Equal(ExitCode.Ok, Run("stop", "11", "debian-", "Debian 13"));
        (string request, string body) = Assert.Single(daemon.Changes);
        Assert.Equal("POST torrents/pause", request);
        Assert.Equal([one, two], JsonDocument.Parse(body).RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!));
        Assert.Contains("stopped  11000000  Debian 13\nstopped  12000000  debian-live\n", terminal.Out);

        Assert.Equal(ExitCode.Usage, Run("stop", "1"));
        Assert.Contains("'1' could be Debian 13 (11000000), debian-live (12000000).", terminal.Err);
        Assert.Equal(ExitCode.NotFound, Run("stop", "nothing"));
        Assert.Contains("no torrent 'nothing'", terminal.Err);
        Assert.Equal(ExitCode.Usage, Run("stop"));
        Assert.Contains("or say --all", terminal.Err);
        Assert.Equal(ExitCode.Usage, Run("stop", "11", "--all"));
        Assert.Single(daemon.Changes);
    }

    [Fact]
    public void Many_are_chosen_at_once_and_what_fails_is_told()
    {
        daemon.Stubborn.Add(two);
        Assert.Equal(ExitCode.Error, Run("recheck", "--all"));
        Assert.Contains("spate: debian-live: it is being moved.", terminal.Err);
        Assert.Contains("2 torrents being checked", terminal.Err);
        Assert.Equal(ExitCode.Error, Run("start", "--all", "--force", "--json"));
        Assert.Equal((2, "started"), (terminal.Json.GetProperty("done").GetInt32(), terminal.Json.GetProperty("action").GetString()));
        Assert.Contains("\"force\":true", daemon.Changes[^1].Body);
        Assert.Equal(ExitCode.Ok, Run("stop", "--state", "paused", "-q"));
        Assert.Equal("", terminal.Out + terminal.Err);
    }

    [Fact]
    public void Removing_can_be_tried_first()
    {
        Assert.Equal(ExitCode.Ok, Run("rm", "--all", "--data", "--dry-run"));
        Assert.Empty(daemon.Changes);
        Assert.Contains("would be removed with its files  11000000  Debian 13", terminal.Out);
        Assert.Contains("3.0 MiB of files would be deleted", terminal.Err);
        Assert.Equal(ExitCode.Ok, Run("rm", "11", "--data"));
        Assert.Contains("\"deleteData\":true", Assert.Single(daemon.Changes).Body);
    }

    [Fact]
    public void Files_move_to_a_whole_path_of_the_other_machine()
    {
        Assert.Equal(ExitCode.Usage, Run("mv", "11", "videos"));
        Assert.Contains("is on another machine", terminal.Err);
        Assert.Equal(ExitCode.Ok, Run("mv", "11", "12", "/srv/videos"));
        Assert.Contains("\"savePath\":\"/srv/videos\"", Assert.Single(daemon.Changes).Body);
        Assert.Equal(ExitCode.Usage, Run("mv", "11"));
        Assert.Contains("'spate mv' needs <torrent>... <dir>: the torrents", terminal.Err);
    }

    [Fact]
    public void One_torrent_is_shown_in_every_way()
    {
        Assert.Equal(ExitCode.Ok, Run("info", "11", "--log"));
        Assert.Contains("done       25 %: 1.0 MiB of 4.0 MiB\n", terminal.Out);
        Assert.Contains("No peer has what is missing. Add a tracker.\n", terminal.Out);
        Assert.EndsWith(" added\n", terminal.Out);
        Assert.Equal(ExitCode.Ok, Run("info", "11", "--json"));
        Assert.Equal("noPeers", terminal.Json.GetProperty("torrent").GetProperty("diagnosis")[0].GetProperty("code").GetString());

        Assert.Equal(ExitCode.Ok, Run("peers", "11", "--add", "192.0.2.9:1"));
        Assert.Contains(@"192.0.2.7:6881  Other \u001b[31m1.0  DI     50 %  4.0 KiB/s", terminal.Out);
        Assert.Contains("192.0.2.9:1", daemon.Changes[^1].Body);
        Assert.Equal(ExitCode.Ok, Run("trackers", "11", "--set", "http://a/,http://b/", "--set", "udp://c:1/"));
        Assert.Contains("http://t.example/announce  failing", terminal.Out);
        Assert.Equal("""{"tiers":[["http://a/","http://b/"],["udp://c:1/"]]}""", daemon.Changes[^1].Body);
    }

    [Fact]
    public void Files_are_listed_and_wanted()
    {
        daemon.Files.AddRange(
        [
            new FileRow { Index = 0, Path = "d/a.mkv", Length = 1000, DoneBytes = 500 }, new FileRow { Index = 1, Path = "d/b.nfo", Length = 10, Priority = FilePriority.Skip },
        ]);
        Assert.Equal(ExitCode.Ok, Run("files", "11"));
        Assert.Contains("0  1000 bytes  50 %  normal  d/a.mkv\n1    10 bytes   0 %  no      d/b.nfo\n", terminal.Out);
        Assert.Equal(ExitCode.Ok, Run("files", "11", "-f", "*.nfo", "-p", "high", "--json"));
        Assert.Equal("""{"priorities":[{"indexes":[1],"priority":"high"}]}""", Assert.Single(daemon.Changes).Body);
        Assert.Equal("high", terminal.Json.GetProperty("files")[0].GetProperty("priority").GetString());
        Assert.Equal(ExitCode.NotFound, Run("files", "11", "-f", "*.iso"));
        Assert.Equal(ExitCode.Usage, Run("files", "11", "-p", "most"));
    }

    [Fact]
    public void Torrents_are_added()
    {
        terminal.Write("top/a", 40_000);
        terminal.Write("top/b", 40_000, seed: 2);
        terminal.Ok("create", "top", "-q");
        Assert.Equal(ExitCode.Ok, Run("add", "top.torrent", "-f", "b", "--category", "linux", "--paused", "-o", "/srv/x", "--up", "10K"));
        (string request, string body) = Assert.Single(daemon.Changes);
        Assert.Equal("POST torrents/files", request);
        Assert.Contains("""{"savePath":"/srv/x","category":"linux","tags":[],"paused":true,""", body);
        Assert.Contains("""{"indexes":[0],"priority":"skip"}""", body);
        Assert.Contains("added  aaaaaaaa  new one", terminal.Out);

        Assert.Equal(ExitCode.Ok, Run("add", "http://host/x.torrent", one, "--json"));
        Assert.Contains($"[\"http://host/x.torrent\",\"{one}\"]", daemon.Changes[^1].Body);
        Assert.Equal("new one", terminal.Json.GetProperty("torrents")[0].GetProperty("name").GetString());
        Assert.Equal(ExitCode.Usage, Run("add", one, "-f", "b"));
        Assert.Equal(ExitCode.NotFound, Run("add", "none.torrent"));
    }

    [Fact]
    public void A_daemon_is_watched_through_a_lost_connection_until_all_is_done()
    {
        daemon.Rows.RemoveAt(2);
        daemon.Streams.Enqueue(daemon.Snapshot("1") + Event("patch", "2", """{"at":"1970-01-01T00:00:01+00:00","rows":{"ONE":{"progress":0.75,"etaSeconds":null}}}""".Replace("ONE", one)));
        daemon.Streams.Enqueue(Event("patch", "3", """{"at":"1970-01-01T00:00:02+00:00","rows":{"ONE":{"isFinished":true,"state":"seeding"}},"order":["ONE"]}""".Replace("ONE", one)));
        Assert.Equal(ExitCode.Ok, Run("watch", "-e", "--jsonl"));
        Assert.Equal([null, "2"], daemon.LastIds);
        JsonElement[] lines = [.. terminal.Out.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["torrent", "torrent", "torrent", "gone", "torrent"], lines.Select(line => line.GetProperty("event").GetString()!));
        Assert.Equal(0.75, lines[2].GetProperty("torrent").GetProperty("progress").GetDouble());
        Assert.False(lines[2].GetProperty("torrent").TryGetProperty("eta_seconds", out _));
        Assert.True(lines[4].GetProperty("torrent").GetProperty("is_finished").GetBoolean());
    }

    [Fact]
    public void The_key_opens_the_daemon()
    {
        daemon.Key = "secret";
        Assert.Equal(ExitCode.Auth, Run("ls"));
        Assert.Contains("set SPATE_API_KEY, or give --api-key", terminal.Err);
        Assert.Equal(ExitCode.Auth, Run("ls", "--api-key", "wrong"));
        Assert.Contains("does not know this key", terminal.Err);
        terminal.Set("SPATE_API_KEY", "secret");
        Assert.Equal(ExitCode.Ok, Run("ls"));
        terminal.Set("SPATE_SERVER", "http://elsewhere/");
        terminal.Ok("ls");
    }

    [Fact]
    public void Without_a_daemon_the_code_is_9()
    {
        Assert.Equal(ExitCode.RemoteUnreachable, terminal.Run("ls"));
        Assert.Contains("'spate serve' starts one", terminal.Err);
        daemon.Fault = new HttpRequestException("Connection refused (daemon.example:9091)");
        Assert.Equal(ExitCode.RemoteUnreachable, Run("ls"));
        Assert.Contains("http://daemon.example:9091/ can't be reached: Connection refused", terminal.Err);
        Assert.Equal(ExitCode.Usage, terminal.Run("ls", "--server", "daemon"));
    }

    [Fact]
    public void The_daemon_of_this_machine_needs_no_key()
    {
        string folder = terminal[".local/state/spate/daemon"];
        Directory.CreateDirectory(folder);
        new LocalDaemon(new Uri("http://127.0.0.1:9/"), "local secret", 1).Write(folder);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "daemon.run")));
        daemon.Key = "local secret";
        terminal.Ok("ls");
        // Names are completed, and paths are of this machine.
        terminal.Ok("[suggest:13]", "spate stop De");
        Assert.Equal(["Debian 13", "debian-live"], terminal.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        terminal.Ok("mv", "11", "videos");
        Assert.Contains(JsonSerializer.Serialize(terminal["videos"]), daemon.Changes[^1].Body);
        terminal.Set("SPATE_SERVE_STATE", terminal["elsewhere"]);
        Assert.Equal(ExitCode.RemoteUnreachable, terminal.Run("ls"));
    }
}
