using System.Net;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>
/// One end of a stream. Bytes go through a bounded send buffer, the host's uplink, the wire (latency, jitter, loss) and the
/// other host's downlink into the other end's receive queue. A window that opens as TCP's does (slow start, cut on loss or
/// congestion, never above what the receiver takes) bounds what is under way and unread.
/// </summary>
internal sealed class SimStream : UplinkSource, IConnection
{
    private const int PacketBytes = 1460;
    private const int InitialWindow = 10 * PacketBytes;
    private const int LeastWindow = 4 * PacketBytes;

    private readonly SimProcess process;
    private readonly SimHost host;
    private readonly SimHost otherHost;
    private readonly SimWorld world;
    private readonly long latency;
    private readonly int quantum;
    private SimStream other = null!;

    // Sending.
    private readonly Queue<Segment> unsent = new();
    private readonly SimPromise<bool> sending;
    private readonly Wire wire;
    private readonly Acknowledgements acknowledgements;
    private Segment? tail; // the last of the unsent, while bytes may still be added to it
    private int unsentBytes;
    private ReadOnlyMemory<byte> unbuffered; // the rest of what SendAsync was given
    private long window = InitialWindow;
    private long slowStartUntil = long.MaxValue;
    private long underWay; // departed, and not yet known to have arrived
    private long unread; // departed, and not yet known to have been read by the other end
    private long nextCut;

    // Receiving.
    private readonly InQueue incoming;
    private readonly Queue<Segment> received = new();
    private readonly SimPromise<int> receiving;
    private Memory<byte> target;
    private int receivedBytes;
    private int arrivedBytes; // that the sender does not know of
    private int readBytes; // that the sender does not know of

    private bool closed;
    private bool dark; // without power: nothing leaves any more, not even what is half way through the uplink
    private bool resetSent;
    private bool ended;
    private string? broken;

    private SimStream(SimProcess process, SimHost otherHost, IPEndPoint local, IPEndPoint remote)
    {
        this.process = process;
        this.otherHost = otherHost;
        host = process.Host;
        world = process.World;
        Local = local;
        Remote = remote;
        latency = host.LatencyTicksTo(otherHost);
        quantum = QuantumFor(host.Link.UpBytesPerSecond, otherHost.Link.DownBytesPerSecond);
        sending = new SimPromise<bool>(process);
        receiving = new SimPromise<int>(process);
        wire = new Wire(this);
        acknowledgements = new Acknowledgements(this);
        incoming = new InQueue(this);
        process.Network.Add(this);
    }

    /// <summary>Both ends of a new stream.</summary>
    public static (SimStream From, SimStream To) Pair(SimProcess from, IPEndPoint fromAddress, SimProcess to, IPEndPoint toAddress)
    {
        var a = new SimStream(from, to.Host, fromAddress, toAddress);
        var b = new SimStream(to, from.Host, toAddress, fromAddress);
        a.other = b;
        b.other = a;
        return (a, b);
    }

    /// <summary>Where the stream stands in its network's list.</summary>
    internal int ListIndex { get; set; }

    public IPEndPoint Local { get; }

    public IPEndPoint Remote { get; }

    public TimeSpan RoundTrip => TimeSpan.FromTicks(latency * 2);

    public override bool CanDepart =>
        unsent.TryPeek(out Segment? next) && (next.Length == 0 || (underWay < window && unread < otherHost.Link.ReceiveWindow));

    public ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        world.Guard("ReceiveAsync");
        if (closed) return ValueTask.FromException<int>(Aborted());
        if (received.Count > 0)
        {
            int n = Read(buffer.Span);
            return ValueTask.FromResult(n);
        }
        if (broken is not null) return ValueTask.FromException<int>(new IOException(broken));
        if (ended) return ValueTask.FromResult(0);
        target = buffer;
        return receiving.Start();
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        world.Guard("SendAsync");
        if (closed) return ValueTask.FromException(Aborted());
        if (broken is not null) return ValueTask.FromException(new IOException(broken));
        if (sending.IsPending) throw new InvalidOperationException("Only one send may be under way on a stream.");
        unbuffered = bytes;
        Buffer();
        ValueTask result = unbuffered.IsEmpty ? ValueTask.CompletedTask : sending.StartVoid();
        host.Uplink.Offer(this);
        return result;
    }

    public void Abort()
    {
        if (world.GuardQuietly("Abort was called")) Close(process.IsDead);
    }

    public void Dispose() => Abort();

    /// <summary>Breaks the stream at once for both ends, as a router that forgets it would.</summary>
    internal void Reset()
    {
        if (broken is null && !closed) Break("The stream was reset.");
        SendReset();
    }

    /// <summary>Ends this side. Silently: the host lost its power and tells nobody.</summary>
    internal void Close(bool silently)
    {
        if (closed) return;
        closed = true;
        process.Network.Remove(this);
        bool unread = receivedBytes > 0 || incoming.Bytes > 0;
        DropReceived();
        unbuffered = default;
        receiving.TryFail(Aborted());
        sending.TryFail(Aborted());
        if (silently)
        {
            dark = true;
            DropUnsent();
            wire.Clear();
            return;
        }
        process.Note(TraceKind.Close, unsentBytes);
        if (broken is not null) return;
        if (unread) SendReset();
        else
        {
            unsent.Enqueue(world.Segments.Rent(0, SegmentKind.End));
            tail = null;
            host.Uplink.Offer(this);
        }
    }

    public override Segment Take()
    {
        Segment segment = unsent.Dequeue();
        if (segment == tail) tail = null;
        // Counted from here on: while it is on the uplink it must not look as if the window were still open.
        underWay += segment.Length;
        unread += segment.Length;
        return segment;
    }

    public override void Departed(Segment segment)
    {
        if (dark)
        {
            world.Segments.Return(segment);
            return;
        }
        unsentBytes -= segment.Length;
        host.BytesSent += segment.Length;
        process.Note(TraceKind.Depart, segment.Length);
        wire.Add(segment, ArrivalOf(segment));
        if (unbuffered.IsEmpty || unsentBytes > host.Link.EffectiveSendBuffer / 2) return;
        Buffer();
        if (unbuffered.IsEmpty) sending.TryComplete(true);
        host.Uplink.Offer(this);
    }

    private static int QuantumFor(long up, long down)
    {
        long rate = up == 0 ? down : down == 0 ? up : Math.Min(up, down);
        return LinkOptions.Share(rate);
    }

    // Moves bytes from the caller's memory into segments, as far as the send buffer has room.
    private void Buffer()
    {
        int room = host.Link.EffectiveSendBuffer - unsentBytes;
        ReadOnlySpan<byte> bytes = unbuffered.Span;
        if (bytes.Length > room) bytes = bytes[..Math.Max(0, room)];
        int taken = bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (tail is null || tail.End == tail.Buffer.Length || tail.Length >= quantum)
            {
                tail = world.Segments.Rent(Math.Min(bytes.Length, quantum));
                unsent.Enqueue(tail);
            }
            int n = Math.Min(bytes.Length, Math.Min(tail.Buffer.Length - tail.End, quantum - tail.Length));
            bytes[..n].CopyTo(tail.Buffer.AsSpan(tail.End));
            tail.End += n;
            bytes = bytes[n..];
        }
        unsentBytes += taken;
        unbuffered = unbuffered[taken..];
    }

    private long ArrivalOf(Segment segment)
    {
        long time = world.NowTicks + latency;
        if (host == otherHost) return time;
        long jitter = host.Link.Jitter.Ticks + otherHost.Link.Jitter.Ticks;
        if (jitter > 0) time += process.Random.NextLong(jitter);
        double loss = 1 - ((1 - host.Link.Loss) * (1 - otherHost.Link.Loss));
        if (loss > 0)
        {
            int packets = Math.Max(1, (segment.Length + PacketBytes - 1) / PacketBytes);
            while (process.Random.Chance(1 - Math.Pow(1 - loss, packets)))
            {
                // Few packets under way: no duplicate acknowledgements, so that a timer has to notice the loss.
                long noticed = underWay >= LeastWindow ? latency * 2 : Math.Max(2 * TimeSpan.TicksPerSecond / 10, latency * 4);
                time += noticed;
                Cut();
                packets = 1; // what was lost is sent again, alone
            }
        }
        return time;
    }

    private void Cut()
    {
        if (world.NowTicks < nextCut) return;
        nextCut = world.NowTicks + (2 * latency);
        window = Math.Max(LeastWindow, (long)(Math.Min(window, underWay) * 0.7));
        slowStartUntil = window;
    }

    private void Acknowledged(int bytes, int read)
    {
        unread -= read;
        if (underWay >= window / 2)
        {
            if (window < slowStartUntil) window += bytes;
            else window += Math.Max(bytes / 32, bytes * PacketBytes / Math.Max(1, window));
            window = Math.Min(window, otherHost.Link.ReceiveWindow);
        }
        underWay -= bytes;
        host.Uplink.Offer(this);
    }

    private void Arrived(Segment segment)
    {
        if (process.IsDead && !closed) closed = true;
        process.Note(TraceKind.Arrive, segment.Length);
        switch (segment.Kind)
        {
            case SegmentKind.Reset:
                world.Segments.Return(segment);
                if (closed || broken is not null) return;
                process.Note(TraceKind.Reset, 0);
                DropReceived();
                Break("The other end reset the stream.");
                return;
            case SegmentKind.Data when closed || broken is not null:
                world.Segments.Return(segment);
                if (closed) SendReset();
                return;
            default:
                host.Downlink.Arrive(incoming, segment);
                return;
        }
    }

    private void Deliver(Segment segment)
    {
        if (closed || broken is not null)
        {
            bool data = segment.Kind == SegmentKind.Data;
            world.Segments.Return(segment);
            if (closed && data) SendReset();
            return;
        }
        process.Note(TraceKind.Deliver, segment.Length);
        if (segment.Kind == SegmentKind.End)
        {
            world.Segments.Return(segment);
            ended = true;
            receiving.TryComplete(0);
            return;
        }
        host.BytesReceived += segment.Length;
        received.Enqueue(segment);
        receivedBytes += segment.Length;
        arrivedBytes += segment.Length;
        if (receiving.IsPending)
        {
            int n = Read(target.Span);
            target = default;
            receiving.TryComplete(n);
        }
        else Acknowledge();
    }

    private int Read(Span<byte> buffer)
    {
        int n = 0;
        while (n < buffer.Length && received.TryPeek(out Segment? segment))
        {
            int part = Math.Min(buffer.Length - n, segment.Length);
            segment.Buffer.AsSpan(segment.Start, part).CopyTo(buffer[n..]);
            segment.Start += part;
            n += part;
            if (segment.Length == 0)
            {
                received.Dequeue();
                world.Segments.Return(segment);
            }
        }
        receivedBytes -= n;
        readBytes += n;
        Acknowledge();
        return n;
    }

    // Tells the sender in a few large steps what arrived and what was read: one event for many segments.
    private void Acknowledge()
    {
        int step = host.Link.ReceiveWindow / 16;
        if (arrivedBytes < Math.Min(step, other.window / 4) && readBytes < step) return;
        other.acknowledgements.Add(arrivedBytes, readBytes, world.NowTicks + latency);
        arrivedBytes = readBytes = 0;
    }

    private void Break(string reason)
    {
        broken = reason;
        process.Network.Remove(this);
        DropUnsent();
        unbuffered = default;
        receiving.TryFail(new IOException(reason));
        sending.TryFail(new IOException(reason));
    }

    private void SendReset()
    {
        if (resetSent) return;
        resetSent = true;
        process.Note(TraceKind.Reset, 1);
        DropUnsent();
        wire.Add(world.Segments.Rent(0, SegmentKind.Reset), world.NowTicks + latency);
    }

    private void DropUnsent()
    {
        while (unsent.TryDequeue(out Segment? segment)) world.Segments.Return(segment);
        tail = null;
        unsentBytes = 0;
    }

    private void DropReceived()
    {
        while (received.TryDequeue(out Segment? segment)) world.Segments.Return(segment);
        receivedBytes = 0;
    }

    private static IOException Aborted() => new("The stream was closed here.");

    /// <summary>Segments under way, in order: one event for the first of them.</summary>
    private sealed class Wire(SimStream owner) : StallingEvent
    {
        private readonly Queue<(Segment Segment, long Time)> queue = new();
        private long last;
        private bool stalled;

        public void Add(Segment segment, long time)
        {
            last = Math.Max(last, time);
            queue.Enqueue((segment, last));
            if (queue.Count == 1 && !stalled) owner.world.Arm(this, last);
        }

        public void Clear()
        {
            while (queue.TryDequeue(out var item)) owner.world.Segments.Return(item.Segment);
        }

        internal override void Retransmit()
        {
            stalled = false;
            if (queue.Count > 0) owner.world.Arm(this, owner.world.NowTicks + RetransmitTicks(owner));
        }

        internal override void Fire()
        {
            while (queue.TryPeek(out var next))
            {
                if (!owner.world.CanReach(owner.host, owner.otherHost))
                {
                    stalled = true;
                    owner.world.Stall(this);
                    return;
                }
                if (next.Time > owner.world.NowTicks)
                {
                    owner.world.Arm(this, next.Time);
                    return;
                }
                queue.Dequeue();
                owner.other.Arrived(next.Segment);
            }
        }
    }

    /// <summary>News of what arrived and was read at the other end, on its way to the sender.</summary>
    private sealed class Acknowledgements(SimStream owner) : StallingEvent
    {
        private readonly Queue<(int Arrived, int Read, long Time)> queue = new();
        private bool stalled;

        public void Add(int arrived, int read, long time)
        {
            queue.Enqueue((arrived, read, time));
            if (queue.Count == 1 && !stalled) owner.world.Arm(this, time);
        }

        internal override void Retransmit()
        {
            stalled = false;
            if (queue.Count > 0) owner.world.Arm(this, owner.world.NowTicks + RetransmitTicks(owner));
        }

        internal override void Fire()
        {
            while (queue.TryPeek(out var next))
            {
                if (!owner.world.CanReach(owner.otherHost, owner.host))
                {
                    stalled = true;
                    owner.world.Stall(this);
                    return;
                }
                if (next.Time > owner.world.NowTicks)
                {
                    owner.world.Arm(this, next.Time);
                    return;
                }
                queue.Dequeue();
                owner.Acknowledged(next.Arrived, next.Read);
            }
        }
    }

    private static long RetransmitTicks(SimStream owner) =>
        (TimeSpan.TicksPerSecond / 5) + owner.process.Random.NextLong(TimeSpan.TicksPerSecond);

    private sealed class InQueue(SimStream owner) : DownlinkQueue
    {
        public override void Deliver(Segment segment) => owner.Deliver(segment);

        public override bool Congested()
        {
            owner.other.Cut();
            return true;
        }
    }
}
