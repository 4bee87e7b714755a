using Spate.Hashing;
using Spate.Protocol;

namespace Spate.Create;

/// <summary>Makes a torrent of a file or a folder, hashing on all cores.</summary>
public static class TorrentCreator
{
    /// <summary>Makes a torrent. Reads all of the content once; memory does not grow with it.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told ten times a second, on another thread.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">Something cannot be read, has no content, or changed meanwhile; the message names it.</exception>
    /// <exception cref="ArgumentException">The piece length cannot be used.</exception>
    public static Task<CreatedTorrent> CreateAsync(
        string path, CreateOptions options, Action<HashProgress>? progress = null, CancellationToken cancel = default) =>
        Task.Factory.StartNew(() => Create(path, options, progress, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The same, blocking the caller, which is also who is told of the progress.</summary>
    /// <inheritdoc cref="CreateAsync"/>
    public static CreatedTorrent Create(
        string path, CreateOptions options, Action<HashProgress>? progress = null, CancellationToken cancel = default)
    {
        (List<(NewFile File, string Path)> found, List<string> leftOut) = ContentScan.Of(path, options, cancel);
        TorrentBuilder builder = Describe(path, found, options);

        var content = new ContentFile[found.Count];
        var stamps = new DateTime[found.Count];
        long offset = 0;
        for (int i = 0; i < content.Length; i++)
        {
            content[i] = new ContentFile(found[i].Path, found[i].File.Length, offset);
            offset += found[i].File.Length;
            stamps[i] = File.GetLastWriteTimeUtc(found[i].Path);
        }
        byte[] hashes = new NewPieceHashes(content, builder.PieceLength, builder.PieceCount).Compute(options.Threads, progress, cancel);
        for (int i = 0; i < content.Length; i++)
        {
            bool link = found[i].File.LinkTarget is not null;
            if (!link && (File.GetLastWriteTimeUtc(found[i].Path) != stamps[i] || new FileInfo(found[i].Path).Length != found[i].File.Length))
                throw new IOException($"{found[i].Path} changed while it was read; the torrent would be wrong.");
        }

        byte[] torrent = builder.Build(hashes);
        var asNamed = new MetainfoOptions { FileNames = FileNameRules.Posix };
        if (!Metainfo.TryParse(torrent, asNamed, out Metainfo? metainfo, out MetainfoError? error))
            throw new IOException($"No torrent can be made of {path}: {error}.");
        return new CreatedTorrent(torrent, metainfo, leftOut, NamesThatChange(torrent, metainfo));
    }

    private static TorrentBuilder Describe(string path, List<(NewFile File, string Path)> found, CreateOptions options)
    {
        long total = found.Sum(f => f.File.Length);
        if (found.Count == 0) throw new IOException($"There are no files to share in {path}.");
        if (total == 0) throw new IOException($"All files in {path} are empty.");
        int pieceLength = options.PieceLength ?? TorrentBuilder.PieceLengthFor(total);
        if (TorrentBuilder.CheckPieceLength(pieceLength, total) is { } unusable) throw new ArgumentException(unusable, nameof(options));
        string name = options.Name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        if (name.Length == 0) throw new ArgumentException($"{path} has no name of its own; give one.", nameof(options));
        return new TorrentBuilder
        {
            Name = name,
            Files = [.. found.Select(f => f.File)],
            PieceLength = pieceLength,
            IsPrivate = options.IsPrivate,
            Source = options.Source,
            Outer = options.Outer,
        };
    }

    private static List<string> NamesThatChange(byte[] torrent, Metainfo asNamed)
    {
        Metainfo portable = Metainfo.Parse(torrent);
        var warnings = new List<string>();
        foreach ((MetainfoFile here, MetainfoFile elsewhere) in asNamed.Files.Zip(portable.Files))
        {
            if (here.Path != here.OriginalPath)
                throw new IOException($"{here.OriginalPath} has a name that no program would store as it is; rename it or leave it out.");
            if (here.Path != elsewhere.Path) warnings.Add($"{here.Path} will be stored as {elsewhere.Path} by some who download it");
        }
        return warnings;
    }

    private sealed class NewPieceHashes(ContentFile[] files, int pieceLength, int pieceCount) : ContentHasher(files, pieceLength)
    {
        private readonly byte[] hashes = new byte[pieceCount * Sha1Hash.Size];

        public byte[] Compute(int threads, Action<HashProgress>? progress, CancellationToken cancel)
        {
            Run(threads, progress, cancel);
            return hashes;
        }

        protected override void OnPiece(int piece, ReadOnlySpan<byte> hash) => hash.CopyTo(hashes.AsSpan(piece * Sha1Hash.Size));

        protected override void OnUnreadable(int piece, int file, Exception? reason) => throw reason switch
        {
            EndOfStreamException end => new IOException($"{end.Message} It changed while it was read.", end),
            null => new FileNotFoundException(),
            _ => reason,
        };
    }
}
