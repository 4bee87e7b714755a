using System.Net;
using System.Net.Http.Json;
using Spate.Api;
using Spate.Create;

namespace Spate.Daemon.Tests.Api;

/// <summary>Files of torrents get other names over HTTP.</summary>
public sealed class RenameTests
{
    private static async Task<(TestDaemon Daemon, string Id)> StartAsync()
    {
        TestDaemon daemon = await TestDaemon.StartAsync();
        CreatedTorrent made = await daemon.MakeTorrentAsync("album", files: 4);
        string id = await daemon.AddAsync(made, new AddOptions { SavePath = null, Paused = true });
        return (daemon, id);
    }

    private static async Task<string[]> PathsAsync(TestDaemon daemon, string id) => [.. (await daemon.Client.GetFilesAsync(id)).Files.Select(file => file.Path)];

    [Fact]
    public async Task Files_are_listed_by_their_new_names_and_chosen_by_them()
    {
        (TestDaemon daemon, string id) = await StartAsync();
        await using TestDaemon _ = daemon;
        await daemon.Client.RenameFileAsync(id, new RenameFile { Path = "album/extras", Name = "bonus" });
        await daemon.Client.RenameFileAsync(id, new RenameFile { Path = "album/0.bin", Name = "first.bin" });
        FileList files = await daemon.Client.GetFilesAsync(id);
        Assert.Equal(["album/2.bin", "album/bonus/1.bin", "album/bonus/3.bin", "album/first.bin"], files.Files.Select(file => file.Path).Order(StringComparer.Ordinal));
        Assert.Equal("album/0.bin", files.Files.Single(file => file.Path == "album/first.bin").PathInTorrent);
        Assert.Null(files.Files.Single(file => file.Path == "album/2.bin").PathInTorrent);
        Assert.Equal("album/bonus", Assert.Single((await daemon.Client.GetFilesAsync(id, "album")).Folders).Path);
        await daemon.Client.ChangeFilesAsync(id, new FilesChange { Priorities = [new PriorityChange { Folder = "album/bonus", Priority = FilePriority.Skip }] });
        Assert.All((await daemon.Client.GetFilesAsync(id)).Files, file => Assert.Equal(file.Path.StartsWith("album/bonus/", StringComparison.Ordinal), file.Priority == FilePriority.Skip));
        ApiException gone = await Assert.ThrowsAsync<ApiException>(() => daemon.Client.ChangeFilesAsync(id, new FilesChange { Priorities = [new PriorityChange { Folder = "album/extras", Priority = FilePriority.High }] }));
        Assert.Equal(400, gone.Status);
        Assert.Contains((await daemon.Client.GetLogAsync(id)).Entries, entry => entry.Message == "album/extras is called bonus now.");
    }

    [Theory]
    [InlineData("album/0.bin", "../0.bin", "name")]
    [InlineData("album/0.bin", "a/b", "name")]
    [InlineData("album/0.bin", "..", "name")]
    [InlineData("album/0.bin", "", "name")]
    [InlineData("album/0.bin", "NUL", "name")]
    [InlineData("album/0.bin", "2.BIN", "name")]
    [InlineData("album/0.bin", "extras", "name")]
    [InlineData("album/none", "x", "path")]
    [InlineData("../state", "x", "path")]
    [InlineData("", "x", "path")]
    public async Task What_can_not_be_is_refused_by_its_field(string path, string name, string field)
    {
        (TestDaemon daemon, string id) = await StartAsync();
        await using TestDaemon _ = daemon;
        string[] before = await PathsAsync(daemon, id);
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => daemon.Client.RenameFileAsync(id, new RenameFile { Path = path, Name = name }));
        Assert.Equal((400, field), (refused.Status, Assert.Single(refused.Problem.Errors!).Key));
        Assert.Equal(before, await PathsAsync(daemon, id));
    }

    [Fact]
    public async Task Bodies_that_say_too_little_and_torrents_that_are_not_there_are_told()
    {
        (TestDaemon daemon, string id) = await StartAsync();
        await using TestDaemon _ = daemon;
        Assert.Equal(HttpStatusCode.BadRequest, (await daemon.Http.PostAsJsonAsync($"api/v1/torrents/{id}/rename", new { path = "album" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await daemon.Http.PostAsJsonAsync($"api/v1/torrents/{id}/rename", new { path = "album", name = 5 })).StatusCode);
        ApiException missing = await Assert.ThrowsAsync<ApiException>(() => daemon.Client.RenameFileAsync(new string('0', 40), new RenameFile { Path = "a", Name = "b" }));
        Assert.Equal(404, missing.Status);
        AddResult magnet = await daemon.Client.AddAsync(new AddTorrents { Sources = [$"magnet:?xt=urn:btih:{new string('1', 40)}"] });
        ApiException unknown = await Assert.ThrowsAsync<ApiException>(() => daemon.Client.RenameFileAsync(magnet.Torrents[0].Id!, new RenameFile { Path = "a", Name = "b" }));
        Assert.Equal(409, unknown.Status);
    }

    [Fact]
    public async Task Names_hold_after_a_restart_and_so_does_the_data()
    {
        string folder = Directory.CreateTempSubdirectory("spate-").FullName;
        try
        {
            string id;
            await using (TestDaemon daemon = await TestDaemon.StartAsync(folder))
            {
                CreatedTorrent made = await daemon.MakeTorrentAsync("album", files: 2);
                Directory.CreateDirectory(daemon.Downloads);
                Directory.Move(Path.Combine(folder, "content", "album"), Path.Combine(daemon.Downloads, "album"));
                id = await daemon.AddAsync(made);
                await daemon.UntilAsync(id, row => row.IsFinished);
                await daemon.Client.RenameFileAsync(id, new RenameFile { Path = "album", Name = "The Album" });
                Assert.True(File.Exists(Path.Combine(daemon.Downloads, "The Album", "extras", "1.bin")));
                Assert.True((await daemon.Client.GetTorrentAsync(id)).Row.IsFinished);
            }
            await using TestDaemon again = await TestDaemon.StartAsync(folder);
            await again.UntilAsync(id, row => row.IsFinished);
            Assert.Equal(["The Album/0.bin", "The Album/extras/1.bin"], await PathsAsync(again, id));
            await again.Client.RecheckAsync(new RecheckTorrents { Ids = [id] });
            await again.UntilAsync(id, row => row.IsFinished);
            await again.Client.RemoveTorrentAsync(id, deleteData: true);
            Assert.Empty(Directory.GetFileSystemEntries(again.Downloads));
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
