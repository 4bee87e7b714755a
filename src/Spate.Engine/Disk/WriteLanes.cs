namespace Spate.Engine.Disk;

/// <summary>
/// Lets one disk worker at a time write to a file: the system would make the others spin for the file's lock, a seventh of all CPU when
/// two write at full speed. A worker that finds the lane taken leaves its job to the one in it and goes on hashing.
/// </summary>
internal sealed class WriteLanes
{
    private const int Count = 8; // files are spread over them, so that many small ones are written in parallel

    private readonly Lane[] lanes = [.. Enumerable.Range(0, Count).Select(_ => new Lane())];

    /// <summary>Has the job written, here or by the worker that is in the lane.</summary>
    public void Write(PieceJob job, int file)
    {
        Lane lane = lanes[file % Count];
        lock (lane)
        {
            if (lane.IsTaken)
            {
                lane.Waiting.Enqueue(job);
                return;
            }
            lane.IsTaken = true;
        }
        for (PieceJob? next = job; next is not null; next = lane.Leave()) next.Write();
    }

    private sealed class Lane
    {
        public bool IsTaken { get; set; }

        public Queue<PieceJob> Waiting { get; } = new();

        // The next job, or null when the lane is free again.
        public PieceJob? Leave()
        {
            lock (this)
            {
                if (Waiting.TryDequeue(out PieceJob? next)) return next;
                IsTaken = false;
                return null;
            }
        }
    }
}
