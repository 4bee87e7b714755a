using System.Text;
using Spate.Daemon.State;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Daemon.Tests.State;

public sealed class DaemonStateTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly List<string> reports = [];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Everything_comes_back()
    {
        SavedTorrent torrent = Torrent("a") with
        {
            Magnet = "magnet:?xt=urn:btih:x", Name = "mine", Category = "films", Tags = ["a", "b"], Added = DateTimeOffset.UnixEpoch.AddDays(1),
            Completed = DateTimeOffset.UnixEpoch.AddDays(2), IsStopped = true, IsForced = true, IsSequential = true, TrustData = true, Rank = -7,
            FilePriorities = [.. Enumerable.Repeat(PiecePriority.Normal, 1000), PiecePriority.Skip, PiecePriority.High], MaxPeers = 3,
            Limits = new SavedLimits { Download = 1, Upload = 2 }, IsShared = true, Trackers = [["http://a/", "udp://b:1"], ["http://c/"]],
            ShareLimits = new SavedShareLimits { Ratio = 1.5, SeedingMinutes = -1, Action = SavedShareAction.RemoveWithData },
        };
        var key = new SavedApiKey { Id = "k", Name = "sonarr", Hash = [1, 2], Scopes = ["read"], Created = DateTimeOffset.UnixEpoch };
        var login = new SavedLogin { Id = "l", Hash = [3], Created = DateTimeOffset.UnixEpoch, Expires = DateTimeOffset.MaxValue, Browser = "lynx" };
        var password = new SavedPassword { Salt = [4], Hash = [5], Rounds = 6, Changed = DateTimeOffset.UnixEpoch };
        await using (DaemonState state = await OpenAsync())
        {
            await state.PutAsync(torrent, Encoding.ASCII.GetBytes("d4:infoe"));
            await state.ChangeAsync(settings => settings with
            {
                DownloadFolder = "/d", UseAlternative = true,
                Categories = [new SavedCategory { Name = "films", Folder = "/f" }],
                WatchFolders = [new SavedWatchFolder { Path = "/w", Tags = ["t"] }],
                Schedule = new SavedSchedule { IsEnabled = true, Windows = [new SavedWindow { Days = [DayOfWeek.Monday], FromMinute = 60, ToMinute = 90 }] },
            });
            await state.PutAsync(key);
            await state.PutAsync(login);
            await state.PutAsync(password);
            await state.PutAsync(new SavedTotals { Downloaded = 1L << 50, Uploaded = 2, Wasted = 3, Seconds = 4, Completed = 5 });
            await state.PutAsync(new SavedMinute { Minute = 29_000_000, Downloaded = 1, Uploaded = 2, Peers = 3 });
            torrent = state.Torrents.Single();
        }
        await using (DaemonState state = await OpenAsync())
        {
            SavedTorrent read = Assert.Single(state.Torrents);
            Assert.Equal(Text(new StateRecord { Torrent = torrent }), Text(new StateRecord { Torrent = read }));
            Assert.Equal("d4:infoe", Encoding.ASCII.GetString(state.ReadMetainfo(read)!));
            Assert.Equal(("/d", true, "films", "/w", DayOfWeek.Monday),
                (state.Settings.DownloadFolder, state.Settings.UseAlternative, state.Settings.Categories[0].Name, state.Settings.WatchFolders[0].Path,
                    state.Settings.Schedule.Windows[0].Days[0]));
            Assert.Equal(Text(new StateRecord { ApiKey = key }), Text(new StateRecord { ApiKey = Assert.Single(state.ApiKeys) }));
            Assert.Equal(Text(new StateRecord { Login = login }), Text(new StateRecord { Login = Assert.Single(state.Logins) }));
            Assert.Equal(Text(new StateRecord { Password = password }), Text(new StateRecord { Password = state.Password }));
            Assert.Equal(new SavedTotals { Downloaded = 1L << 50, Uploaded = 2, Wasted = 3, Seconds = 4, Completed = 5 }, state.Totals);
            Assert.Equal(29_000_000, Assert.Single(state.Minutes).Minute);
            Assert.True(await state.RemoveAsync(torrent.Id));
            Assert.False(await state.RemoveAsync(torrent.Id));
            Assert.True(await state.RemoveApiKeyAsync("k"));
            Assert.True(await state.RemoveLoginAsync("l"));
            Assert.False(await state.RemoveLoginAsync("l"));
        }
        await using (DaemonState state = await OpenAsync())
        {
            Assert.Empty(state.Torrents);
            Assert.Empty(state.ApiKeys);
            Assert.Empty(state.Logins);
            Assert.Empty(Directory.GetFiles(folder["torrents"]));
        }
        Assert.Empty(reports);
    }

    [Fact]
    public void What_an_older_version_did_not_write_has_its_default()
    {
        StateRecord record = StateRecord.Read("""{"settings":{"queue":{},"network":{"dht":false},"future":1}}"""u8)!;
        Assert.Equal(Text(new StateRecord { Settings = new SavedSettings { Network = new SavedNetwork { Dht = false } } }), Text(record));
        record = StateRecord.Read("""{"torrent":{"id":"0000000000000000000000000000000000000000","folder":"/"}}"""u8)!;
        Assert.Equal(Text(new StateRecord { Torrent = new SavedTorrent { Id = default, Folder = "/" } }), Text(record));
    }

    [Theory]
    [InlineData("""{"torrent":{"id":"0000000000000000000000000000000000000000","folder":null}}""")]
    [InlineData("""{"torrent":{"id":"zz","folder":"/"}}""")]
    [InlineData("""{"torrent":{"id":"0000000000000000000000000000000000000000","folder":"/","filePriorities":"1*9999999999"}}""")]
    [InlineData("""{"torrent":{"id":"0000000000000000000000000000000000000000","folder":"/","filePriorities":"4*1"}}""")]
    [InlineData("{")]
    [InlineData("")]
    public void Nonsense_is_no_record(string text) => Assert.Null(StateRecord.Read(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task Two_daemons_do_not_share_a_folder()
    {
        await using (DaemonState first = await OpenAsync())
        {
            IOException e = await Assert.ThrowsAsync<IOException>(OpenAsync);
            Assert.Contains(folder.Path, e.Message, StringComparison.Ordinal);
            Assert.Contains("in use", e.Message, StringComparison.Ordinal);
        }
        await using DaemonState second = await OpenAsync();
    }

    [Fact]
    public async Task Only_the_user_may_look_into_the_folder()
    {
        if (OperatingSystem.IsWindows()) return;
        string path = folder["deep", "state"];
        await using DaemonState state = await DaemonState.OpenAsync(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task A_duplicate_add_says_so_and_changes_nothing()
    {
        await using DaemonState state = await OpenAsync();
        Assert.True(await state.TryAddAsync(Torrent("a") with { Name = "first" }));
        Assert.False(await state.TryAddAsync(Torrent("a") with { Name = "second" }));
        Assert.Equal("first", Assert.Single(state.Torrents).Name);
    }

    [Fact]
    public async Task One_change_costs_what_it_changed_and_many_at_once_cost_one_flush()
    {
        var gate = new Lock();
        string path = folder["journal"];
        using (Journal journal = Journal.Open(path, _ => true, (_, _) => { }))
        {
            using var line = new CommitLine(gate, journal, new MetainfoFiles(folder.Path), () => [], 1 << 30);
            var changes = new List<Change>();
            lock (gate)
            {
                for (int i = 0; i < 10_000; i++)
                {
                    var change = new Change(new StateRecord { Torrent = Torrent($"{i}") }.Write(), () => { });
                    changes.Add(change);
                    line.Add(change);
                }
            }
            await Task.WhenAll(changes.Select(change => change.Saved.Task));
            Assert.InRange(journal.Flushes, 1, 1);
            long before = journal.Length;
            var single = new Change(new StateRecord { Torrent = Torrent("7") with { IsStopped = true } }.Write(), () => { });
            lock (gate) line.Add(single);
            await single.Saved.Task;
            Assert.InRange(journal.Length - before, 1, 1000);
        }
    }

    [Fact]
    public async Task The_journal_does_not_grow_without_end()
    {
        await using (DaemonState state = await DaemonState.OpenAsync(folder.Path, reports.Add, minGrowth: 20_000))
        {
            await state.PutAsync(Torrent("other") with { Name = "stays" });
            for (int i = 0; i < 20; i++)
            {
                await Task.WhenAll(Enumerable.Range(0, 100).Select(n => state.PutAsync(Torrent("a") with { Rank = n })));
            }
            Assert.InRange(new FileInfo(folder["spate.journal"]).Length, 1, 100_000);
        }
        await using DaemonState again = await OpenAsync();
        Assert.Equal(99, again.Torrents.Single(torrent => torrent.Name is null).Rank);
        Assert.Equal(2, again.TorrentCount);
    }

    [Fact]
    public async Task A_change_that_can_not_be_saved_is_not_made_nor_those_that_build_on_it()
    {
        await using (DaemonState state = await DaemonState.OpenAsync(folder.Path, reports.Add))
        {
            await state.PutAsync(Torrent("a") with { Rank = 1 });
            Directory.Delete(folder["torrents"]);
            Task[] changes =
            [
                state.PutAsync(Torrent("b"), new byte[] { 1 }),
                state.ChangeAsync(Torrent("a").Id, torrent => torrent with { Rank = torrent.Rank + 1 }),
                state.ChangeAsync(settings => settings with { DownloadFolder = "/x" }),
                state.RemoveAsync(Torrent("a").Id),
            ];
            // Only those that were taken together with the one that failed fail; what is true of the others, is saved.
            Assert.Contains("was not made", (await Assert.ThrowsAsync<IOException>(() => changes[0])).Message, StringComparison.Ordinal);
            foreach (Task change in changes) await change.ContinueWith(_ => { }, TaskScheduler.Default);
            Assert.Equal(!changes[3].IsCompletedSuccessfully, state.TryGetTorrent(Torrent("a").Id, out SavedTorrent? left));
            if (left is not null) Assert.Equal(changes[1].IsCompletedSuccessfully ? 2 : 1, left.Rank);
            Assert.Equal(changes[2].IsCompletedSuccessfully ? "/x" : "", state.Settings.DownloadFolder);
            Assert.False(state.TryGetTorrent(Torrent("b").Id, out _));
            Directory.CreateDirectory(folder["torrents"]);
            await state.PutAsync(Torrent("b"), new byte[] { 1 });
        }
        await using DaemonState again = await OpenAsync();
        Assert.True(again.TryGetTorrent(Torrent("b").Id, out _));
    }

    [Fact]
    public async Task After_a_failed_rewrite_memory_and_disk_agree()
    {
        await using (DaemonState state = await DaemonState.OpenAsync(folder.Path, reports.Add, minGrowth: 1))
        {
            await state.PutAsync(Torrent("a"));
            await state.PutAsync(Torrent("b")); // from here on it wants to be written anew
            Directory.CreateDirectory(folder["spate.journal.new"]);
            await Assert.ThrowsAnyAsync<IOException>(() => FillAsync(state));
            string[] known = Ids(state);
            Directory.Delete(folder["spate.journal.new"]);
            await using var copy = new CopyOfState(folder.Path);
            Assert.Equal(known, Ids(await copy.OpenAsync()));
            await state.PutAsync(Torrent("z"));
        }
        await using DaemonState again = await OpenAsync();
        Assert.True(again.TryGetTorrent(Torrent("z").Id, out _));

        static async Task FillAsync(DaemonState state)
        {
            for (int i = 0; i < 50; i++) await state.PutAsync(Torrent($"fill {i}"));
        }
    }

    [Fact]
    public async Task A_damaged_line_costs_one_torrent_and_is_kept_aside()
    {
        await using (DaemonState state = await OpenAsync())
        {
            foreach (string name in new[] { "a", "b", "c" }) await state.PutAsync(Torrent(name) with { Name = name }, Encoding.ASCII.GetBytes(name));
        }
        byte[] bytes = File.ReadAllBytes(folder["spate.journal"]);
        int at = Encoding.UTF8.GetString(bytes).IndexOf("\"name\":\"b\"", StringComparison.Ordinal);
        bytes[at + 8] ^= 1;
        File.WriteAllBytes(folder["spate.journal"], bytes);
        await using (DaemonState state = await OpenAsync())
        {
            Assert.Equal(["a", "c"], state.Torrents.Select(torrent => torrent.Name).Order());
            Assert.Contains("line 3 is damaged", reports[0], StringComparison.Ordinal);
            string aside = Assert.Single(Directory.GetFiles(folder["aside"], "journal-*"));
            Assert.Contains("\"name\":\"c\"", File.ReadAllText(aside), StringComparison.Ordinal); // 'b' with its lowest bit flipped
            Assert.Single(Directory.GetFiles(folder["aside"], $"{Torrent("b").Id}-*.torrent"));
        }
        reports.Clear();
        await using (DaemonState state = await OpenAsync()) Assert.Equal(2, state.TorrentCount);
        Assert.Empty(reports); // told once
    }

    [Fact]
    public async Task A_damaged_torrent_file_is_told_and_the_torrent_stays()
    {
        await using (DaemonState state = await OpenAsync()) await state.PutAsync(Torrent("a") with { Name = "mine" }, new byte[] { 1, 2, 3 });
        File.WriteAllBytes(Directory.GetFiles(folder["torrents"]).Single(), [1, 2, 4]);
        await using (DaemonState state = await OpenAsync())
        {
            Assert.Null(state.ReadMetainfo(state.Torrents.Single()));
            Assert.Contains("mine", Assert.Single(reports), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Leftovers_of_a_crash_go_at_the_next_start()
    {
        await using (DaemonState state = await OpenAsync()) await state.PutAsync(Torrent("a"), new byte[] { 1 });
        File.WriteAllText(folder["torrents", $"{Torrent("never acknowledged").Id}.torrent"], "x");
        File.WriteAllText(folder["torrents", $"{Torrent("half").Id}.torrent.new"], "x");
        await using (DaemonState state = await OpenAsync()) Assert.Single(Directory.GetFiles(folder["torrents"]));
        Assert.Empty(reports);
    }

    [Fact]
    public async Task The_graph_keeps_a_day()
    {
        await using DaemonState state = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => state.PutAsync(new SavedMinute { Minute = 1_000_000 + i, Downloaded = i, Uploaded = 0, Peers = 0 })));
        Assert.Equal(Enumerable.Range(1_000_560, 1440).Select(i => (long)i), state.Minutes.Select(minute => minute.Minute));
    }

    [Fact]
    public async Task Ten_thousand_torrents_are_read_back()
    {
        await using (DaemonState state = await OpenAsync())
        {
            await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => state.PutAsync(Torrent($"{i}") with { Rank = i, Category = "many" }, Encoding.ASCII.GetBytes($"{i}"))));
        }
        await using DaemonState again = await OpenAsync();
        Assert.Equal(10_000, again.TorrentCount);
        Assert.True(again.TryGetTorrent(Torrent("1234").Id, out SavedTorrent? torrent));
        Assert.Equal("1234", Encoding.ASCII.GetString(again.ReadMetainfo(torrent)!));
        Assert.Same(torrent.Category, again.Torrents.First().Category); // one text, not 10,000
    }

    private static SavedTorrent Torrent(string name) => new() { Id = Sha1Hash.Of(Encoding.UTF8.GetBytes(name)), Folder = "/downloads" };

    private static string Text(StateRecord record) => Encoding.UTF8.GetString(record.Write());

    private static string[] Ids(DaemonState state) => [.. state.Torrents.Select(torrent => torrent.Id.ToString()).Order()];

    private Task<DaemonState> OpenAsync() => DaemonState.OpenAsync(folder.Path, reports.Add);

    // The files as they are while another has them open.
    private sealed class CopyOfState(string original) : IAsyncDisposable
    {
        private readonly TempFolder copy = new();
        private DaemonState? state;

        public async Task<DaemonState> OpenAsync()
        {
            using (FileStream from = new(Path.Combine(original, "spate.journal"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
            using (FileStream to = File.Create(copy["spate.journal"])) await from.CopyToAsync(to);
            return state = await DaemonState.OpenAsync(copy.Path);
        }

        public async ValueTask DisposeAsync()
        {
            if (state is not null) await state.DisposeAsync();
            copy.Dispose();
        }
    }
}
