using System.Security.Cryptography;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>
/// Reads pieces back and compares their hashes, on all disk workers at once. Each worker takes the next piece, so that the disk is read
/// nearly in order; memory is one buffer of at most 1 MiB for each. After some pieces a worker goes to the end of the line: other
/// torrents download and seed on meanwhile.
/// </summary>
internal sealed class Recheck
{
    private const int BufferBytes = 1 << 20;
    private const long TurnBytes = 8 << 20;

    private readonly TorrentFiles files;
    private readonly Bitfield pieces;
    private readonly CancellationToken cancellation;
    private int next = -1;
    private long bytesDone;

    /// <param name="files">Where to read.</param>
    /// <param name="pieces">Which pieces to check.</param>
    /// <param name="cancellation">Ends the check early.</param>
    public Recheck(TorrentFiles files, Bitfield pieces, CancellationToken cancellation)
    {
        (this.files, this.pieces, this.cancellation) = (files, pieces, cancellation);
    }

    /// <summary>Bytes checked; safe to read from any thread.</summary>
    public long BytesDone => Interlocked.Read(ref bytesDone);

    /// <summary>Checks; returns the pieces that passed.</summary>
    /// <exception cref="IOException">The files can't be read for a reason other than not being there.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<Bitfield> RunAsync(IWorkers workers)
    {
        List<int>[] good = await Task.WhenAll(Enumerable.Range(0, Math.Min(workers.Count, Math.Max(1, pieces.Count))).Select(_ => LaneAsync(workers)));
        var passed = new Bitfield(pieces.Length);
        foreach (int piece in good.SelectMany(static lane => lane)) passed.Set(piece);
        return passed;
    }

    private async Task<List<int>> LaneAsync(IWorkers workers)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(Math.Min(BufferBytes, files.Layout.Metainfo.PieceLength));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        var good = new List<int>();
        while (await DiskCall<bool>.Run(workers, () => Work(buffer, hash, good)))
        {
        }
        return good;
    }

    // Checks a turn's worth of pieces; false when there are no more.
    private bool Work(byte[] buffer, IncrementalHash hash, List<int> passed)
    {
        Metainfo metainfo = files.Layout.Metainfo;
        Span<byte> result = stackalloc byte[Sha1Hash.Size];
        for (long done = 0; done < TurnBytes;)
        {
            cancellation.ThrowIfCancellationRequested();
            int piece = Take();
            if (piece < 0) return false;
            int size = metainfo.PieceSize(piece);
            bool readable = true;
            for (int at = 0; at < size && readable; at += buffer.Length)
            {
                Span<byte> part = buffer.AsSpan(0, Math.Min(buffer.Length, size - at));
                readable = files.TryRead(files.Layout.Position(piece, at), part);
                if (readable) hash.AppendData(part);
            }
            hash.GetHashAndReset(result);
            if (readable && result.SequenceEqual(metainfo.PieceHash(piece))) passed.Add(piece);
            Interlocked.Add(ref bytesDone, size);
            done += size;
        }
        return true;
    }

    private int Take()
    {
        while (true)
        {
            int seen = Volatile.Read(ref next);
            if (seen == int.MaxValue) return -1;
            int piece = pieces.NextSet(seen + 1);
            if (Interlocked.CompareExchange(ref next, piece < 0 ? int.MaxValue : piece, seen) == seen) return piece;
        }
    }
}
