using System.Collections.Concurrent;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol.Hashing;

namespace Spate.Engine.Disk;

/// <summary>
/// One torrent's way to the disk workers: jobs go out from its strand and come back to it. Counts what is under way, so that moving or
/// closing can wait until nothing is. While files are being renamed or moved jobs are kept back; what may wait is bounded by the same
/// budgets as what may run.
/// </summary>
internal sealed class TorrentDisk : IWorkers
{
    private readonly IWorkers workers;
    private readonly Strand strand;
    private readonly ConcurrentBag<PieceJob> pieceJobs = [];
    private readonly ConcurrentBag<UploadJob> uploadJobs = [];
    private readonly Action<object?> onPieceJob;
    private readonly Action<object?> onUploadJob;
    private readonly Action<object?> onCall;
    private ConcurrentBag<PieceBatch>? batches;   // made when first needed: a session may hold thousands of torrents that never are fast
    private readonly Queue<IWorkItem> held = new();
    private PieceBatch? filling;                  // whole pieces that wait for others to be hashed with
    private long fillingUntilMs;                  // when the first of them has waited long enough
    private TaskCompletionSource? holder;         // while somebody has the files for himself, or waits for the jobs to end
    private TaskCompletionSource? still;
    private TaskCompletionSource? quiet;
    private int running;                          // given out and not back, those held included

    public TorrentDisk(TorrentFiles files, BlockPool pool, IWorkers workers, Strand strand, Action<PieceJob> onPiece, Action<UploadJob> onUpload)
    {
        (Files, Pool, this.workers, this.strand) = (files, pool, workers, strand);
        onPieceJob = job =>
        {
            onPiece((PieceJob)job!);
            pieceJobs.Add((PieceJob)job!);
            Ended();
        };
        onUploadJob = job =>
        {
            onUpload((UploadJob)job!);
            uploadJobs.Add((UploadJob)job!);
            Ended();
        };
        onCall = _ => Ended();
        int pieceLength = files.Layout.Metainfo.PieceLength;
        int blocks = (pieceLength + BlockPool.BlockSize - 1) / BlockPool.BlockSize;
        // A quarter of the memory that all torrents share.
        BatchSize = Sha1Lanes.Fit(workers.HashLanes, pieceLength, pool.Capacity / 4 / blocks);
    }

    public TorrentFiles Files { get; }

    public FileLayout Layout => Files.Layout;

    public BlockPool Pool { get; }

    public WriteLanes Lanes { get; } = new();

    /// <summary>Whole pieces that are hashed together if they come close enough after each other; 1 where none are.</summary>
    public int BatchSize { get; }

    /// <summary>Hashes and writes blocks of a piece; see <see cref="PieceJob"/>. One job of a piece at a time.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="first">The first block.</param>
    /// <param name="count">Blocks.</param>
    /// <param name="complete">After this the piece is complete.</param>
    /// <param name="wantHashes">See <see cref="PieceJob.Set"/>.</param>
    /// <param name="waitsUntilMs">More whole pieces will come soon: it may wait for them until then, or for <see cref="EndBatch"/>; 0 when it must not.</param>
    public void Store(ActivePiece piece, int first, int count, bool complete, bool wantHashes, long waitsUntilMs = 0)
    {
        if (!pieceJobs.TryTake(out PieceJob? job)) job = new PieceJob(this);
        for (int i = first; i < first + count; i++) piece[i].State = BlockState.Writing;
        piece.JobRunning = true;
        piece.Held -= count;
        job.Set(piece, first, count, complete, wantHashes);
        if (BatchSize > 1 && holder is null && job.IsWhole && piece.Length == Layout.Metainfo.PieceLength) AddToBatch(job, waitsUntilMs);
        else Queue(job);
    }

    /// <summary>Whether whole pieces wait for others.</summary>
    public bool IsFillingBatch => filling is not null;

    /// <summary>Ends the wait of whole pieces if the first of them has waited long enough.</summary>
    public void EndOldBatch(long nowMs)
    {
        if (nowMs >= fillingUntilMs) EndBatch();
    }

    /// <summary>No whole piece waits for others any longer.</summary>
    public void EndBatch()
    {
        if (filling is null) return;
        workers.Queue(filling);
        filling = null;
    }

    /// <summary>Reads blocks for a peer into a buffer and hands that to its sender; see <see cref="UploadJob"/>.</summary>
    public UploadJob Upload(PeerConnection peer, SendBuffer buffer)
    {
        if (!uploadJobs.TryTake(out UploadJob? job)) job = new UploadJob(this);
        job.Set(peer, buffer);
        return job;
    }

    /// <summary>Starts a job that <see cref="Upload"/> prepared.</summary>
    public void Start(UploadJob job) => Queue(job);

    /// <summary>Completes when no job is under way. Await on the strand.</summary>
    public Task WhenQuiet()
    {
        EndBatch();
        if (running == 0) return Task.CompletedTask;
        quiet ??= new TaskCompletionSource();
        return quiet.Task;
    }

    /// <summary>True while somebody has the files for himself, or waits for that.</summary>
    public bool IsHeld => holder is not null;

    /// <summary>Makes a call on a disk worker that does not depend on where the torrent's files lie.</summary>
    public Task<T> Call<T>(Func<T> call) => DiskCall<T>.Run(workers, call);

    /// <summary>Makes a call on a disk worker that uses the torrent's files: never while they are renamed or moved. From the strand.</summary>
    public Task<T> CallOnFiles<T>(Func<T> call) => DiskCall<T>.Run(this, call);

    int IWorkers.Count => workers.Count;

    int IWorkers.HashLanes => workers.HashLanes;

    void IWorkers.Queue(IWorkItem item) => Queue(new CallOfTorrent(this, item));

    /// <summary>
    /// Waits until nothing uses the torrent's files, and keeps back whatever wants to until the result is disposed. Only
    /// <see cref="Call"/> goes on. Await on the strand.
    /// </summary>
    public async Task<Hold> HoldAsync()
    {
        while (holder is { } before) await before.Task;
        EndBatch();
        holder = new TaskCompletionSource();
        if (running > held.Count)
        {
            still = new TaskCompletionSource();
            await still.Task;
        }
        return new Hold(this);
    }

    // Run here when the strand is idle: a disk worker that has just ended a job has time for it, and a thread less is woken.
    public void Post(PieceJob job) => strand.EnqueueOrRun(onPieceJob, job);

    public void Post(UploadJob job) => strand.EnqueueOrRun(onUploadJob, job);

    private void AddToBatch(PieceJob job, long waitsUntilMs)
    {
        running++;
        batches ??= [];
        if (filling is null)
        {
            filling = batches.TryTake(out PieceBatch? reused) ? reused : new PieceBatch(batches.Add);
            fillingUntilMs = waitsUntilMs;
        }
        filling.Add(job);
        if (waitsUntilMs == 0 || filling.Count == BatchSize) EndBatch();
    }

    private void Queue(IWorkItem job)
    {
        running++;
        if (holder is null) workers.Queue(job);
        else held.Enqueue(job);
    }

    private void Release()
    {
        TaskCompletionSource? released = holder;
        holder = null;
        while (held.TryDequeue(out IWorkItem? job)) workers.Queue(job);
        released?.SetResult();
    }

    private void Ended()
    {
        running--;
        if (running == held.Count && still is { } waits)
        {
            still = null;
            waits.SetResult();
        }
        if (running > 0) return;
        TaskCompletionSource? waiting = quiet;
        quiet = null;
        waiting?.SetResult();
    }

    // Tells the strand when it has run.
    private sealed class CallOfTorrent(TorrentDisk disk, IWorkItem call) : IWorkItem
    {
        public void Run()
        {
            call.Run();
            disk.strand.EnqueueOrRun(disk.onCall, null);
        }
    }

    /// <summary>The right to have the torrent's files to oneself. Dispose on the strand.</summary>
    internal readonly struct Hold(TorrentDisk disk) : IDisposable
    {
        public void Dispose() => disk.Release();
    }
}
