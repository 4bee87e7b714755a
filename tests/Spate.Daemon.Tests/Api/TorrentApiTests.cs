using System.Net;
using Spate.Api;
using Spate.Create;

namespace Spate.Daemon.Tests.Api;

/// <summary>Torrents through the API of a real daemon with a real session.</summary>
public sealed class TorrentApiTests
{
    [Fact]
    public async Task A_hundred_files_are_added_with_one_form_and_not_one_more()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        var files = new List<(string, byte[])>();
        for (int i = 0; i <= 100; i++) files.Add(($"{i}.torrent", (await daemon.MakeTorrentAsync($"file {i}", length: 100)).Torrent));
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => daemon.Client.AddFilesAsync(files, new AddOptions { Paused = true }));
        Assert.Contains("At most 100", refused.Message, StringComparison.Ordinal);
        AddResult added = await daemon.Client.AddFilesAsync(files.Take(100), new AddOptions { Paused = true });
        Assert.Equal(100, added.Torrents.Count(torrent => torrent.Id is not null && torrent.Error is null));
    }

    [Fact]
    public async Task Without_a_schedule_the_limits_are_those_that_the_user_chose()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        ScheduleWindow always = new() { Days = Enum.GetValues<Weekday>(), From = "00:00", To = "24:00" };
        await daemon.Client.ChangeSettingsAsync(new SettingsChange { Speed = new SpeedSettingsChange { UploadLimit = 111, AlternativeUploadLimit = 222, ScheduleEnabled = true, Schedule = [always] } });
        await TestDaemon.UntilAsync(() => daemon.Client.GetStatisticsAsync(), now => now.Now is { UsesAlternative: true, UploadLimit: 222 });
        Settings off = await daemon.Client.ChangeSettingsAsync(new SettingsChange { Speed = new SpeedSettingsChange { ScheduleEnabled = false } });
        Assert.False(off.Speed.UseAlternative);
        Assert.Equal(111, (await daemon.Client.GetStatisticsAsync()).Now.UploadLimit);
    }

    [Fact]
    public async Task A_torrent_goes_from_one_daemon_to_another()
    {
        await using TestDaemon seeder = await TestDaemon.StartAsync();
        await using TestDaemon reader = await TestDaemon.StartAsync();
        CreatedTorrent torrent = await seeder.MakeTorrentAsync("holiday", files: 4);
        string there = Path.Combine(seeder.Downloads, "s");
        Directory.CreateDirectory(there);
        Directory.Move(Path.Combine(seeder.Folder, "content", "holiday"), Path.Combine(there, "holiday"));
        string id = await seeder.AddAsync(torrent, new AddOptions { SavePath = there });
        await seeder.UntilAsync(id, row => row.State == TorrentState.Seeding && row.IsFinished);

        string port = seeder.Host.Session.ListenEndPoints[0].ToString();
        Assert.Equal(id, await reader.AddAsync(torrent, new AddOptions { Peers = [port], Category = "trips/2026", Tags = ["sea"] }));
        TorrentRow row = await reader.UntilAsync(id, row => row.IsFinished);
        Assert.Equal(1, row.Progress);
        Assert.Equal("trips/2026", row.Category);
        Assert.All((await seeder.Client.GetPeersAsync(id)).Peers, peer => Assert.NotEmpty(peer.Client));
        foreach (int i in Enumerable.Range(0, 4))
        {
            string path = i % 2 == 0 ? $"{i}.bin" : $"extras/{i}.bin";
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(there, "holiday", path)), await File.ReadAllBytesAsync(Path.Combine(reader.Downloads, "holiday", path)));
        }

        PieceMap pieces = await reader.Client.GetPiecesAsync(id);
        Assert.Equal(torrent.Metainfo.PieceCount, pieces.Count);
        Assert.Equal(pieces.Count, Convert.FromBase64String(pieces.Availability).Length);
        Assert.Equal(pieces.Count, Convert.FromBase64String(pieces.Have).Sum(b => System.Numerics.BitOperations.PopCount(b)));
        Assert.Equal(torrent.Torrent, await reader.Client.GetMetainfoAsync(id));
        TorrentLog log = await TestDaemon.UntilAsync(() => reader.Client.GetLogAsync(id), log => log.Entries.Any(entry => entry.Message.Contains("Everything", StringComparison.Ordinal) || entry.Message.Contains("Seeding", StringComparison.Ordinal)));
        Assert.Equal("Added.", log.Entries[0].Message);
        Statistics statistics = await TestDaemon.UntilAsync(() => reader.Client.GetStatisticsAsync(), s => s.Session.Downloaded > 0);
        Assert.True(statistics.AllTime.Downloaded >= statistics.Session.Downloaded);

        await reader.Client.RemoveTorrentAsync(id, deleteData: true);
        Assert.False(File.Exists(Path.Combine(reader.Downloads, "holiday", "0.bin")));
        Assert.Equal(404, (await Assert.ThrowsAsync<ApiException>(() => reader.Client.GetTorrentAsync(id))).Status);
    }

    [Fact]
    public async Task A_magnet_link_shows_its_files_before_it_is_added()
    {
        await using TestDaemon seeder = await TestDaemon.StartAsync();
        await using TestDaemon reader = await TestDaemon.StartAsync();
        CreatedTorrent torrent = await seeder.MakeTorrentAsync("magnet", files: 3);
        Directory.CreateDirectory(seeder.Downloads);
        Directory.Move(Path.Combine(seeder.Folder, "content", "magnet"), Path.Combine(seeder.Downloads, "magnet"));
        string id = await seeder.AddAsync(torrent, new AddOptions { SkipCheck = true });
        await seeder.UntilAsync(id, row => row.State == TorrentState.Seeding);

        string link = $"magnet:?xt=urn:btih:{id}&x.pe={seeder.Host.Session.ListenEndPoints[0]}";
        Preview preview = await reader.Client.PreviewAsync(new NewPreview { Source = link });
        Assert.False(preview.Duplicate);
        preview = await TestDaemon.UntilAsync(() => reader.Client.GetPreviewAsync(preview.Id), now => now.State == PreviewState.Ready);
        Assert.Equal(["magnet/0.bin", "magnet/2.bin", "magnet/extras/1.bin"], preview.Files.Select(file => file.Path).Order(StringComparer.Ordinal));
        AddResult added = await reader.Client.AddAsync(new AddTorrents
        {
            Previews = [preview.Id],
            Options = new AddOptions { Priorities = [new PriorityChange { Folder = "magnet/extras", Priority = FilePriority.Skip }], Peers = [seeder.Host.Session.ListenEndPoints[0].ToString()] },
        });
        Assert.Equal(id, added.Torrents[0].Id);
        TorrentRow row = await reader.UntilAsync(id, row => row.IsFinished);
        Assert.InRange(row.WantedBytes, 200_000, 240_000);
        FileList files = await reader.Client.GetFilesAsync(id, "magnet");
        Assert.Equal("extras", Assert.Single(files.Folders).Name);
        Assert.Equal(FilePriority.Skip, files.Folders[0].Priority);
        Assert.Equal(2, files.Files.Count);
        Assert.Equal(404, (await Assert.ThrowsAsync<ApiException>(() => reader.Client.GetPreviewAsync(preview.Id))).Status);
    }

    [Fact]
    public async Task Adding_twice_says_so_and_changes_nothing()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        CreatedTorrent torrent = await daemon.MakeTorrentAsync("twice");
        string id = await daemon.AddAsync(torrent, new AddOptions { Paused = true, Name = "mine" });
        AddedTorrent again = (await daemon.Client.AddFilesAsync([("other.torrent", torrent.Torrent)], new AddOptions { Name = "yours" })).Torrents[0];
        Assert.True(again.Duplicate);
        Assert.Equal(id, again.Id);
        Assert.True((await daemon.Client.AddAsync(new AddTorrents { Sources = [$"magnet:?xt=urn:btih:{id}"] })).Torrents[0].Duplicate);
        Assert.True((await daemon.Client.AddAsync(new AddTorrents { Metainfo = [Convert.ToBase64String(torrent.Torrent)] })).Torrents[0].Duplicate);
        Assert.Equal("mine", (await daemon.Client.GetTorrentAsync(id)).Row.Name);
        Assert.Equal(1, (await daemon.Client.GetCountsAsync()).Total);
    }

    [Fact]
    public async Task Everything_that_was_acknowledged_is_there_after_a_restart()
    {
        string folder = Directory.CreateTempSubdirectory("spate-").FullName;
        try
        {
            string id;
            await using (TestDaemon daemon = await TestDaemon.StartAsync(folder))
            {
                id = await daemon.AddAsync(await daemon.MakeTorrentAsync("kept", files: 2), new AddOptions { Paused = true });
                await daemon.Client.ChangeTorrentAsync(id, new TorrentChange
                {
                    Name = "<b>kept</b>", Category = "a/b", AddTags = ["x", "y"], DownloadLimit = 1000, UploadLimit = 2000, MaxPeers = 7, IsSequential = true,
                    ShareLimits = new ShareLimits { Ratio = 1.5 },
                });
                await daemon.Client.ChangeFilesAsync(id, new FilesChange { Priorities = [new PriorityChange { Indexes = [1], Priority = FilePriority.High }] });
                await daemon.Client.SetTrackersAsync(id, new TrackerTiers { Tiers = [["http://127.0.0.1:1/announce"]] });
                await daemon.Client.ChangeSettingsAsync(new SettingsChange { Speed = new SpeedSettingsChange { UploadLimit = 12345 }, Queue = new QueueSettingsChange { MaxDownloads = 3 } });
            }
            await using (TestDaemon daemon = await TestDaemon.StartAsync(folder))
            {
                TorrentDetails details = await daemon.Client.GetTorrentAsync(id);
                Assert.Equal("<b>kept</b>", details.Row.Name);
                Assert.Equal("a/b", details.Row.Category);
                Assert.Equal(["x", "y"], details.Row.Tags);
                Assert.Equal((1000L, 2000L, 7), (details.Row.DownloadLimit, details.Row.UploadLimit, details.MaxPeers));
                Assert.Equal(1.5, details.ShareLimits.Ratio);
                Assert.True(details.Row.IsSequential);
                await daemon.UntilAsync(id, row => row.State == TorrentState.Paused);
                Assert.Equal(FilePriority.High, (await daemon.Client.GetFilesAsync(id)).Files.Single(file => file.Index == 1).Priority);
                Assert.Equal("http://127.0.0.1:1/announce", Assert.Single((await daemon.Client.GetTrackersAsync(id)).Trackers).Url);
                Settings settings = await daemon.Client.GetSettingsAsync();
                Assert.Equal((12345L, 3), (settings.Speed.UploadLimit, settings.Queue.MaxDownloads));
                Assert.Equal(12345, (await daemon.Client.GetStatisticsAsync()).Now.UploadLimit);
                Assert.Contains("a/b", (await daemon.Client.GetCategoriesAsync()).Categories.Select(category => category.Name));
            }
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Fact]
    public async Task Actions_are_done_to_one_or_many()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        var ids = new List<string>();
        for (int i = 0; i < 5; i++) ids.Add(await daemon.AddAsync(await daemon.MakeTorrentAsync($"many{i}"), new AddOptions { Category = i < 3 ? "first" : "second" }));
        ActionResult paused = await daemon.Client.PauseAsync(new PauseTorrents { Ids = [ids[0], "0123456789abcdef0123456789abcdef01234567", "nonsense"] });
        Assert.Equal(1, paused.Done);
        Assert.Equal(2, paused.Failed.Count);
        await daemon.UntilAsync(ids[0], row => row.State == TorrentState.Paused);
        Assert.Equal(3, (await daemon.Client.PauseAsync(new PauseTorrents { Filter = new TorrentFilter { Category = "first" } })).Done);
        await TestDaemon.UntilAsync(() => daemon.Client.GetCountsAsync(), counts => counts.States["paused"] == 3);
        Assert.Equal(3, (await daemon.Client.ResumeAsync(new ResumeTorrents { Filter = new TorrentFilter { State = StateFilter.Paused } })).Done);
        await TestDaemon.UntilAsync(() => daemon.Client.GetCountsAsync(), counts => counts.States["paused"] == 0);

        await daemon.Client.QueueAsync(new QueueTorrents { Ids = [ids[4]], To = QueueMove.Top });
        await daemon.UntilAsync(ids[4], row => row.QueuePosition == 1);
        await daemon.UntilAsync(ids[0], row => row.QueuePosition == 2);
        TorrentPage byQueue = await daemon.Client.GetTorrentsAsync(new TorrentQuery { Sort = TorrentSort.Queue, Order = SortOrder.Ascending, Limit = 2 });
        Assert.Equal([ids[4], ids[0]], byQueue.Rows.Select(row => row.Id));
        Assert.Equal(5, byQueue.Total);

        await daemon.Client.RecheckAsync(new RecheckTorrents { Ids = ids });
        await daemon.Client.AnnounceAsync(new AnnounceTorrents { Ids = ids });
        Assert.Equal(5, (await daemon.Client.ChangeAsync(new ChangeTorrents { Ids = ids, Change = new TorrentChange { AddTags = ["bulk"] } })).Done);
        Assert.Equal(5, (await daemon.Client.GetTagsAsync()).Tags.Single(tag => tag.Name == "bulk").Torrents);
        await daemon.Client.RemoveTagAsync("bulk");
        Assert.DoesNotContain((await daemon.Client.GetTagsAsync()).Tags, tag => tag.Name == "bulk");
        string target = Path.Combine(daemon.Downloads, "elsewhere");
        Assert.Equal(1, (await daemon.Client.MoveAsync(new MoveTorrents { Ids = [ids[1]], SavePath = target })).Done);
        await daemon.UntilAsync(ids[1], row => row.SavePath == target && row.State != TorrentState.Moving);
        Assert.Equal(2, (await daemon.Client.RemoveAsync(new RemoveTorrents { Filter = new TorrentFilter { Category = "second" }, DeleteData = true })).Done);
        Assert.Equal(3, (await daemon.Client.GetCountsAsync()).Total);
        await daemon.Client.RemoveCategoryAsync("first");
        Assert.Equal(3, (await daemon.Client.GetTorrentsAsync(new TorrentQuery { Filter = new TorrentFilter { Category = "" } })).Total);
    }

    [Fact]
    public async Task The_queue_lets_only_so_many_run()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        await daemon.Client.ChangeSettingsAsync(new SettingsChange { Queue = new QueueSettingsChange { Enabled = true, MaxDownloads = 2, IgnoreSlow = false } });
        var ids = new List<string>();
        for (int i = 0; i < 4; i++) ids.Add(await daemon.AddAsync(await daemon.MakeTorrentAsync($"q{i}")));
        await TestDaemon.UntilAsync(() => daemon.Client.GetCountsAsync(), counts => counts.States["downloading"] == 2 && counts.States["queued"] == 2);
        await daemon.Client.ChangeTorrentAsync(ids[3], new TorrentChange { IsForced = true });
        await daemon.UntilAsync(ids[3], row => row.State == TorrentState.Downloading);
        await daemon.Client.PauseAsync(new PauseTorrents { Ids = [ids[0]] });
        await daemon.UntilAsync(ids[2], row => row.State == TorrentState.Downloading);
        await daemon.Client.ChangeSettingsAsync(new SettingsChange { Queue = new QueueSettingsChange { Enabled = false } });
        await daemon.UntilAsync(ids[1], row => row.State == TorrentState.Downloading && row.QueuePosition == 0);
    }

    [Fact]
    public async Task A_torrent_is_made_and_seeded_where_its_files_lie()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        string content = Path.Combine(daemon.Downloads, "made");
        Directory.CreateDirectory(content);
        await File.WriteAllTextAsync(Path.Combine(content, "hello.txt"), new string('x', 50_000));
        Spate.Api.Creation job = await daemon.Client.CreateAsync(new NewCreation { Path = content, Seed = true, Comment = "mine", Category = "own" });
        job = await TestDaemon.UntilAsync(() => daemon.Client.GetCreationAsync(job.Id), now => now.State == CreationState.Done);
        TorrentRow row = await daemon.UntilAsync(job.TorrentId!, row => row.State == TorrentState.Seeding);
        Assert.Equal("own", row.Category);
        Assert.Equal((byte)'d', (await daemon.Client.GetCreatedTorrentAsync(job.Id))[0]);
        await daemon.Client.DropCreationAsync(job.Id);
        Assert.Empty((await daemon.Client.GetCreationsAsync()).Creations);
    }

    [Fact]
    public async Task Lists_graphs_folders_and_health_answer()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        Assert.Equal(600, (await daemon.Client.GetHistoryAsync(HistorySpan.Live)).Download.Count);
        Assert.Equal(1440, (await daemon.Client.GetHistoryAsync(HistorySpan.Day)).Upload.Count);
        Assert.Equal(daemon.Downloads, Assert.Single((await daemon.Client.GetFoldersAsync()).Entries).Path);
        Directory.CreateDirectory(Path.Combine(daemon.Downloads, "inner"));
        FolderListing inner = await daemon.Client.GetFoldersAsync(daemon.Downloads);
        Assert.Equal("inner", Assert.Single(inner.Entries).Name);
        Assert.Null(inner.Parent);
        Assert.Equal("ok", (await daemon.Client.GetHealthAsync()).Status);
        string id = await daemon.AddAsync(await daemon.MakeTorrentAsync("parts", tracker: "http://127.0.0.1:1/announce"));
        Assert.Empty((await daemon.Client.GetWebSeedsAsync(id)).WebSeeds);
        TrackerList trackers = await TestDaemon.UntilAsync(() => daemon.Client.GetTrackersAsync(id), list => list.Trackers is [{ State: TrackerState.Failing }, ..]);
        Assert.NotEmpty(trackers.Trackers[0].Message);
        Assert.NotEmpty((await daemon.Client.GetTorrentAsync(id)).Diagnosis);
        await daemon.Client.AddPeersAsync(id, new NewPeers { Addresses = ["127.0.0.1:9"] });
        foreach (string page in new[] { "api/docs/index.html", "api/v1/openapi.json" })
        {
            using var open = new HttpClient { BaseAddress = daemon.Host.Addresses[0] };
            using HttpResponseMessage answer = await open.GetAsync(page);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }
}
