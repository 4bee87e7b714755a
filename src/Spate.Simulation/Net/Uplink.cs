namespace Spate.Simulation;

/// <summary>Something that has segments to send over a host's uplink.</summary>
internal abstract class UplinkSource
{
    internal bool InRing;
    internal long Credit;

    /// <summary>True when there is a segment that may leave now.</summary>
    public abstract bool CanDepart { get; }

    /// <summary>Takes the next segment.</summary>
    public abstract Segment Take();

    /// <summary>The segment left the host.</summary>
    public abstract void Departed(Segment segment);
}

/// <summary>What leaves a host: its sources in turn, the same share of bytes for each, at the link's rate.</summary>
internal sealed class Uplink(SimHost host) : SimEvent
{
    private readonly Queue<UplinkSource> ring = new();
    private UplinkSource? sending;
    private Segment? segment;
    private bool draining;

    /// <summary>Tells that a source may have something to send.</summary>
    public void Offer(UplinkSource source)
    {
        if (source.InRing || !source.CanDepart) return;
        source.InRing = true;
        ring.Enqueue(source);
        Next();
    }

    internal override void Fire()
    {
        UplinkSource source = sending!;
        Segment done = segment!;
        sending = null;
        segment = null;
        source.Departed(done);
        Next();
    }

    private void Next()
    {
        if (draining) return;
        draining = true;
        while (sending is null && ring.TryPeek(out UplinkSource? source))
        {
            if (!source.CanDepart)
            {
                ring.Dequeue();
                source.InRing = false;
                source.Credit = 0;
                continue;
            }
            long rate = host.Link.UpBytesPerSecond;
            if (source.Credit <= 0)
            {
                // Its turn is over, or begins.
                source.Credit += LinkOptions.Share(rate);
                if (ring.Count > 1) ring.Enqueue(ring.Dequeue());
                continue;
            }
            Segment next = source.Take();
            source.Credit -= next.Length;
            if (rate == 0 || next.Length == 0)
            {
                source.Departed(next);
                continue;
            }
            sending = source;
            segment = next;
            host.World.Arm(this, host.World.NowTicks + SimHost.TicksFor(next.Length, rate));
        }
        draining = false;
    }
}
