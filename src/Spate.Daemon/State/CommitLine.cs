namespace Spate.Daemon.State;

/// <summary>
/// Where changes stand in line for the disk. One thread takes all that wait at once and makes them durable with one flush: a change
/// that comes alone costs a flush, a thousand that come together cost one too.
/// </summary>
internal sealed class CommitLine : IDisposable
{
    private readonly Lock gate;
    private readonly Journal journal;
    private readonly MetainfoFiles metainfo;
    private readonly Func<StateRecord[]> snapshot;
    private readonly long minGrowth;
    private readonly SemaphoreSlim waiting = new(0);
    private readonly Thread thread;
    private List<Change> line = [];
    private bool closed;
    private long baseLength;

    /// <param name="gate">Held around a change of what is in memory together with its <see cref="Add"/>.</param>
    /// <param name="journal">Where changes go.</param>
    /// <param name="metainfo">Where .torrent files go.</param>
    /// <param name="snapshot">All that is in memory; called with the gate held.</param>
    /// <param name="minGrowth">Bytes by which the journal must have grown, beside to twice its size, before it is written anew.</param>
    public CommitLine(Lock gate, Journal journal, MetainfoFiles metainfo, Func<StateRecord[]> snapshot, long minGrowth)
    {
        (this.gate, this.journal, this.metainfo, this.snapshot, this.minGrowth) = (gate, journal, metainfo, snapshot, minGrowth);
        baseLength = journal.Length;
        thread = new Thread(Run) { IsBackground = true, Name = "spate state" };
        thread.Start();
    }

    /// <summary>Puts a change in line. The caller holds the gate and has made it in memory.</summary>
    public void Add(Change change)
    {
        ObjectDisposedException.ThrowIf(closed, this);
        line.Add(change);
        if (line.Count == 1) waiting.Release();
    }

    /// <summary>Waits until all that stands in line is durable, or failed, and takes no more.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (closed) return;
            closed = true;
        }
        waiting.Release();
        thread.Join();
        waiting.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            waiting.Wait();
            List<Change> batch;
            StateRecord[]? all = null;
            lock (gate)
            {
                if (line.Count == 0)
                {
                    if (closed) return;
                    continue;
                }
                (batch, line) = (line, []);
                // Taken together with the batch, so that it holds all of it and nothing else that is not saved.
                if (journal.IsDoubtful || journal.Length > Math.Max(2 * baseLength, baseLength + minGrowth)) all = snapshot();
            }
            try
            {
                Save(batch, all);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Fail(batch, e);
                continue;
            }
            foreach (Change change in batch) change.Saved.SetResult();
        }
    }

    private void Save(List<Change> batch, StateRecord[]? all)
    {
        metainfo.Write([.. batch.Where(change => change.Metainfo is not null).Select(change => change.Metainfo!.Value).DistinctBy(file => file.Path)]);
        if (all is not null)
        {
            journal.Rewrite(all.Select(record => (ReadOnlyMemory<byte>)record.Write()));
            baseLength = journal.Length;
            return;
        }
        foreach (Change change in batch) journal.Append(change.Line);
        journal.Commit();
    }

    // Changes that came since may build on those that failed: all are taken back, the newest first.
    private void Fail(List<Change> batch, Exception why)
    {
        lock (gate)
        {
            batch.AddRange(line);
            line = [];
            for (int i = batch.Count - 1; i >= 0; i--) batch[i].Undo();
        }
        var failure = new IOException($"The change could not be saved, and was not made: {why.Message}", why);
        foreach (Change change in batch) change.Saved.SetException(failure);
    }
}
