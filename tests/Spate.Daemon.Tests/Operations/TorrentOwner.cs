using System.Security.Cryptography;
using System.Text;
using Spate.Api;
using Spate.Protocol;

namespace Spate.Daemon.Tests.Operations;

/// <summary>What a user can set of a torrent, and sees again.</summary>
internal sealed record TorrentFacts
{
    public required string Name { get; init; }

    public string Category { get; init; } = "";

    public string Tags { get; init; } = "";

    public long DownloadLimit { get; init; }

    public long UploadLimit { get; init; }

    public bool IsSequential { get; init; }

    public bool IsPaused { get; init; }

    public required string Folder { get; init; }

    /// <summary>A letter for each file.</summary>
    public string Priorities { get; init; } = "NNN";

    public int MaxPeers { get; init; } = 200;

    public string Trackers { get; init; } = "";
}

/// <summary>
/// A user with torrents of his own, who changes them one after the other over the API: what was acknowledged last is what must be there.
/// Of the change that was under way when the daemon was killed, all must be there or nothing.
/// </summary>
internal sealed class TorrentOwner(int number, string downloads)
{
    private const int Names = 6, Files = 3;

    private static readonly Dictionary<char, FilePriority> letters = new() { ['S'] = FilePriority.Skip, ['L'] = FilePriority.Low, ['N'] = FilePriority.Normal, ['H'] = FilePriority.High };

    private readonly Dictionary<string, TorrentFacts> known = new(StringComparer.Ordinal);    // what was acknowledged; missing: not there
    private readonly Dictionary<string, string> left = new(StringComparer.Ordinal);           // where the files of removed ones still lie
    private List<string> queue = [];                                                          // his torrents in the order of the queue
    private string? openId;                                                                   // the change under way
    private TorrentFacts? openFacts;
    private bool openDeletes;
    private List<string>? openQueue;

    /// <summary>Changes things until the daemon is no more.</summary>
    public async Task ChangeForEverAsync(SpateClient client, Random random, Action onDone)
    {
        try
        {
            while (true)
            {
                await ChangeAsync(client, random);
                onDone();
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException) { } // it was killed
    }

    /// <summary>Compares what is there with what was acknowledged, and goes on from what is there.</summary>
    public async Task CheckAsync(SpateClient client, TorrentPage page)
    {
        var rows = page.Rows.ToDictionary(row => row.Id);
        for (int i = 0; i < Names; i++)
        {
            string id = IdOf(i);
            TorrentFacts? expected = known.GetValueOrDefault(id);
            TorrentFacts? actual = rows.TryGetValue(id, out TorrentRow? row) ? await FactsOfAsync(client, row) : null;
            bool isOpen = openId == id;
            Assert.True(actual == expected || (isOpen && actual == openFacts), $"{id} is {actual}, was acknowledged as {expected}" + (isOpen ? $", and {openFacts} was under way" : ""));
            if (actual is not null)
            {
                Assert.True(
                    row!.Progress == 1,
                    $"{id} is {row.State} {row.Error} and has {row.Progress:P0} of its files, in {row.SavePath}; there are {FilesOf(i)}; "
                        + $"was {expected}, under way {(isOpen ? openFacts : null)}");
                known[id] = actual;
                left.Remove(id);
                AssertLiesIn(id, i, actual.Folder);
                continue;
            }
            if (expected is not null && !openDeletes) left[id] = expected.Folder;
            known.Remove(id);
            if (left.TryGetValue(id, out string? folder)) AssertLiesIn(id, i, folder);
            else await UntilGoneAsync(i);
        }
        List<string> order = [.. page.Rows.Where(row => known.ContainsKey(row.Id)).OrderBy(row => row.QueuePosition).Select(row => row.Id)];
        bool same = order.SequenceEqual(queue.Where(known.ContainsKey)) || (openQueue is not null && order.SequenceEqual(openQueue.Where(known.ContainsKey)));
        Assert.True(same, $"the queue is {string.Join(' ', order)}, was acknowledged as {string.Join(' ', queue)}");
        queue = order;
        (openId, openFacts, openDeletes, openQueue) = (null, null, false, null);
    }

    private async Task ChangeAsync(SpateClient client, Random random)
    {
        int name = random.Next(Names);
        string id = IdOf(name);
        if (!known.TryGetValue(id, out TorrentFacts? was))
        {
            await AddAsync(client, name, id, random);
            return;
        }
        switch (random.Next(8))
        {
            case 0:
                bool deletes = random.Next(2) == 0;
                Begin(id, null, deletes);
                await client.RemoveTorrentAsync(id, deletes);
                if (!deletes) left[id] = was.Folder;
                known.Remove(id);
                queue.Remove(id);
                break;
            case 1:
                TorrentFacts moved = was with { Folder = FolderOf(random) };
                Begin(id, moved);
                Assert.Equal(1, (await client.MoveAsync(new MoveTorrents { Ids = [id], SavePath = moved.Folder })).Done);
                known[id] = moved;
                // It goes on after the answer, so that the kill may come in the middle of it.
                while ((await client.GetTorrentAsync(id)).Row.State == TorrentState.Moving) { }
                break;
            case 2:
                TorrentFacts stopped = was with { IsPaused = !was.IsPaused };
                Begin(id, stopped);
                if (stopped.IsPaused) await client.PauseAsync(new PauseTorrents { Ids = [id] });
                else await client.ResumeAsync(new ResumeTorrents { Ids = [id] });
                known[id] = stopped;
                break;
            case 3:
                char letter = "SLNH"[random.Next(4)];
                int file = random.Next(Files);
                TorrentFacts wanted = was with { Priorities = was.Priorities.Remove(file, 1).Insert(file, $"{letter}") };
                Begin(id, wanted);
                await client.ChangeFilesAsync(id, new FilesChange { Priorities = [new PriorityChange { Indexes = [file], Priority = letters[letter] }] });
                known[id] = wanted;
                break;
            case 4:
                TorrentFacts announced = was with { Trackers = $"http://127.0.0.1:1/{random.Next()}" };
                Begin(id, announced);
                await client.SetTrackersAsync(id, new TrackerTiers { Tiers = [[announced.Trackers]] });
                known[id] = announced;
                break;
            case 5:
                bool toTop = random.Next(2) == 0;
                openQueue = [.. queue];
                openQueue.Remove(id);
                openQueue.Insert(toTop ? 0 : openQueue.Count, id);
                await client.QueueAsync(new QueueTorrents { Ids = [id], To = toTop ? QueueMove.Top : QueueMove.Bottom });
                queue = openQueue;
                break;
            default:
                TorrentFacts changed = was with
                {
                    Name = $"{number} {random.Next()}", Category = $"c{random.Next(3)}", Tags = $"t{random.Next(3)}", UploadLimit = random.Next(1000), DownloadLimit = random.Next(1000),
                    IsSequential = random.Next(2) == 0, MaxPeers = random.Next(1, 100),
                };
                Begin(id, changed);
                await client.ChangeTorrentAsync(id, new TorrentChange
                {
                    Name = changed.Name, Category = changed.Category, Tags = [changed.Tags], UploadLimit = changed.UploadLimit, DownloadLimit = changed.DownloadLimit,
                    IsSequential = changed.IsSequential, MaxPeers = changed.MaxPeers,
                });
                known[id] = changed;
                break;
        }
        (openId, openQueue) = (null, null);
    }

    private async Task AddAsync(SpateClient client, int name, string id, Random random)
    {
        if (!left.TryGetValue(id, out string? folder))
        {
            folder = FolderOf(random);
            foreach (string path in PathsIn(folder, name))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, Content(name));
            }
            left[id] = folder; // they lie there, whatever becomes of the torrent
        }
        var facts = new TorrentFacts { Name = $"{number} {random.Next()}", Category = $"c{random.Next(3)}", Tags = $"t{random.Next(3)}", IsPaused = random.Next(2) == 0, Folder = folder, UploadLimit = random.Next(1000) };
        openQueue = [.. queue, id];
        Begin(id, facts);
        AddResult result = await client.AddAsync(new AddTorrents
        {
            Metainfo = [Convert.ToBase64String(TorrentOf(name))],
            Options = new AddOptions { Name = facts.Name, Category = facts.Category, Tags = [facts.Tags], Paused = facts.IsPaused, SavePath = folder, UploadLimit = facts.UploadLimit, SkipCheck = random.Next(2) == 0 },
        });
        Assert.False(Assert.Single(result.Torrents).Duplicate);
        known[id] = facts;
        left.Remove(id);
        queue = openQueue;
        (openId, openQueue) = (null, null);
    }

    private void Begin(string id, TorrentFacts? facts, bool deletes = false) => (openId, openFacts, openDeletes) = (id, facts, deletes);

    private static async Task<TorrentFacts> FactsOfAsync(SpateClient client, TorrentRow row)
    {
        Task<TorrentDetails> details = client.GetTorrentAsync(row.Id);
        Task<TrackerList> trackers = client.GetTrackersAsync(row.Id);
        FileList files = await client.GetFilesAsync(row.Id);
        return new TorrentFacts
        {
            Name = row.Name, Category = row.Category, Tags = string.Join(' ', row.Tags), DownloadLimit = row.DownloadLimit, UploadLimit = row.UploadLimit, IsSequential = row.IsSequential,
            IsPaused = row.State == TorrentState.Paused, Folder = row.SavePath, Priorities = string.Concat(files.Files.Select(file => file.Priority.ToString()[0])),
            MaxPeers = (await details).MaxPeers, Trackers = string.Join(' ', (await trackers).Trackers.Select(tracker => tracker.Url)),
        };
    }

    private void AssertLiesIn(string id, int name, string folder)
    {
        foreach (string other in Folders)
        {
            foreach (string path in PathsIn(other, name)) Assert.True(File.Exists(path) == (other == folder), $"{id} is in {folder}, and {path} {(File.Exists(path) ? "is there" : "is gone")}");
        }
    }

    // Files are deleted after a start in the background.
    private async Task UntilGoneAsync(int name)
    {
        string[] paths = [.. Folders.SelectMany(folder => PathsIn(folder, name))];
        for (int i = 0; i < 6000; i++)
        {
            if (!paths.Any(File.Exists)) return;
            await Task.Delay(10);
        }
        Assert.Fail($"{string.Join(", ", paths.Where(File.Exists))} should have been deleted");
    }

    private IEnumerable<string> Folders => Enumerable.Range(0, 3).Select(i => Path.Combine(downloads, $"f{i}"));

    private string FolderOf(Random random) => Path.Combine(downloads, $"f{random.Next(3)}");

    private IEnumerable<string> PathsIn(string folder, int name) => Enumerable.Range(0, Files).Select(file => Path.Combine(folder, $"{number}.{name}", $"file{file}"));

    private string FilesOf(int name) => string.Join(", ", Folders.SelectMany(folder => PathsIn(folder, name)).Where(File.Exists));

    private string Content(int name) => $"{number}.{name}";

    private string IdOf(int name) => Metainfo.Parse(TorrentOf(name)).InfoHash.Wire.ToString();

    private byte[] TorrentOf(int name)
    {
        string content = Content(name), all = string.Concat(Enumerable.Repeat(content, Files));
        string files = string.Concat(Enumerable.Range(0, Files).Select(file => $"d6:lengthi{content.Length}e4:pathl5:file{file}ee"));
        return [.. Encoding.ASCII.GetBytes($"d4:infod5:filesl{files}e4:name{content.Length}:{content}12:piece lengthi16384e6:pieces20:"), .. SHA1.HashData(Encoding.ASCII.GetBytes(all)), .. "ee"u8];
    }
}
