using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>A socket in a multicast group: what one member sends, all members hear, itself as well, for all hosts share one cable.</summary>
internal sealed class SimMulticastSocket : IDatagramSocket
{
    private const int MostUnread = 64;
    private static readonly TimeSpan cable = TimeSpan.FromMilliseconds(1);

    private readonly SimProcess process;
    private readonly IPEndPoint group;
    private readonly Queue<(byte[] Payload, IPEndPoint From)> received = new();
    private readonly SimPromise<Datagram> receiving;
    private Memory<byte> target;
    private bool disposed;

    public SimMulticastSocket(SimProcess process, IPEndPoint group)
    {
        (this.process, this.group) = (process, group);
        receiving = new SimPromise<Datagram>(process);
        bool v4 = group.AddressFamily == AddressFamily.InterNetwork;
        Local = new IPEndPoint(v4 ? process.Host.Address : process.Host.Address6, group.Port);
        process.World.MembersOf(group).Add(this);
    }

    public IPEndPoint Local { get; }

    public ValueTask<Datagram> ReceiveAsync(Memory<byte> buffer)
    {
        process.World.Guard("ReceiveAsync");
        if (disposed) return ValueTask.FromException<Datagram>(Closed());
        if (received.TryDequeue(out var first)) return ValueTask.FromResult(Read(first.Payload, first.From, buffer.Span));
        target = buffer;
        return receiving.Start();
    }

    public void Send(ReadOnlySpan<byte> payload, IPEndPoint remote)
    {
        if (disposed || !process.World.GuardQuietly("Send was called")) return;
        process.World.OnDatagram?.Invoke(Local, remote, payload);
        byte[] copy = payload.ToArray();
        process.World.After(cable, () =>
        {
            foreach (SimMulticastSocket member in process.World.MembersOf(group).ToArray())
            {
                if (process.World.CanReach(process.Host, member.process.Host)) member.Deliver(copy, Local);
            }
        });
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        process.World.MembersOf(group).Remove(this);
        receiving.TryFail(Closed());
    }

    private void Deliver(byte[] payload, IPEndPoint from)
    {
        if (disposed || process.IsDead) return;
        process.Note(TraceKind.Datagram, payload.Length);
        if (receiving.IsPending)
        {
            Datagram datagram = Read(payload, from, target.Span);
            target = default;
            receiving.TryComplete(datagram);
        }
        else if (received.Count < MostUnread) received.Enqueue((payload, from));
    }

    private static Datagram Read(byte[] payload, IPEndPoint from, Span<byte> buffer)
    {
        int n = Math.Min(payload.Length, buffer.Length);
        payload.AsSpan(0, n).CopyTo(buffer);
        return new Datagram(n, from);
    }

    private static IOException Closed() => new("The multicast socket was closed.");
}
