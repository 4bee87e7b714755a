using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Spate.Protocol;
using Spate.Protocol.Hashing;

namespace Spate.Hashing;

/// <summary>
/// Reads content from its files and hashes it piece by piece, on as many threads as asked for. Each thread takes the next run of
/// pieces and reads it front to back. Where the processor can hash pieces side by side and they are not too large, a run is read whole
/// first; else in chunks that stay in the processor's cache until they are hashed.
/// </summary>
internal abstract class ContentHasher
{
    // Large enough for few system calls, small enough for a core's second-level cache: what is read is hashed from there.
    private const int ChunkBytes = 256 * 1024;

    // What is read whole to be hashed side by side: by each thread, and by all of them.
    private const int RowBytes = 16 * 1024 * 1024;
    private const int AllRowsBytes = 256 * 1024 * 1024;

    // A run of pieces that one thread takes at a time: long enough for the disk's read-ahead, short enough for an even end.
    private const int RunBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromMilliseconds(100);

    private readonly ContentFile[] files;
    private readonly long totalLength;
    private readonly int pieceLength;
    private readonly int pieceCount;
    private int piecesInRow; // that are hashed side by side; 1 where none are
    private volatile bool stopped;
    private int nextPiece;
    private long bytesDone;
    private int fileNow = -1;
    private ExceptionDispatchInfo? failure;

    protected ContentHasher(ContentFile[] files, int pieceLength)
    {
        this.files = files;
        this.pieceLength = pieceLength;
        totalLength = files.Length == 0 ? 0 : files[^1].Offset + files[^1].Length;
        pieceCount = checked((int)((totalLength + pieceLength - 1) / pieceLength));
    }

    /// <summary>A piece was read whole. Called from many threads, once for each piece.</summary>
    protected abstract void OnPiece(int piece, ReadOnlySpan<byte> hash);

    /// <summary>
    /// A piece could not be read whole because of a file. Called from many threads. Throwing ends the run; returning goes on without
    /// the piece. The reason is an <see cref="EndOfStreamException"/> when the file is too short, and null when it was known to be missing.
    /// </summary>
    protected abstract void OnUnreadable(int piece, int file, Exception? reason);

    /// <summary>True for a file that is known not to be there: it is not tried.</summary>
    protected virtual bool IsMissing(int file) => false;

    private int BufferBytes => piecesInRow > 1 ? Math.Max(ChunkBytes, piecesInRow * pieceLength) : ChunkBytes;

    /// <summary>Runs until all pieces were tried. Blocks.</summary>
    /// <param name="threads">Threads to hash on; 0 for one per core.</param>
    /// <param name="progress">Told ten times a second, from the calling thread.</param>
    /// <param name="cancel">Ends the run.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    protected void Run(int threads, Action<HashProgress>? progress, CancellationToken cancel)
    {
        if (threads <= 0) threads = Environment.ProcessorCount;
        threads = (int)Math.Clamp(Math.Min(threads, (totalLength + RunBytes - 1) / RunBytes), 1, 256);
        piecesInRow = Sha1Lanes.Fit(Sha1Lanes.Available, pieceLength, Math.Min(RowBytes, AllRowsBytes / threads) / pieceLength);
        using CancellationTokenRegistration registration = cancel.Register(() => stopped = true);
        var workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            workers[i] = new Thread(Work) { IsBackground = true, Name = "spate hash " + i };
            workers[i].Start();
        }
        foreach (Thread worker in workers)
        {
            while (!worker.Join(ProgressEvery)) Report(progress);
        }
        cancel.ThrowIfCancellationRequested();
        failure?.Throw();
        Report(progress);
    }

    private void Report(Action<HashProgress>? progress)
    {
        int file = Volatile.Read(ref fileNow);
        progress?.Invoke(new HashProgress(Interlocked.Read(ref bytesDone), totalLength, file < 0 ? null : files[file].Path));
    }

    private void Work()
    {
        using var worker = new Worker(this);
        int piecesPerRun = piecesInRow > 1 ? piecesInRow : Math.Max(1, RunBytes / pieceLength);
        try
        {
            while (!stopped)
            {
                int first = Interlocked.Add(ref nextPiece, piecesPerRun) - piecesPerRun;
                if ((uint)first >= (uint)pieceCount) return;
                worker.HashRun(first, Math.Min(first + piecesPerRun, pieceCount));
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            stopped = true;
        }
    }

    // What one thread holds: a buffer, a hash and the file it reads.
    private sealed class Worker(ContentHasher owner) : IDisposable
    {
        private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(owner.BufferBytes, pinned: true);
        private readonly Sha1Lanes? lanes = owner.piecesInRow > 1 ? new Sha1Lanes() : null;
        private readonly ReadOnlyMemory<byte>[] row = new ReadOnlyMemory<byte>[owner.piecesInRow];
        private readonly Sha1Hash[] hashes = new Sha1Hash[owner.piecesInRow];
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        private readonly byte[] digest = new byte[Sha1Hash.Size];
        private SafeFileHandle? handle;
        private int handleFile = -1;

        public void HashRun(int firstPiece, int endPiece)
        {
            int file = FileAt((long)firstPiece * owner.pieceLength);
            for (int piece = firstPiece; piece < endPiece && !owner.stopped;)
            {
                int whole = Math.Min(endPiece - piece, buffer.Length / owner.pieceLength);
                if ((long)(piece + whole) * owner.pieceLength > owner.totalLength) whole--; // the last one is shorter
                if (whole > 0 && TryReadWhole(piece, whole, file)) HashWhole(piece, whole);
                else
                {
                    // Too large, or not all of it is there: some of the pieces may be.
                    whole = Math.Max(whole, 1);
                    for (int i = 0; i < whole; i++) HashPiece(piece + i, file);
                }
                piece += whole;
            }
        }

        public void Dispose()
        {
            handle?.Dispose();
            hash.Dispose();
        }

        private bool TryReadWhole(int piece, int count, int file)
        {
            long start = (long)piece * owner.pieceLength, end = start + (long)count * owner.pieceLength;
            for (long at = start; at < end;)
            {
                int bytes = FindPart(ref file, at, (int)(end - at), out long position);
                if (!TryRead(file, position, buffer.AsSpan((int)(at - start), bytes), out _)) return false;
                at += bytes;
            }
            return true;
        }

        private void HashWhole(int piece, int count)
        {
            if (lanes is not null && count >= Sha1Lanes.Fewest) HashSideBySide(lanes, piece, count);
            else
            {
                for (int i = 0; i < count; i++)
                {
                    SHA1.HashData(buffer.AsSpan(i * owner.pieceLength, owner.pieceLength), digest);
                    owner.OnPiece(piece + i, digest);
                }
            }
            Interlocked.Add(ref owner.bytesDone, (long)count * owner.pieceLength);
        }

        private void HashSideBySide(Sha1Lanes lanes, int piece, int count)
        {
            for (int i = 0; i < count; i++) row[i] = buffer.AsMemory(i * owner.pieceLength, owner.pieceLength);
            lanes.Append(row.AsSpan(0, count));
            lanes.Finish(hashes.AsSpan(0, count));
            for (int i = 0; i < count; i++) owner.OnPiece(piece + i, hashes[i].AsSpan());
        }

        private void HashPiece(int piece, int file)
        {
            long start = (long)piece * owner.pieceLength;
            long end = Math.Min(start + owner.pieceLength, owner.totalLength);
            bool readable = true;
            for (long at = start; at < end && readable && !owner.stopped;)
            {
                int bytes = FindPart(ref file, at, (int)Math.Min(end - at, ChunkBytes), out long position);
                readable = TryRead(file, position, buffer.AsSpan(0, bytes), out Exception? reason);
                if (readable) hash.AppendData(buffer, 0, bytes);
                else owner.OnUnreadable(piece, file, reason);
                at += bytes;
            }
            hash.GetHashAndReset(digest);
            Interlocked.Add(ref owner.bytesDone, end - start);
            if (readable && !owner.stopped) owner.OnPiece(piece, digest);
        }

        // How much of what is wanted the file has in which it begins, and where: that file, or one behind it.
        private int FindPart(ref int file, long at, int wanted, out long position)
        {
            while (owner.files[file].Offset + owner.files[file].Length <= at) file++;
            ref readonly ContentFile content = ref owner.files[file];
            position = at - content.Offset;
            return (int)Math.Min(wanted, content.Length - position);
        }

        private bool TryRead(int file, long position, Span<byte> into, out Exception? reason)
        {
            reason = null;
            if (owner.files[file].Path is not { } path)
            {
                into.Clear();
                return true;
            }
            if (owner.IsMissing(file)) return false;
            try
            {
                if (handleFile != file) Open(file, path);
                int filled = 0;
                while (filled < into.Length)
                {
                    int read = RandomAccess.Read(handle!, into[filled..], position + filled);
                    if (read == 0) throw new EndOfStreamException($"{path} ends at byte {position + filled}, before it should.");
                    filled += read;
                }
                return true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                reason = e;
                return false;
            }
        }

        private void Open(int file, string path)
        {
            handle?.Dispose();
            (handle, handleFile) = (null, -1);
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
            handleFile = file;
            Volatile.Write(ref owner.fileNow, file);
        }

        // The file in which a byte of the torrent lies: the last that starts at or before it (empty ones at the same place come first).
        private int FileAt(long offset)
        {
            int low = 0, high = owner.files.Length - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                if (owner.files[middle].Offset <= offset) low = middle;
                else high = middle - 1;
            }
            return low;
        }
    }
}
