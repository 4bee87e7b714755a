using System.Text.Json;
using Spate.Api;

namespace Spate.Cli.Tests.Remote;

/// <summary>Every command for a daemon, with one that runs by <c>spate serve</c>, and a seeder.</summary>
public sealed class LiveDaemonTests : IAsyncLifetime
{
    private LiveDaemon live = null!;
    private TestTerminal terminal = null!;

    public async Task InitializeAsync()
    {
        live = await LiveDaemon.StartAsync();
        terminal = live.Terminal;
    }

    public async Task DisposeAsync() => await live.DisposeAsync();

    private JsonElement Json(params string[] arguments)
    {
        terminal.Ok([.. arguments, "--json"]);
        return terminal.Json;
    }

    private void Fails(ExitCode code, string message, params string[] arguments)
    {
        Assert.Equal((code, string.Join(' ', arguments)), (terminal.Run(arguments), string.Join(' ', arguments)));
        Assert.StartsWith("spate: ", terminal.Err);
        Assert.Contains(message, terminal.Err);
    }

    [Fact]
    public async Task Torrents_are_added_watched_and_looked_at()
    {
        live.Seeder.UploadLimit = 100_000;
        terminal.Ok("add", "show.torrent", "-f", "*.mkv", "--category", "films", "--tag", "new");
        Assert.Matches("^added  [0-9a-f]{8}  show\n$", terminal.Out);
        terminal.Ok("peers", "show", "--add", live.SeederAddress);
        await LiveDaemon.UntilAsync(() => Json("peers", "show").GetProperty("peers").EnumerateArray().Any(peer => peer.GetProperty("address").GetString() == live.SeederAddress), "the peer is there");
        Assert.Equal("show", terminal.Json.GetProperty("name").GetString());
        terminal.Ok("peers", "show");
        Assert.Matches($@"(?m)^{live.SeederAddress}  \S.* 100 % ", terminal.Out);
        Assert.Contains("show: 1 peer", terminal.Err);
        live.Seeder.UploadLimit = 0;
        terminal.Ok("add", "show.torrent");
        Assert.StartsWith("is there already", terminal.Out);

        terminal.Ok("watch", "show", "-e");
        Assert.Contains("complete: show (", terminal.Out);
        Assert.True(live.IsSame("show/a.mkv"));

        JsonElement row = Assert.Single(Json("ls", "--category", "films").GetProperty("torrents").EnumerateArray());
        Assert.Equal(("show", true), (row.GetProperty("name").GetString(), row.GetProperty("is_finished").GetBoolean()));
        Assert.Equal(0, Json("ls", "--tag", "old").GetProperty("total").GetInt32());
        terminal.Ok("ls");
        Assert.Matches("(?m)^id +name +size +done +state +down +up +left +ratio +peers$", terminal.Out);
        Assert.Matches("(?m)^[0-9a-f]{8}  show  68[0-9]\\.[0-9] KiB +100 %  seeding ", terminal.Out);
        terminal.Ok("info", "sho", "--log");
        Assert.Contains($"folder     {terminal["downloads"]}", terminal.Out);
        Assert.Matches(@"done       100 %: (68\S+ KiB) of \1 wanted, 722\.7 KiB in all", terminal.Out);
        JsonElement details = Json("info", "show", "--log");
        Assert.Equal(("spate.details/1", "films"), (details.GetProperty("schema").GetString(), details.GetProperty("torrent").GetProperty("row").GetProperty("category").GetString()));
        Assert.NotEqual(0, details.GetProperty("log").GetArrayLength());

        terminal.Ok("files", "show");
        Assert.Matches("1 +39\\.1 KiB .* no +show/b\\.nfo", terminal.Out);
    }

    // What was just asked for is seen by who looks next: it does not say that all is complete.
    [Fact]
    public void Watching_ends_when_what_was_wanted_last_is_there()
    {
        live.GetShow("-f", "*.mkv");
        Assert.False(File.Exists(terminal["downloads/show/b.nfo"]) && live.IsSame("show/b.nfo"));
        live.Seeder.UploadLimit = 30_000;
        terminal.Ok("files", "show", "-f", "*.nfo", "-p", "normal", "--json");
        Assert.Equal("normal", terminal.Json.GetProperty("files")[0].GetProperty("priority").GetString());
        terminal.Ok("watch", "show", "-e");
        Assert.True(live.IsSame("show/b.nfo"), "it ended before");

        using (FileStream file = File.OpenWrite(terminal["downloads/show/a.mkv"])) file.Write(new byte[200_000]);
        terminal.Ok("recheck", "show");
        Assert.Matches("^being checked  [0-9a-f]{8}  show\n$", terminal.Out);
        live.Seeder.UploadLimit = 0;
        terminal.Ok("peers", "show", "--add", live.SeederAddress);
        terminal.Ok("watch", "show", "-e");
        Assert.True(live.IsSame("show/a.mkv"), "it ended before the damage was found and mended");
    }

    [Fact]
    public async Task Watching_prints_a_line_for_each_change()
    {
        live.Seeder.UploadLimit = 200_000;
        terminal.Ok("add", "show.torrent", "--peer", live.SeederAddress);
        terminal.Ok("watch", "-e", "--jsonl");
        JsonElement[] lines = [.. terminal.Out.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.All(lines, line => Assert.Equal(("torrent", "show"), (line.GetProperty("event").GetString(), line.GetProperty("torrent").GetProperty("name").GetString())));
        Assert.True(lines.Length > 1);
        Assert.False(lines[0].GetProperty("torrent").GetProperty("is_finished").GetBoolean());
        Assert.True(lines[^1].GetProperty("torrent").GetProperty("is_finished").GetBoolean());
        Assert.True(Json("watch", "-e").GetProperty("torrents")[0].GetProperty("is_finished").GetBoolean());

        using var stop = new CancellationTokenSource();
        terminal.Interrupt = stop.Token;
        Task<ExitCode> watching = Task.Factory.StartNew(() => terminal.Run("watch", "--jsonl"), TaskCreationOptions.LongRunning);
        await Task.Delay(300);
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Ok, await watching.WaitAsync(LiveDaemon.Patience));
        terminal.Interrupt = default;
        Fails(ExitCode.NotFound, "no torrent 'nothing'", "watch", "nothing");
    }

    [Fact]
    public async Task Torrents_stop_start_and_are_limited()
    {
        live.Seeder.UploadLimit = 100_000;
        terminal.Ok("add", "show.torrent", "--paused", "--peer", live.SeederAddress);
        await LiveDaemon.UntilAsync(() => live.State() == "paused", "it stands still");
        terminal.Ok("start", "show");
        Assert.Matches("^started  [0-9a-f]{8}  show\n$", terminal.Out);
        await LiveDaemon.UntilAsync(() => live.Row().GetProperty("done_bytes").GetInt64() > 0, "something arrives");
        JsonElement stopped = Json("stop", "--state", "downloading");
        Assert.Equal(("spate.action/1", "stopped", 1, "show"), (stopped.GetProperty("schema").GetString(), stopped.GetProperty("action").GetString(),
            stopped.GetProperty("done").GetInt32(), stopped.GetProperty("torrents")[0].GetProperty("name").GetString()));
        await LiveDaemon.UntilAsync(() => live.State() == "paused", "it stands still again");
        long done = live.Row().GetProperty("done_bytes").GetInt64();
        Assert.InRange(done, 1, 740_000 - 1);

        terminal.Ok("limit", "show", "--down", "50K", "--up", "2M");
        Assert.Matches("^limited  [0-9a-f]{8}  show\n$", terminal.Out);
        terminal.Ok("limit", "show");
        Assert.Matches(@"(?m)^[0-9a-f]{8}  show  50\.0 KiB/s  2\.0 MiB/s$", terminal.Out);
        JsonElement limits = Json("limit", "show");
        Assert.Equal(("spate.torrent_limits/1", 51200, 2097152), (limits.GetProperty("schema").GetString(),
            limits.GetProperty("torrents")[0].GetProperty("download_limit").GetInt64(), limits.GetProperty("torrents")[0].GetProperty("upload_limit").GetInt64()));
        terminal.Ok("limit", "--all", "--down", "0");
        Assert.Equal(0, live.Row().GetProperty("download_limit").GetInt64());
        terminal.Ok("limit", "--up", "1M");
        Assert.Matches(@"(?m)^limits +down no limit, up 1\.0 MiB/s  in force$", terminal.Out);
        Assert.Equal(1048576, Json("limit").GetProperty("upload_limit").GetInt64());
        terminal.Ok("limit", "--alternative", "yes");
        Assert.Matches("(?m)^alternative limits .*  in force$", terminal.Out);

        live.Seeder.UploadLimit = 0;
        terminal.Ok("start", "--all", "--force");
        terminal.Ok("watch", "-e");
        Assert.True(live.IsSame("show/a.mkv") && live.IsSame("show/b.nfo"));
    }

    [Fact]
    public async Task Trackers_are_listed_set_and_asked()
    {
        terminal.Ok("edit", "show.torrent", "--tracker", "http://127.0.0.1:9/announce", "-o", "tracked.torrent", "-q");
        terminal.Ok("add", "tracked.torrent", "--paused");
        Fails(ExitCode.Error, "show: It does not run, so it announces nothing.", "trackers", "show", "--announce");
        terminal.Ok("start", "show");
        await LiveDaemon.UntilAsync(() => Json("trackers", "show").GetProperty("trackers")[0].GetProperty("state").GetString() == "failing", "the tracker is tried");
        terminal.Ok("trackers", "show");
        Assert.Matches(@"(?m)^ +1  http://127\.0\.0\.1:9/announce  failing .*refused", terminal.Out);
        terminal.Ok("trackers", "show", "--set", "http://127.0.0.1:9/a,udp://127.0.0.1:9", "--set", "http://127.0.0.1:10/b", "--announce");
        JsonElement[] trackers = [.. Json("trackers", "show").GetProperty("trackers").EnumerateArray()];
        Assert.Equal([0, 0, 1], trackers.Select(tracker => tracker.GetProperty("tier").GetInt32()));
        Assert.Equal("http://127.0.0.1:10/b", trackers[2].GetProperty("url").GetString());
        Fails(ExitCode.Usage, "gopher", "trackers", "show", "--set", "gopher://x/");
    }

    [Fact]
    public async Task Files_move_and_go()
    {
        Fails(ExitCode.Auth, "start it with --root FOLDER", "add", "show.torrent", "-o", terminal["elsewhere"]);
        Assert.Contains(terminal["downloads"], terminal.Err);
        live.GetShow();
        Fails(ExitCode.Auth, "start it with --root FOLDER", "mv", "show", terminal["elsewhere"]);
        terminal.Ok("mv", "show", "downloads/films"); // relative to where the command is run
        Assert.Matches("^being moved  [0-9a-f]{8}  show\n$", terminal.Out);
        await LiveDaemon.UntilAsync(() => live.IsSame("show/a.mkv", "downloads/films/show/a.mkv") && live.State() == "seeding", "it was moved");
        Assert.False(Directory.Exists(terminal["downloads/show"]));
        Assert.Equal(terminal["downloads/films"], live.Row().GetProperty("save_path").GetString());

        terminal.Ok("rm", "show", "--data", "--dry-run");
        Assert.Matches("^would be removed with its files  [0-9a-f]{8}  show\n$", terminal.Out);
        terminal.Ok("rm", "show");
        Assert.Equal(0, Json("ls").GetProperty("total").GetInt32());
        Assert.True(live.IsSame("show/a.mkv", "downloads/films/show/a.mkv"));
        terminal.Ok("add", "show.torrent", "-o", terminal["downloads/films"]);
        terminal.Ok("watch", "-e"); // found by a check
        Assert.Equal(1, Json("rm", "show", "--data").GetProperty("done").GetInt32());
        Assert.False(File.Exists(terminal["downloads/films/show/a.mkv"]));
        Fails(ExitCode.NotFound, "no torrent 'show'", "rm", "show");
    }

    [Fact]
    public async Task Torrents_files_and_folders_get_other_names()
    {
        live.GetShow();
        terminal.Ok("rename", "show", "The Show");
        Assert.Matches("^renamed  [0-9a-f]{8}  show -> The Show\n$", terminal.Out);
        terminal.Ok("rename", "The", "show/a.mkv", "01 – first.mkv");
        Assert.Matches("^renamed  [0-9a-f]{8}  show/a.mkv -> show/01 – first.mkv\n$", terminal.Out);
        JsonElement renamed = Json("rename", "The", "show/", "season 1");
        Assert.Equal(("spate.renamed/1", "show", "season 1"), (renamed.GetProperty("schema").GetString(), renamed.GetProperty("path").GetString(), renamed.GetProperty("new_path").GetString()));
        Assert.True(live.IsSame("show/a.mkv", "downloads/season 1/01 – first.mkv"));
        Assert.False(Directory.Exists(terminal["downloads/show"]));
        JsonElement[] files = [.. Json("files", "The").GetProperty("files").EnumerateArray()];
        Assert.Equal(
            [("season 1/01 – first.mkv", "show/a.mkv"), ("season 1/b.nfo", "show/b.nfo")],
            files.Select(file => (file.GetProperty("path").GetString(), file.GetProperty("path_in_torrent").GetString())));
        terminal.Ok("files", "The", "-f", "*first*");
        Assert.Contains("season 1/01 – first.mkv", terminal.Out);

        Fails(ExitCode.Error, "A name may not hold / or", "rename", "The", "season 1/b.nfo", "../b.nfo");
        Fails(ExitCode.Error, "The torrent has \"season 1/01 – first.mkv\" there already", "rename", "The", "season 1/b.nfo", "01 – first.mkv");
        Fails(ExitCode.Error, "The torrent has no file or folder \"show/b.nfo\"", "rename", "The", "show/b.nfo", "c.nfo");
        Fails(ExitCode.Usage, "", "rename", "The");

        // It is all known after a restart of the daemon, without a check; a check finds it too.
        terminal.Ok("recheck", "The");
        terminal.Ok("watch", "-e");
        terminal.Ok("rename", "The", "");
        Assert.Equal("show", live.Row().GetProperty("name").GetString());
        terminal.Ok("rm", "show", "--data");
        await LiveDaemon.UntilAsync(() => !Directory.Exists(terminal["downloads/season 1"]), "its files are gone");
    }

    // The same input gives the same info-hash, whoever makes the torrent.
    [Fact]
    public async Task What_the_daemon_makes_is_what_create_makes()
    {
        terminal.Write("downloads/trip/day 1/a.jpg", 300_000, seed: 4);
        terminal.Write("downloads/trip/Ünïcode.txt", 5_000, seed: 5);
        terminal.Write("downloads/trip/empty", 0);
        terminal.Write("downloads/trip/.hidden", 100);
        terminal.Write("downloads/trip/Thumbs.db", 100);
        File.CreateSymbolicLink(terminal["downloads/trip/link"], "empty");
        terminal.Write("downloads/one.bin", 70_000, seed: 6);
        using var client = new SpateClient(new Uri(live.Address), live.Key);
        (string[] Options, NewCreation Asked)[] ways =
        [
            ([], new NewCreation { Path = terminal["downloads/trip"] }),
            (["-l", "32K", "-p", "-s", "EXAMPLE", "-t", "http://t.example/a", "-c", "for all"],
                new NewCreation { Path = terminal["downloads/trip/"], PieceSize = 32768, Private = true, Source = "EXAMPLE", Trackers = [["http://t.example/a"]], Comment = "for all" }),
            ([], new NewCreation { Path = terminal["downloads/one.bin"] }),
        ];
        for (int i = 0; i < ways.Length; i++)
        {
            (string[] options, NewCreation asked) = ways[i];
            JsonElement here = Json(["create", asked.Path, "-o", $"{i}.torrent", .. options]);
            Creation job = await client.CreateAsync(asked);
            while (job.State is CreationState.Queued or CreationState.Running)
            {
                await Task.Delay(20);
                job = await client.GetCreationAsync(job.Id);
            }
            Assert.Equal((CreationState.Done, here.GetProperty("info_hash").GetString(), here.GetProperty("magnet").GetString()), (job.State, job.TorrentId, job.Magnet));
            Assert.Equal(here.GetProperty("left_out").EnumerateArray().Concat(here.GetProperty("warnings").EnumerateArray()).Select(remark => remark.GetString()), job.Remarks);
            File.WriteAllBytes(terminal[$"daemon {i}.torrent"], await client.GetCreatedTorrentAsync(job.Id));
            JsonElement[] shown = [Json("show", $"{i}.torrent"), Json("show", $"daemon {i}.torrent")];
            foreach (string field in new[] { "name", "comment", "created_by", "files" })
                Assert.Equal(Field(shown[0], field), Field(shown[1], field));
        }
        Assert.Equal(3, Json("create", "downloads/trip", "--dry-run").GetProperty("left_out").GetArrayLength());

        static string? Field(JsonElement shown, string name) => shown.TryGetProperty(name, out JsonElement value) ? value.ToString() : null;
    }

    [Fact]
    public async Task Mistakes_are_told_with_their_codes()
    {
        Fails(ExitCode.NotFound, "no torrent 'show'", "info", "show");
        terminal.Write("src/shower", 30_000, seed: 3);
        terminal.Ok("create", "src/shower", "-q");
        terminal.Ok("add", "show.torrent", "shower.torrent", "--paused");
        foreach (string command in new[] { "info", "files", "peers", "trackers", "start", "stop", "recheck", "rm" })
        {
            Fails(ExitCode.NotFound, "no torrent 'nothing'", command, "nothing");
            Fails(ExitCode.Usage, "'sho' could be show (", command, "sho");
            terminal.Ok(command is "rm" ? ["rm", "show", "--dry-run"] : [command, "show"]); // a whole name is that torrent, whatever else begins so
        }
        foreach (string[] command in new string[][] { ["mv", "x", "downloads"], ["rename", "x", "y"], ["limit", "x", "--up", "1K"], ["watch", "x"] })
            Fails(ExitCode.NotFound, "no torrent 'x'", command);
        foreach (string command in new[] { "start", "stop", "recheck", "rm" }) Fails(ExitCode.Usage, "Which torrents?", command);
        Fails(ExitCode.NotFound, "nothing.torrent", "add", "nothing.torrent");
        terminal.Write("no.torrent", 100);
        terminal.Write("src/third", 30_000, seed: 8);
        terminal.Ok("create", "src/third", "-q");
        Fails(ExitCode.Error, "no.torrent: ", "add", "no.torrent", "third.torrent", "--paused"); // the other one is added
        Assert.Matches("^added  [0-9a-f]{8}  third\n$", terminal.Out);
        Fails(ExitCode.Usage, "magnet", "add", "magnet:?xt=urn:btih:tooshort");

        // Keys that may do less, or nothing.
        using var client = new SpateClient(new Uri(live.Address), live.Key);
        string reader = (await client.CreateKeyAsync(new NewApiKey { Name = "reader", Scopes = [Scope.Read] })).Secret;
        terminal.Ok("ls", "--server", live.Address, "--api-key", reader);
        Fails(ExitCode.Auth, "write", "stop", "show", "--server", live.Address, "--api-key", reader);
        Fails(ExitCode.Auth, "does not know this key", "stop", "show", "--server", live.Address, "--api-key", "guess");
        Fails(ExitCode.Auth, "wants a key", "stop", "show", "--server", live.Address);
        Fails(ExitCode.Usage, "--server takes a URL", "ls", "--server", "localhost:9091");
        await live.StopAsync();
        foreach (string[] command in new string[][] { ["ls"], ["add", "show.torrent"], ["stop", "show"], ["watch"], ["limit"], ["rename", "show", "x"] })
            Fails(ExitCode.RemoteUnreachable, "'spate serve' starts one", command);
    }

    [Fact]
    public async Task Only_its_user_gets_in_without_a_key_and_it_takes_its_run_file_along()
    {
        string address = live.Address;
        Assert.Equal(ExitCode.Auth, terminal.Run("ls", "--server", address));
        Assert.Equal(ExitCode.Auth, terminal.Run("ls", "--server", address, "--api-key", "guess"));
        terminal.Set("SPATE_API_KEY", live.Key);
        terminal.Ok("ls", "--server", address);
        // A second one finds the state taken.
        Assert.Equal(ExitCode.Disk, terminal.Run("serve", "--port", "0", "--downloads", "downloads"));
        await live.StopAsync();
        Assert.False(File.Exists(live.RunFile));
        Assert.Matches(@"^Spate serves at http://127\.0\.0\.1:[0-9]+/\nlog in, once: http://127\.0\.0\.1:[0-9]+/#/login\?token=\S+\n$", live.Serving.Out);
        Assert.Contains("stopping; Ctrl-C again quits at once", live.Serving.Err);
        Assert.Equal(ExitCode.RemoteUnreachable, terminal.Run("ls", "--server", address));
        Assert.Equal(ExitCode.RemoteUnreachable, terminal.Run("ls"));

        terminal.Input = "correct horse\n"u8.ToArray();
        terminal.Ok("serve", "--set-password");
        terminal.Input = "short\n"u8.ToArray();
        Assert.Equal(ExitCode.Usage, terminal.Run("serve", "--set-password"));
    }
}
