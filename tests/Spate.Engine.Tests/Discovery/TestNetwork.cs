using System.Net;
using Spate.Engine.Ports;

namespace Spate.Engine.Tests.Discovery;

/// <summary>Datagrams between sockets of one process, in the time of a <see cref="TestWorld"/>; streams are not needed here.</summary>
internal sealed class TestNetwork(TestWorld world) : INetwork
{
    private readonly Dictionary<IPEndPoint, Socket> sockets = [];
    private readonly Dictionary<IPEndPoint, List<Socket>> members = [];
    private int nextPort = 40_000;

    /// <summary>Milliseconds on the way.</summary>
    public int LatencyMs { get; set; } = 10;

    /// <summary>True for datagrams that get lost.</summary>
    public Func<IPEndPoint, IPEndPoint, bool> Lose { get; set; } = (_, _) => false;

    /// <summary>What names resolve to.</summary>
    public Dictionary<string, IPAddress[]> Names { get; } = [];

    public int Resolved { get; private set; }

    public List<(IPEndPoint From, IPEndPoint To, byte[] Payload)> Sent { get; } = [];

    public long Datagrams { get; private set; }

    /// <summary>A socket whose datagrams go to a function: a scripted remote.</summary>
    public Socket Serve(IPEndPoint at, Action<Socket, byte[], IPEndPoint> onDatagram)
    {
        var socket = new Socket(this, at) { Handler = onDatagram };
        sockets.Add(at, socket);
        return socket;
    }

    public IDatagramSocket BindDatagram(IPEndPoint local)
    {
        IPAddress address = local.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : local.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : local.Address;
        var at = new IPEndPoint(address, local.Port == 0 ? nextPort++ : local.Port);
        var socket = new Socket(this, at);
        if (!sockets.TryAdd(at, socket)) throw new IOException($"{at} is in use.");
        return socket;
    }

    /// <summary>False where groups can't be joined.</summary>
    public bool HasMulticast { get; set; } = true;

    /// <summary>The address of the next one to join a group.</summary>
    public IPAddress MulticastFrom { get; set; } = IPAddress.Loopback;

    public IDatagramSocket BindMulticast(IPEndPoint group)
    {
        if (!HasMulticast) throw new IOException("This network has no multicast.");
        var member = new Socket(this, new IPEndPoint(group.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? MulticastFrom : IPAddress.IPv6Loopback, nextPort++));
        if (!members.TryGetValue(group, out List<Socket>? joined)) members[group] = joined = [];
        joined.Add(member);
        return member;
    }

    /// <summary>A datagram to all members of a group.</summary>
    public void Multicast(IPEndPoint from, IPEndPoint group, byte[] payload)
    {
        foreach (Socket member in members.GetValueOrDefault(group) ?? []) Later(() => member.Arrive(from, payload));
    }

    public ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        Resolved++;
        return Names.TryGetValue(host, out IPAddress[]? found) ? new(found) : throw new IOException($"The name {host} is not known.");
    }

    public ValueTask<IConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation) => throw new IOException("no streams here");

    public IListener Listen(IPEndPoint local) => throw new IOException("no streams here");

    private void Deliver(IPEndPoint from, IPEndPoint to, byte[] payload)
    {
        Datagrams++;
        if (Sent.Count < 10_000) Sent.Add((from, to, payload));
        if (Lose(from, to)) return;
        if (members.ContainsKey(to)) Multicast(from, to, payload);
        else
        {
            Later(() =>
            {
                if (sockets.TryGetValue(to, out Socket? socket)) socket.Arrive(from, payload);
            });
        }
    }

    private void Later(Action action) =>
        world.CreateTimer(_ => action(), null, TimeSpan.FromMilliseconds(LatencyMs), Timeout.InfiniteTimeSpan);

    internal sealed class Socket(TestNetwork network, IPEndPoint local) : IDatagramSocket
    {
        private readonly Queue<(IPEndPoint From, byte[] Payload)> inbox = new();
        private TaskCompletionSource? arrival;
        private bool disposed;

        public IPEndPoint Local => local;

        public Action<Socket, byte[], IPEndPoint>? Handler { get; init; }

        public void Arrive(IPEndPoint from, byte[] payload)
        {
            if (Handler is not null)
            {
                Handler(this, payload, from);
                return;
            }
            inbox.Enqueue((from, payload));
            TaskCompletionSource? waiting = arrival;
            arrival = null;
            waiting?.SetResult();
        }

        public async ValueTask<Datagram> ReceiveAsync(Memory<byte> buffer)
        {
            while (inbox.Count == 0)
            {
                if (disposed) throw new IOException("disposed");
                arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await arrival.Task;
            }
            (IPEndPoint from, byte[] payload) = inbox.Dequeue();
            int length = Math.Min(buffer.Length, payload.Length);
            payload.AsSpan(0, length).CopyTo(buffer.Span);
            return new Datagram(length, from);
        }

        public void Send(ReadOnlySpan<byte> payload, IPEndPoint remote) => network.Deliver(local, remote, payload.ToArray());

        public void Dispose()
        {
            disposed = true;
            network.sockets.Remove(local);
            arrival?.TrySetResult();
        }
    }
}
