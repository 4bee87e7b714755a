using System.Collections.Concurrent;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;

namespace Spate.Engine.Disk;

/// <summary>
/// One torrent's way to the disk workers: jobs go out from its strand and come back to it. Counts what is under way, so that moving or
/// closing can wait until nothing is.
/// </summary>
internal sealed class TorrentDisk
{
    private readonly IWorkers workers;
    private readonly Strand strand;
    private readonly ConcurrentBag<PieceJob> pieceJobs = [];
    private readonly ConcurrentBag<UploadJob> uploadJobs = [];
    private readonly Action<object?> onPieceJob;
    private readonly Action<object?> onUploadJob;
    private TaskCompletionSource? quiet;
    private int running;

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
    }

    public TorrentFiles Files { get; }

    public FileLayout Layout => Files.Layout;

    public BlockPool Pool { get; }

    public WriteLanes Lanes { get; } = new();

    /// <summary>Hashes and writes blocks of a piece; see <see cref="PieceJob"/>. One job of a piece at a time.</summary>
    public void Store(ActivePiece piece, int first, int count, bool complete, bool wantHashes)
    {
        if (!pieceJobs.TryTake(out PieceJob? job)) job = new PieceJob(this);
        for (int i = first; i < first + count; i++) piece[i].State = BlockState.Writing;
        piece.JobRunning = true;
        piece.Held -= count;
        job.Set(piece, first, count, complete, wantHashes);
        running++;
        workers.Queue(job);
    }

    /// <summary>Reads blocks for a peer into a buffer and hands that to its sender; see <see cref="UploadJob"/>.</summary>
    public UploadJob Upload(PeerConnection peer, SendBuffer buffer)
    {
        if (!uploadJobs.TryTake(out UploadJob? job)) job = new UploadJob(this);
        job.Set(peer, buffer);
        return job;
    }

    /// <summary>Starts a job that <see cref="Upload"/> prepared.</summary>
    public void Start(UploadJob job)
    {
        running++;
        workers.Queue(job);
    }

    /// <summary>Completes when no job is under way. Await on the strand.</summary>
    public Task WhenQuiet()
    {
        if (running == 0) return Task.CompletedTask;
        quiet ??= new TaskCompletionSource();
        return quiet.Task;
    }

    /// <summary>Makes a call on a disk worker.</summary>
    public Task<T> Call<T>(Func<T> call) => DiskCall<T>.Run(workers, call);

    // Run here when the strand is idle: a disk worker that has just ended a job has time for it, and a thread less is woken.
    public void Post(PieceJob job) => strand.EnqueueOrRun(onPieceJob, job);

    public void Post(UploadJob job) => strand.EnqueueOrRun(onUploadJob, job);

    private void Ended()
    {
        if (--running > 0) return;
        TaskCompletionSource? waiting = quiet;
        quiet = null;
        waiting?.SetResult();
    }
}
