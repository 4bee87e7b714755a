namespace Spate.Engine.Runtime;

/// <summary>
/// What must have happened by some time, or else is given up. The session's one tick looks at all of them, so that a dial or a handshake
/// costs no timer; it may find them late by a tick. Safe to use from any thread.
/// </summary>
internal sealed class Deadlines(MonotonicClock clock)
{
    private readonly HashSet<Deadline> pending = [];
    private bool ended;

    /// <summary>Sets a deadline, which holds until what is returned is disposed. Once that is done it does nothing any more.</summary>
    /// <param name="ms">How long from now, in milliseconds.</param>
    /// <param name="onLate">Runs once when it has passed, on the thread of the tick: must neither wait nor throw.</param>
    public IDisposable Set(long ms, Action onLate)
    {
        var deadline = new Deadline(this, clock.NowMs + ms, onLate);
        bool tooLate;
        lock (pending)
        {
            tooLate = ended;
            if (!tooLate) pending.Add(deadline);
        }
        if (tooLate) deadline.GiveUp();
        return deadline;
    }

    /// <summary>Gives up what is late.</summary>
    public void Tick() => GiveUp(clock.NowMs);

    /// <summary>Gives up everything, and at once what is set from now on: nobody will look any more.</summary>
    public void End()
    {
        lock (pending) ended = true;
        GiveUp(long.MaxValue);
    }

    private void GiveUp(long dueMs)
    {
        List<Deadline>? late = null;
        lock (pending)
        {
            foreach (Deadline deadline in pending)
            {
                if (deadline.DueMs <= dueMs) (late ??= []).Add(deadline);
            }
            late?.ForEach(deadline => pending.Remove(deadline));
        }
        late?.ForEach(static deadline => deadline.GiveUp());
    }

    private sealed class Deadline(Deadlines owner, long dueMs, Action onLate) : IDisposable
    {
        private readonly Lock gate = new(); // held while it is given up: what onLate uses may be disposed of after Dispose
        private bool done;

        public long DueMs => dueMs;

        public void GiveUp()
        {
            lock (gate)
            {
                if (done) return;
                done = true;
                onLate();
            }
        }

        public void Dispose()
        {
            lock (gate) done = true;
            lock (owner.pending) owner.pending.Remove(this);
        }
    }
}
