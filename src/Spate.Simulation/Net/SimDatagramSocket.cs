using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>A socket for datagrams with a bounded receive buffer.</summary>
internal sealed class SimDatagramSocket : IDatagramSocket
{
    private const int ReceiveBuffer = 256 << 10;
    private const int MaxPayload = 65507;

    private readonly SimProcess process;
    private readonly Queue<Segment> received = new();
    private readonly SimPromise<Datagram> receiving;
    private Memory<byte> target;
    private int receivedBytes;
    private bool disposed;

    public SimDatagramSocket(SimProcess process, IPEndPoint local)
    {
        this.process = process;
        Local = local;
        receiving = new SimPromise<Datagram>(process);
    }

    public IPEndPoint Local { get; }

    public ValueTask<Datagram> ReceiveAsync(Memory<byte> buffer)
    {
        process.World.Guard("ReceiveAsync");
        if (disposed) return ValueTask.FromException<Datagram>(Closed());
        if (received.TryDequeue(out Segment? segment))
        {
            receivedBytes -= segment.Length;
            return ValueTask.FromResult(Read(segment, buffer.Span));
        }
        target = buffer;
        return receiving.Start();
    }

    public void Send(ReadOnlySpan<byte> payload, IPEndPoint remote)
    {
        if (!process.World.GuardQuietly("Send was called")) return;
        SimHost host = process.Host;
        bool v4 = remote.AddressFamily == AddressFamily.InterNetwork;
        if (disposed || payload.Length > MaxPayload || v4 != (Local.AddressFamily == AddressFamily.InterNetwork)) return;
        process.World.OnDatagram?.Invoke(new IPEndPoint(v4 ? host.Address : host.Address6, Local.Port), remote, payload);
        Segment segment = process.World.Segments.Rent(payload.Length, SegmentKind.Datagram);
        payload.CopyTo(segment.Buffer);
        segment.End = payload.Length;
        segment.From = new IPEndPoint(v4 ? host.Address : host.Address6, Local.Port);
        segment.To = remote;
        segment.Sender = host;
        host.Datagrams.Send(segment);
    }

    public void Dispose()
    {
        if (disposed || !process.World.GuardQuietly("A socket was disposed")) return;
        disposed = true;
        process.Network.Remove(this);
        while (received.TryDequeue(out Segment? segment)) process.World.Segments.Return(segment);
        receiving.TryFail(Closed());
    }

    internal void Deliver(Segment segment)
    {
        process.Note(TraceKind.Datagram, segment.Length);
        if (receiving.IsPending)
        {
            Datagram datagram = Read(segment, target.Span);
            target = default;
            receiving.TryComplete(datagram);
        }
        else if (receivedBytes + segment.Length > ReceiveBuffer)
        {
            process.Note(TraceKind.DatagramLost, segment.Length);
            process.World.Segments.Return(segment);
        }
        else
        {
            received.Enqueue(segment);
            receivedBytes += segment.Length;
        }
    }

    private Datagram Read(Segment segment, Span<byte> buffer)
    {
        int n = Math.Min(segment.Length, buffer.Length);
        segment.Buffer.AsSpan(0, n).CopyTo(buffer);
        var datagram = new Datagram(n, segment.From!);
        process.World.Segments.Return(segment);
        return datagram;
    }

    private static IOException Closed() => new("The socket was closed.");
}

/// <summary>All datagrams of a host: their share of the uplink and the downlink, and what its NAT lets in.</summary>
internal sealed class DatagramPort(SimHost host) : UplinkSource
{
    private const int LeastBacklog = 64 << 10;

    private readonly Queue<Segment> unsent = new();
    private readonly HashSet<(int Port, IPEndPoint Remote)> openings = [];
    private readonly InQueue incoming = new(host);
    private int unsentBytes;

    public override bool CanDepart => unsent.Count > 0;

    public void Send(Segment segment)
    {
        if (unsentBytes + segment.Length > Math.Max(LeastBacklog, host.Link.UpBytesPerSecond / 10))
        {
            Lose(segment);
            return;
        }
        if (host.Link.Nat) openings.Add((segment.From!.Port, segment.To!));
        unsent.Enqueue(segment);
        unsentBytes += segment.Length;
        host.Uplink.Offer(this);
    }

    public override Segment Take() => unsent.Dequeue();

    public override void Departed(Segment segment)
    {
        unsentBytes -= segment.Length;
        host.BytesSent += segment.Length;
        SimWorld world = host.World;
        SimHost? to = world.Find(segment.To!.Address);
        double loss = 1 - ((1 - host.Link.Loss) * (1 - (to?.Link.Loss ?? 0)));
        if (to is null || host.Process.Random.Chance(loss))
        {
            Lose(segment);
            return;
        }
        long time = world.NowTicks + host.LatencyTicksTo(to);
        if (to != host) time += host.Process.Random.NextLong(host.Link.Jitter.Ticks + to.Link.Jitter.Ticks);
        world.Arm(segment, time);
    }

    public void Arrive(Segment segment)
    {
        bool open = !host.Link.Nat || segment.Sender == host || openings.Contains((segment.To!.Port, segment.From!));
        if (!open || !host.World.CanReach(segment.Sender!, host)) Lose(segment);
        else host.Downlink.Arrive(incoming, segment);
    }

    private void Lose(Segment segment)
    {
        host.World.Note(TraceKind.DatagramLost, host.Index, segment.Length);
        host.World.Segments.Return(segment);
    }

    private sealed class InQueue(SimHost host) : DownlinkQueue
    {
        public override void Deliver(Segment segment)
        {
            host.BytesReceived += segment.Length;
            SimDatagramSocket? socket = host.Process.Network.FindSocket(segment.To!);
            if (socket is null) host.Datagrams.Lose(segment);
            else socket.Deliver(segment);
        }

        public override bool Congested()
        {
            host.World.Note(TraceKind.DatagramLost, host.Index, 0);
            return false;
        }
    }
}
