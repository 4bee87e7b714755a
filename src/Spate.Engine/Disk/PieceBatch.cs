using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Hashing;

namespace Spate.Engine.Disk;

/// <summary>
/// Whole pieces of one torrent, all of one length, that are hashed side by side; then each goes on by itself. Filled on the torrent's
/// strand, run on a disk worker; reused.
/// </summary>
internal sealed class PieceBatch : IWorkItem
{
    private readonly List<PieceJob> jobs = [];
    private readonly Sha1Lanes? lanes = Sha1Lanes.IsSupported ? new Sha1Lanes() : null;
    private readonly ReadOnlyMemory<byte>[] blocks = new ReadOnlyMemory<byte>[Sha1Lanes.Count];
    private readonly Sha1Hash[] hashes = new Sha1Hash[Sha1Lanes.Count];
    private readonly Action<PieceBatch> onDone;

    /// <param name="onDone">Told when it can be filled again, on the worker's thread.</param>
    public PieceBatch(Action<PieceBatch> onDone)
    {
        this.onDone = onDone;
    }

    public int Count => jobs.Count;

    /// <summary>Adds a job that <see cref="PieceJob.IsWhole"/>.</summary>
    public void Add(PieceJob job) => jobs.Add(job);

    public void Run()
    {
        if (lanes is null || jobs.Count < Sha1Lanes.Fewest)
        {
            foreach (PieceJob job in jobs) job.Run();
        }
        else
        {
            HashSideBySide(lanes);
            for (int i = 0; i < jobs.Count; i++) jobs[i].Run(hashes[i]);
        }
        jobs.Clear();
        onDone(this);
    }

    private void HashSideBySide(Sha1Lanes lanes)
    {
        int count = jobs.Count;
        for (int block = 0; block < jobs[0].Count; block++)
        {
            for (int i = 0; i < count; i++) blocks[i] = jobs[i].Block(block);
            lanes.Append(blocks.AsSpan(0, count));
        }
        lanes.Finish(hashes.AsSpan(0, count));
    }
}
