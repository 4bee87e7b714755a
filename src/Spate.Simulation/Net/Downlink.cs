namespace Spate.Simulation;

/// <summary>Segments of one stream (or all datagrams of a host) that arrived and wait for the downlink.</summary>
internal abstract class DownlinkQueue
{
    internal readonly Queue<Segment> Segments = new();
    internal int Bytes;
    internal bool InRing;
    internal long Credit;

    /// <summary>The segment is through.</summary>
    public abstract void Deliver(Segment segment);

    /// <summary>The queue is longer than a router would let it become: the sender has to slow down.</summary>
    /// <returns>False when the segment is to be dropped.</returns>
    public abstract bool Congested();
}

/// <summary>What comes in at a host: its queues in turn, the same share of bytes for each, at the link's rate.</summary>
internal sealed class Downlink(SimHost host) : SimEvent
{
    // As much as a router keeps before it drops: a tenth of a second, shared by those who use the link.
    private const int MinimumBacklog = 24 << 10;

    private readonly Queue<DownlinkQueue> ring = new();
    private DownlinkQueue? serving;
    private Segment? segment;

    public void Arrive(DownlinkQueue queue, Segment arrived)
    {
        long rate = host.Link.DownBytesPerSecond;
        if (rate == 0 && queue.Segments.Count == 0)
        {
            queue.Deliver(arrived);
            return;
        }
        long backlog = Math.Max(MinimumBacklog, rate / 10 / (ring.Count + 1));
        if (queue.Bytes + arrived.Length > backlog && !queue.Congested())
        {
            host.World.Segments.Return(arrived);
            return;
        }
        queue.Segments.Enqueue(arrived);
        queue.Bytes += arrived.Length;
        if (!queue.InRing)
        {
            queue.InRing = true;
            ring.Enqueue(queue);
        }
        Next();
    }

    internal override void Fire()
    {
        DownlinkQueue queue = serving!;
        Segment done = segment!;
        serving = null;
        segment = null;
        queue.Deliver(done);
        Next();
    }

    private void Next()
    {
        while (serving is null && ring.TryPeek(out DownlinkQueue? queue))
        {
            if (queue.Segments.Count == 0)
            {
                ring.Dequeue();
                queue.InRing = false;
                queue.Credit = 0;
                continue;
            }
            long rate = host.Link.DownBytesPerSecond;
            if (queue.Credit <= 0)
            {
                queue.Credit += LinkOptions.Share(rate);
                if (ring.Count > 1) ring.Enqueue(ring.Dequeue());
                continue;
            }
            Segment next = queue.Segments.Dequeue();
            queue.Bytes -= next.Length;
            queue.Credit -= next.Length;
            if (rate == 0 || next.Length == 0)
            {
                queue.Deliver(next);
                continue;
            }
            serving = queue;
            segment = next;
            host.World.Arm(this, host.World.NowTicks + SimHost.TicksFor(next.Length, rate));
        }
    }
}
