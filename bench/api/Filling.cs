using Spate.Api;
using Spate.Protocol;

namespace Spate.Bench.Api;

/// <summary>Gives a daemon many small torrents.</summary>
internal static class Filling
{
    private const int Length = 1024;
    private const int Together = 100;

    /// <summary>Adds torrents of one small file each; every other is paused, the rest seeds.</summary>
    public static async Task AddAsync(SpateClient client, string downloads, int count)
    {
        await client.ChangeSettingsAsync(new SettingsChange { Queue = new QueueSettingsChange { Enabled = false } });
        for (int from = 0; from < count; from += Together)
        {
            int here = Math.Min(Together, count - from);
            await Task.WhenAll(
                AddAsync(client, downloads, Enumerable.Range(from, here).Where(static i => i % 2 == 0), paused: true),
                AddAsync(client, downloads, Enumerable.Range(from, here).Where(static i => i % 2 == 1), paused: false));
        }
    }

    private static Task<AddResult> AddAsync(SpateClient client, string downloads, IEnumerable<int> numbers, bool paused)
    {
        var files = new List<(string, byte[])>();
        foreach (int number in numbers)
        {
            byte[] content = new byte[Length];
            BitConverter.TryWriteBytes(content, number);
            string name = $"content.of.torrent.{number:00000}.bin";
            File.WriteAllBytes(Path.Combine(downloads, name), content);
            files.Add((name + ".torrent", Make(name, content)));
        }
        return client.AddFilesAsync(files, new AddOptions { Paused = paused, SkipCheck = true, Category = $"category {(files.Count + (paused ? 1 : 0)) % 7}", Tags = ["bench"] });
    }

    private static byte[] Make(string name, byte[] content)
    {
        var builder = new TorrentBuilder { Name = name, Files = [new NewFile([], content.Length)], PieceLength = TorrentBuilder.MinPieceLength };
        return builder.Build(Sha1Hash.Of(content).AsSpan());
    }
}
