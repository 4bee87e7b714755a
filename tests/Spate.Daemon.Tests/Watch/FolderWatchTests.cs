using System.Text;
using Spate.Daemon.State;
using Spate.Daemon.Watch;
using Spate.Protocol;

namespace Spate.Daemon.Tests.Watch;

public sealed class FolderWatchTests : IDisposable
{
    private const string Link = "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567";

    private readonly TempFolder folder = new();
    private readonly FakeTime time = new();
    private readonly List<FoundTorrent> added = [];
    private readonly List<string> reports = [];
    private readonly FolderWatch watch;
    private Func<string, bool> mayUse = _ => true;

    public FolderWatchTests() => watch = new FolderWatch(new SavedWatchFolder { Path = folder.Path, Category = "films" }, Add, path => mayUse(path), time, reports.Add);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_torrent_is_added_with_the_folders_settings_and_renamed()
    {
        File.WriteAllBytes(folder["a.torrent"], Torrent("a"));
        await LookAsync();
        FoundTorrent found = Assert.Single(added);
        Assert.Equal("films", found.Settings.Category);
        Assert.Equal(Torrent("a"), found.Metainfo.ToArray());
        Assert.Equal(["a.torrent.added"], Names());
        await LookAsync();
        Assert.Single(added);
    }

    [Fact]
    public async Task A_file_that_is_still_written_is_waited_for()
    {
        byte[] whole = Torrent("a");
        for (int written = 0; written < whole.Length; written += 20)
        {
            File.WriteAllBytes(folder["a.torrent"], whole[..written]);
            await LookAsync();
            time.Advance(TimeSpan.FromSeconds(20));
            await LookAsync();
            Assert.Empty(added);
            Assert.Equal(["a.torrent"], Names());
        }
        File.WriteAllBytes(folder["a.torrent"], whole);
        await LookAsync();
        Assert.Single(added);
    }

    [Fact]
    public async Task What_never_becomes_a_torrent_fails_with_a_reason()
    {
        File.WriteAllText(folder["a.torrent"], "<html>");
        File.WriteAllText(folder["b.magnet"], "http://example.org/");
        File.WriteAllText(folder["empty.torrent"], "");
        await LookAsync();
        time.Advance(FolderWatch.Patience);
        await LookAsync();
        Assert.Equal(
            ["a.torrent.failed", "a.torrent.failed.txt", "b.magnet.failed", "b.magnet.failed.txt", "empty.torrent.failed", "empty.torrent.failed.txt"], Names());
        Assert.Contains("no .torrent file", File.ReadAllText(folder["a.torrent.failed.txt"]), StringComparison.Ordinal);
        Assert.Equal(3, reports.Count);
        Assert.Empty(added);
    }

    [Fact]
    public async Task A_link_is_taken_once_it_stands_still()
    {
        File.WriteAllText(folder["a.magnet"], Link + "\n");
        await LookAsync();
        Assert.Empty(added);
        File.WriteAllText(folder["a.magnet"], Link + "&tr=http%3A%2F%2Fexample.org%2F\n");
        time.Advance(FolderWatch.Settling);
        await LookAsync();
        Assert.Empty(added);
        time.Advance(FolderWatch.Settling);
        await LookAsync();
        Assert.EndsWith("example.org%2F", Assert.Single(added).Magnet, StringComparison.Ordinal);
        Assert.Equal(["a.magnet.added"], Names());
    }

    [Fact]
    public async Task What_can_not_be_added_says_why()
    {
        File.WriteAllBytes(folder["bad.torrent"], Torrent("bad"));
        await LookAsync();
        Assert.Equal("the disk is full", File.ReadAllText(folder["bad.torrent.failed.txt"]).Trim());
    }

    [Fact]
    public async Task Names_that_are_taken_are_not_overwritten()
    {
        File.WriteAllText(folder["a.torrent.added"], "old");
        File.WriteAllBytes(folder["a.torrent"], Torrent("a"));
        await LookAsync();
        Assert.Equal(["a.torrent.added", "a.torrent.added.2"], Names());
        Assert.Equal("old", File.ReadAllText(folder["a.torrent.added"]));
    }

    [Fact]
    public async Task Other_files_hidden_ones_folders_and_links_are_left_alone()
    {
        File.WriteAllBytes(folder["note.txt"], Torrent("a"));
        File.WriteAllBytes(folder[".hidden.torrent"], Torrent("a"));
        Directory.CreateDirectory(folder["folder.torrent"]);
        using var elsewhere = new TempFolder();
        File.WriteAllBytes(elsewhere["secret"], Torrent("a"));
        File.CreateSymbolicLink(folder["link.torrent"], elsewhere["secret"]);
        await LookAsync();
        time.Advance(FolderWatch.Patience);
        await LookAsync();
        Assert.Empty(added);
        Assert.Equal(4, Names().Length);
    }

    [Fact]
    public async Task A_folder_that_is_gone_or_out_of_bounds_is_told_once_and_watched_again_when_it_is_back()
    {
        mayUse = _ => false;
        await LookAsync();
        await LookAsync();
        Assert.Single(reports);
        mayUse = _ => true;
        File.WriteAllBytes(folder["a.torrent"], Torrent("a"));
        await LookAsync();
        Assert.Single(added);
    }

    [Fact]
    public async Task The_running_watch_takes_what_appears()
    {
        var taken = new TaskCompletionSource<FoundTorrent>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var watches = new FolderWatches(found =>
        {
            taken.TrySetResult(found);
            return Task.CompletedTask;
        }, _ => true, TimeProvider.System, _ => { });
        watches.Set([new SavedWatchFolder { Path = folder.Path }]);
        File.WriteAllBytes(folder["a.torrent"], Torrent("a"));
        await taken.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static byte[] Torrent(string name) =>
        Encoding.ASCII.GetBytes($"d4:infod6:lengthi1e4:name{name.Length}:{name}12:piece lengthi16384e6:pieces20:01234567890123456789ee");

    private Task Add(FoundTorrent found)
    {
        if (found.Magnet is null && Metainfo.Parse(found.Metainfo).Name == "bad") throw new IOException("the disk is full");
        added.Add(found);
        return Task.CompletedTask;
    }

    private Task LookAsync() => watch.LookAsync(CancellationToken.None);

    private string[] Names() => [.. Directory.GetFileSystemEntries(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
