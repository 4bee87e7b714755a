using Spate.Hashing;
using Spate.Protocol;

namespace Spate.Verify;

/// <summary>Compares files on disk with a torrent, on all cores. Writes nothing.</summary>
public static class TorrentVerifier
{
    /// <summary>Compares. Reads what is there once; files that are missing or too short end nothing.</summary>
    /// <param name="metainfo">The torrent.</param>
    /// <param name="folder">The download folder, or the torrent's own folder or file.</param>
    /// <param name="threads">Threads to hash on; 0 for one per core.</param>
    /// <param name="progress">Told ten times a second, on another thread.</param>
    /// <param name="cancel">Ends it.</param>
    public static Task<VerifyResult> VerifyAsync(
        Metainfo metainfo, string folder, int threads = 0, Action<HashProgress>? progress = null, CancellationToken cancel = default) =>
        Task.Factory.StartNew(
            () => Verify(metainfo, folder, threads, progress, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The same, blocking the caller, which is also who is told of the progress.</summary>
    /// <inheritdoc cref="VerifyAsync"/>
    public static VerifyResult Verify(
        Metainfo metainfo, string folder, int threads = 0, Action<HashProgress>? progress = null, CancellationToken cancel = default)
    {
        string?[] paths = ContentLocator.Locate(metainfo, folder);
        return new Comparison(metainfo, paths).Compute(threads, progress, cancel);
    }

    private sealed class Comparison : ContentHasher
    {
        private readonly Metainfo metainfo;
        private readonly string?[] paths;
        private readonly bool[] isGood;  // by piece; each is written by one thread
        private readonly bool[] isUnread; // by piece; some of its bytes are not there
        private readonly (FileState State, string? Reason)[] states; // before anything is read
        private readonly Dictionary<int, string> failures = [];

        public Comparison(Metainfo metainfo, string?[] paths)
            : base([.. metainfo.Files.Select((f, i) => new ContentFile(paths[i], f.Length, f.Offset))], metainfo.PieceLength)
        {
            this.metainfo = metainfo;
            this.paths = paths;
            isGood = new bool[metainfo.PieceCount];
            isUnread = new bool[metainfo.PieceCount];
            states = [.. metainfo.Files.Select((f, i) => Look(f, paths[i]))];
        }

        public VerifyResult Compute(int threads, Action<HashProgress>? progress, CancellationToken cancel)
        {
            Run(threads, progress, cancel);
            List<int> bad = [.. Enumerable.Range(0, isGood.Length).Where(piece => !isGood[piece])];
            return new VerifyResult(metainfo, isGood.Length - bad.Count, bad, Judge());
        }

        protected override bool IsMissing(int file) => states[file].State == FileState.Missing;

        protected override void OnPiece(int piece, ReadOnlySpan<byte> hash) => isGood[piece] = hash.SequenceEqual(metainfo.PieceHash(piece));

        protected override void OnUnreadable(int piece, int file, Exception? reason)
        {
            isUnread[piece] = true;
            bool known = reason is null || (reason is EndOfStreamException && states[file].State == FileState.TooShort);
            if (known) return;
            lock (failures) failures[file] = reason!.Message;
        }

        private static (FileState, string?) Look(MetainfoFile file, string? path)
        {
            if (path is null) return (FileState.Complete, null);
            try
            {
                var info = new FileInfo(path);
                if (Directory.Exists(path)) return (FileState.Missing, "a folder stands in its place");
                if (!info.Exists) return (FileState.Missing, null);
                if (!FileKind.IsRegular(path)) return (FileState.Missing, "something that is no regular file stands in its place");
                long length = info.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target ? target.Length : info.Length;
                if (length < file.Length) return (FileState.TooShort, $"{length:N0} of {file.Length:N0} bytes");
                if (length > file.Length) return (FileState.TooLong, $"{length:N0} instead of {file.Length:N0} bytes");
                return (FileState.Complete, null);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return (FileState.Unreadable, e.Message);
            }
        }

        // A bad piece is held against a file only when all bytes of the piece could be read: where another file's are missing, this
        // one may be right.
        private List<FileVerdict> Judge()
        {
            var verdicts = new List<FileVerdict>();
            for (int i = 0; i < states.Length; i++)
            {
                if (paths[i] is not { } path) continue;
                MetainfoFile file = metainfo.Files[i];
                List<int> bad = Pieces(file).FindAll(piece => !isGood[piece]);
                (FileState state, string? reason) = failures.TryGetValue(i, out string? failure) ? (FileState.Unreadable, failure) : states[i];
                if (state == FileState.Complete && bad.Count > 0)
                    state = bad.Exists(piece => !isUnread[piece]) ? FileState.Damaged : FileState.Unknown;
                verdicts.Add(new FileVerdict(file, path, state, bad, reason));
            }
            return verdicts;
        }

        private List<int> Pieces(MetainfoFile file)
        {
            if (file.Length == 0) return [];
            int first = (int)(file.Offset / metainfo.PieceLength);
            int last = (int)((file.Offset + file.Length - 1) / metainfo.PieceLength);
            return [.. Enumerable.Range(first, last - first + 1)];
        }
    }
}
