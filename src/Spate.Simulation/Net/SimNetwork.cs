using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>The network as one process sees it.</summary>
public sealed class SimNetwork : INetwork
{
    private const int FirstEphemeralPort = 32768;

    private readonly SimProcess process;
    private readonly List<SimStream> streams = [];
    private readonly Dictionary<IPEndPoint, SimListener> listeners = [];
    private readonly Dictionary<IPEndPoint, SimDatagramSocket> sockets = [];
    private readonly List<SimMulticastSocket> multicast = [];
    private readonly List<Dial> dials = [];
    private int nextPort = FirstEphemeralPort;

    internal SimNetwork(SimProcess process) => this.process = process;

    /// <summary>How long a stream waits for somebody to answer before it fails by itself.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(127);

    /// <summary>How long names take.</summary>
    public TimeSpan NameLatency { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Open streams of the process.</summary>
    public int Streams => streams.Count;

    /// <summary>Streams that are being opened.</summary>
    public int HalfOpen => dials.Count;

    /// <summary>Looks at every stream that is about to be opened; an exception is what the caller gets.</summary>
    public Func<IPEndPoint, IOException?>? ConnectFault { get; set; }

    /// <inheritdoc/>
    public ValueTask<IConnection> ConnectAsync(IPEndPoint remote, CancellationToken cancellation)
    {
        process.World.Guard("ConnectAsync");
        ArgumentNullException.ThrowIfNull(remote);
        if (cancellation.IsCancellationRequested) return ValueTask.FromCanceled<IConnection>(cancellation);
        process.World.OnDial?.Invoke(process.Host, remote);
        if (ConnectFault?.Invoke(remote) is { } fault) return ValueTask.FromException<IConnection>(fault);
        process.Note(TraceKind.Connect, remote.Port);
        return new Dial(this, remote, cancellation).Start();
    }

    /// <inheritdoc/>
    public IListener Listen(IPEndPoint local)
    {
        process.World.Guard("Listen");
        IPEndPoint bound = Choose(local, listeners.ContainsKey);
        var listener = new SimListener(process, bound);
        listeners.Add(bound, listener);
        return listener;
    }

    /// <inheritdoc/>
    public IDatagramSocket BindDatagram(IPEndPoint local)
    {
        process.World.Guard("BindDatagram");
        IPEndPoint bound = Choose(local, sockets.ContainsKey);
        var socket = new SimDatagramSocket(process, bound);
        sockets.Add(bound, socket);
        return socket;
    }

    /// <inheritdoc/>
    public IDatagramSocket BindMulticast(IPEndPoint group)
    {
        process.World.Guard("BindMulticast");
        var socket = new SimMulticastSocket(process, group);
        multicast.Add(socket);
        return socket;
    }

    /// <inheritdoc/>
    public async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        process.World.Guard("ResolveAsync");
        if (IPAddress.TryParse(host, out IPAddress? address)) return [address];
        await SimWorld.Delay(process, NameLatency, cancellation);
        if (process.Host.IsOnline && process.World.Names.TryGetValue(host, out IPAddress[]? addresses)) return [.. addresses];
        throw new IOException($"The name {host} is not known.");
    }

    /// <summary>Resets every open stream, as a router does that restarts.</summary>
    public void ResetAll()
    {
        foreach (SimStream stream in streams.ToArray()) stream.Reset();
    }

    internal void Add(SimStream stream)
    {
        stream.ListIndex = streams.Count;
        streams.Add(stream);
    }

    internal void Remove(SimStream stream)
    {
        int index = stream.ListIndex;
        if (index < 0) return;
        stream.ListIndex = -1;
        streams[index] = streams[^1];
        streams.RemoveAt(streams.Count - 1);
        if (index < streams.Count) streams[index].ListIndex = index;
    }

    internal void Remove(SimListener listener) => listeners.Remove(listener.Local);

    internal void Remove(SimDatagramSocket socket) => sockets.Remove(socket.Local);

    internal SimDatagramSocket? FindSocket(IPEndPoint local) => Find(sockets, local);

    internal void CloseAll(bool silently)
    {
        foreach (SimStream stream in streams.ToArray()) stream.Close(silently);
        foreach (SimListener listener in listeners.Values.ToArray()) listener.Dispose();
        foreach (SimDatagramSocket socket in sockets.Values.ToArray()) socket.Dispose();
        foreach (SimMulticastSocket socket in multicast) socket.Dispose();
        foreach (Dial dial in dials.ToArray()) dial.Drop();
    }

    private static T? Find<T>(Dictionary<IPEndPoint, T> table, IPEndPoint local) where T : class
    {
        if (table.TryGetValue(local, out T? exact)) return exact;
        if (local.AddressFamily == AddressFamily.InterNetwork && table.TryGetValue(new IPEndPoint(IPAddress.Any, local.Port), out T? any)) return any;
        return table.GetValueOrDefault(new IPEndPoint(IPAddress.IPv6Any, local.Port)); // takes both families
    }

    private IPEndPoint Choose(IPEndPoint local, Predicate<IPEndPoint> taken)
    {
        IPAddress address = local.Address;
        bool ours = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || IPAddress.IsLoopback(address)
            || address.Equals(process.Host.Address) || address.Equals(process.Host.Address6);
        if (!ours) throw new IOException($"{address} is not an address of this host.");
        if (local.Port != 0) return taken(local) ? throw new IOException($"{local} is in use.") : local;
        while (true)
        {
            var candidate = new IPEndPoint(address, EphemeralPort());
            if (!taken(candidate)) return candidate;
        }
    }

    private int EphemeralPort()
    {
        if (nextPort > IPEndPoint.MaxPort) nextPort = FirstEphemeralPort;
        return nextPort++;
    }

    /// <summary>A stream being opened: there, back, or nobody answers.</summary>
    private sealed class Dial : SimEvent
    {
        private enum Stage { Going, Answered, Refused, TimingOut }

        private readonly SimNetwork network;
        private readonly SimPromise<IConnection> promise;
        private readonly IPEndPoint remote;
        private readonly SimHost? to;
        private readonly CancellationTokenRegistration registration;
        private Stage stage;
        private SimStream? stream;

        public Dial(SimNetwork network, IPEndPoint remote, CancellationToken cancellation)
        {
            this.network = network;
            this.remote = remote;
            promise = new SimPromise<IConnection>(network.process);
            to = IPAddress.IsLoopback(remote.Address) ? network.process.Host : network.process.World.Find(remote.Address);
            registration = cancellation.UnsafeRegister(static (s, token) => ((Dial)s!).Cancel(token), this);
        }

        private SimWorld World => network.process.World;

        public ValueTask<IConnection> Start()
        {
            network.dials.Add(this);
            if (to is null) TimeOut();
            else World.Arm(this, World.NowTicks + network.process.Host.LatencyTicksTo(to));
            return promise.Start();
        }

        /// <summary>The process died.</summary>
        public void Drop()
        {
            registration.Dispose();
            EventHeap.Disarm(this);
            network.dials.Remove(this);
            stream?.Close(silently: true);
        }

        internal override void Fire()
        {
            switch (stage)
            {
                case Stage.Going:
                    Knock();
                    return;
                case Stage.Answered:
                    End();
                    promise.TryComplete(stream!);
                    return;
                case Stage.Refused:
                    End();
                    network.process.Note(TraceKind.Refuse, remote.Port);
                    promise.TryFail(new IOException($"{remote} refused the connection."));
                    return;
                default:
                    End();
                    promise.TryFail(new IOException($"{remote} did not answer."));
                    return;
            }
        }

        private void Knock()
        {
            SimProcess here = network.process;
            if (!World.CanReach(here.Host, to!) || (to!.Link.Nat && to != here.Host))
            {
                TimeOut();
                return;
            }
            SimListener? listener = to.Process.IsDead ? null : Find(to.Process.Network.listeners, remote);
            if (listener is { HasRoom: false })
            {
                TimeOut();
                return;
            }
            if (listener is not null)
            {
                IPAddress own = remote.AddressFamily == AddressFamily.InterNetwork ? here.Host.Address : here.Host.Address6;
                var (from, accepted) = SimStream.Pair(here, new IPEndPoint(own, network.EphemeralPort()), to.Process, remote);
                stream = from;
                listener.Add(accepted);
            }
            stage = stream is null ? Stage.Refused : Stage.Answered;
            World.Arm(this, World.NowTicks + here.Host.LatencyTicksTo(to));
        }

        private void TimeOut()
        {
            stage = Stage.TimingOut;
            World.Arm(this, World.NowTicks + network.ConnectTimeout.Ticks);
        }

        private void Cancel(CancellationToken token)
        {
            if (!promise.IsPending || !World.GuardQuietly("A connection attempt was cancelled")) return;
            EventHeap.Disarm(this);
            network.dials.Remove(this);
            stream?.Abort();
            promise.TryFail(new OperationCanceledException(token));
        }

        private void End()
        {
            registration.Dispose();
            network.dials.Remove(this);
        }
    }
}
