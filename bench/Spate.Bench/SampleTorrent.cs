using Spate.Protocol;

namespace Spate.Bench;

/// <summary>Torrents to measure with: valid, and of the sizes that matter.</summary>
internal static class SampleTorrent
{
    /// <summary>One file in so many pieces.</summary>
    public static byte[] Single(int pieces) => Build(new TorrentBuilder
    {
        Name = "film.mkv", PieceLength = 1 << 20, Files = [new NewFile([], (long)pieces << 20)],
    });

    /// <summary>So many files of some 30 KB, two hundred to a folder.</summary>
    public static byte[] Many(int files) => Build(new TorrentBuilder
    {
        Name = "collection", PieceLength = 1 << 18,
        Files = [.. Enumerable.Range(0, files).Select(i => new NewFile([$"folder {i / 200:000}", $"file number {i:000000}.jpg"], 20_000 + i % 20_000))],
    });

    private static byte[] Build(TorrentBuilder builder)
    {
        byte[] hashes = new byte[builder.PieceCount * Sha1Hash.Size];
        new Random(1).NextBytes(hashes);
        return (builder with { Outer = new TorrentOuter { TrackerTiers = [["http://tracker.example/announce"]] } }).Build(hashes);
    }
}
