using System.Net;

namespace Spate.Simulation;

/// <summary>A computer: addresses, a link, a disk, and a process that runs on it.</summary>
public sealed class SimHost
{
    private LinkOptions link;
    private bool online = true;
    private bool powered = true;
    private ulong incarnations;

    internal SimHost(SimWorld world, int index, string name, LinkOptions link, DiskOptions disk)
    {
        World = world;
        Index = index;
        Name = name;
        this.link = link;
        // Global addresses, each in a network of its own, so that rules about neighbours don't apply by accident.
        Address = new IPAddress([(byte)(20 + (index % 60)), (byte)(1 + (index / 60 % 250)), (byte)(1 + (index * 7 % 250)), (byte)(1 + (index / 15000))]);
        Address6 = new IPAddress([0x2a, 0x10, (byte)(index >> 16), (byte)(index >> 8), (byte)index, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        Uplink = new Uplink(this);
        Downlink = new Downlink(this);
        Datagrams = new DatagramPort(this);
        Disk = new SimDisk(this, disk);
        Process = new SimProcess(this, incarnations);
    }

    public SimWorld World { get; }

    /// <summary>The host's number in its world, as in traces.</summary>
    public int Index { get; }

    public string Name { get; }

    public IPAddress Address { get; }

    public IPAddress Address6 { get; }

    /// <summary>What its file systems hold; outlives every process.</summary>
    public SimDisk Disk { get; }

    /// <summary>The process that runs now, or the one that was killed.</summary>
    public SimProcess Process { get; private set; }

    /// <summary>How far the host's date is off.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>The link; may be changed at any time, and holds for what leaves or arrives from then on.</summary>
    public LinkOptions Link
    {
        get => link;
        set => link = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>False: no packet leaves or comes in. Streams stand still and go on later, as TCP does.</summary>
    public bool IsOnline
    {
        get => online;
        set
        {
            if (online == value) return;
            online = value;
            World.Note(TraceKind.Partition, Index, value ? 1 : 0);
            if (value) World.Reconnect();
        }
    }

    /// <summary>Payload bytes that left the host.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Payload bytes that came in.</summary>
    public long BytesReceived { get; internal set; }

    internal bool IsReachable => online && powered;

    internal int Group { get; set; }

    internal Uplink Uplink { get; }

    internal Downlink Downlink { get; }

    internal DatagramPort Datagrams { get; }

    /// <summary>
    /// Ends the process as kill -9 does: nothing of it runs again, its streams are closed by the kernel, what it wrote stays
    /// in the page cache and so in the files.
    /// </summary>
    public void Kill()
    {
        World.Note(TraceKind.Kill, Index, 0);
        Process.Die(silently: false);
    }

    /// <summary>
    /// Ends the process without a word to anybody, and loses, keeps or tears every write that was not flushed, at random.
    /// </summary>
    /// <param name="survival">The share of unflushed sectors that reach the disk all the same, 0 to 1.</param>
    public void PowerCut(double survival = 0.5)
    {
        World.Note(TraceKind.PowerCut, Index, 0);
        Process.Die(silently: true);
        powered = false;
        Disk.PowerCut(survival);
    }

    /// <summary>Starts a new process; an old one that still runs is killed first.</summary>
    public SimProcess Restart()
    {
        if (!Process.IsDead) Kill();
        World.Note(TraceKind.Start, Index, (long)++incarnations);
        Process = new SimProcess(this, incarnations);
        if (!powered)
        {
            powered = true;
            World.Reconnect();
        }
        return Process;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Address})";

    internal static long TicksFor(long bytes, long bytesPerSecond) =>
        Math.Max(1, (long)Math.Ceiling(bytes * (double)TimeSpan.TicksPerSecond / bytesPerSecond));

    internal long LatencyTicksTo(SimHost other) => other == this ? 100 : link.Latency.Ticks + other.link.Latency.Ticks;
}
