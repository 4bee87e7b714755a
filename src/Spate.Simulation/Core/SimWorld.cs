using System.Net;
using System.Runtime.ExceptionServices;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>
/// A whole world on one thread: hosts, links, disks, names and a clock that jumps. All that happens follows from the seed.
/// Not for use from two threads; several worlds may run side by side.
/// </summary>
public sealed class SimWorld : IDisposable
{
    private static readonly DateTimeOffset epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly EventHeap heap = new();
    private readonly ReadyQueue ready = new();
    private readonly Dictionary<IPEndPoint, List<SimMulticastSocket>> groups = [];
    private readonly List<SimHost> hosts = [];
    private readonly Dictionary<IPAddress, SimHost> byAddress = [];
    private readonly List<Action<SimProcess>> checkers = [];
    private readonly SimRandom order;
    private readonly List<StallingEvent> stalled = [];
    private readonly int threadId = Environment.CurrentManagedThreadId;
    private readonly SynchronizationContext? outerContext = SynchronizationContext.Current;
    private volatile string? leak;
    private Exception? fault;
    private readonly SimTaskScheduler scheduler;
    private SimProcess? onWorker;
    private int partitions;
    private long stepsThisInstant;
    private bool disposed;

    /// <param name="seed">All that is random in the world follows from it.</param>
    /// <param name="shuffle">Runs work that is ready at the same moment in a random order, as threads would, instead of first come, first served.</param>
    public SimWorld(ulong seed, bool shuffle = false)
    {
        Seed = seed;
        Shuffle = shuffle;
        Random = SimRandom.Fork(seed, 0);
        order = SimRandom.Fork(seed, 1);
        scheduler = new SimTaskScheduler(this);
        Console = AddHost("console", LinkOptions.Unlimited);
        Running = Console.Process;
        SynchronizationContext.SetSynchronizationContext(Console.Process.Context);
    }

    /// <summary>What the world was made from.</summary>
    public ulong Seed { get; }

    /// <summary>True when ready work runs in a random order.</summary>
    public bool Shuffle { get; }

    /// <summary>So many pieces of work without the clock moving count as a loop that never ends.</summary>
    public long MaxStepsAtOnce { get; set; } = 1_000_000;

    /// <summary>What happened until now.</summary>
    public SimTrace Trace { get; } = new();

    /// <summary>Randomness for the test itself.</summary>
    public SimRandom Random { get; }

    /// <summary>All hosts, in the order in which they were added; the first is <see cref="Console"/>.</summary>
    public IReadOnlyList<SimHost> Hosts => hosts;

    /// <summary>A host with a perfect link, for the test's own scripts.</summary>
    public SimHost Console { get; }

    /// <summary>Host names. Every host is found by its own name.</summary>
    public Dictionary<string, IPAddress[]> Names { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>HTTP servers by host name and port.</summary>
    public Dictionary<(string Name, int Port), SimWebServer> Web { get; } = [];

    /// <summary>Told of every datagram that leaves a host, those to multicast groups as well: from, to, payload.</summary>
    public DatagramWitness? OnDatagram { get; set; }

    /// <summary>Told of every stream that a host tries to open, and where to.</summary>
    public Action<SimHost, IPEndPoint>? OnDial { get; set; }

    /// <summary>Content that disks know how to keep without storing it.</summary>
    internal ContentRegistry Contents { get; } = new();

    /// <summary>Virtual time since the world began.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(NowTicks);

    /// <summary>The date, as a host with a right clock sees it.</summary>
    public DateTimeOffset UtcNow => epoch + Now;

    internal long NowTicks { get; private set; }

    internal SegmentPool Segments { get; } = new();

    internal bool IsOnThread => Environment.CurrentManagedThreadId == threadId;

    /// <summary>The process whose turn it is.</summary>
    internal SimProcess Running { get; private set; }

    /// <summary>The process whose disk worker runs at this moment.</summary>
    internal SimProcess? OnWorker => onWorker;

    /// <summary>Adds a host with an IPv4 and an IPv6 address of its own.</summary>
    public SimHost AddHost(string name, LinkOptions? link = null, DiskOptions? disk = null)
    {
        Guard("AddHost");
        var host = new SimHost(this, hosts.Count, name, link ?? LinkOptions.Unlimited, disk ?? new DiskOptions());
        hosts.Add(host);
        byAddress.Add(host.Address, host);
        byAddress.Add(host.Address6, host);
        Names[name] = [host.Address, host.Address6];
        return host;
    }

    /// <summary>Makes content and its torrent, which disks of this world keep without storing it.</summary>
    public SimContent AddContent(ContentOptions options)
    {
        var content = new SimContent(options);
        Contents.Add(content);
        return content;
    }

    /// <summary>Adds an HTTP tracker on a host of its own.</summary>
    public SimTracker AddTracker(string name = "tracker.sim") => new(this, name);

    /// <summary>Adds an HTTP server on a host of its own.</summary>
    public SimWebServer AddWebServer(string name, Func<HttpRequest, SimHost, ValueTask<HttpAnswer>> answer, LinkOptions? link = null, int port = 80)
    {
        var server = new SimWebServer(AddHost(name, link), answer);
        Web[(name, port)] = server;
        return server;
    }

    /// <summary>The host at an address, or null.</summary>
    public SimHost? Find(IPAddress address) =>
        byAddress.GetValueOrDefault(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>
    /// Runs after every turn, with the process whose turn it was: where a test looks whether what must always hold does hold. It
    /// throws when not.
    /// </summary>
    public void CheckAlways(Action<SimProcess> checker) => checkers.Add(checker);

    /// <summary>Reports a bug: the run ends with it. What a session's faults are wired to.</summary>
    public void Fault(Exception error) => fault ??= error;

    /// <summary>
    /// Runs until <paramref name="until"/> holds (asked whenever the clock is about to move, at most once in 10 ms) or
    /// <paramref name="limit"/> has passed, and says which.
    /// </summary>
    /// <exception cref="SimulationException">A strand faulted, a checker failed, or work left the world's thread.</exception>
    public bool Run(Func<bool> until, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(until);
        Guard("Run");
        ObjectDisposedException.ThrowIf(disposed, this);
        bool held = false;
        SynchronizationContext? outer = SynchronizationContext.Current;
        try { scheduler.Run(() => held = Loop(until, NowTicks + limit.Ticks)); }
        catch (Exception e) when (e is not SimulationException) { throw Failure(e.Message, e); }
        finally { SynchronizationContext.SetSynchronizationContext(outer); }
        return held;
    }

    /// <summary>Lets some time pass.</summary>
    public void Run(TimeSpan time) => Run(static () => false, time);

    /// <summary>As <see cref="Run(Func{bool}, TimeSpan)"/>, but not getting there is a failure.</summary>
    /// <param name="until">What must come true.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="what">Named in the message.</param>
    public void RunUntil(Func<bool> until, TimeSpan limit, string what)
    {
        if (!Run(until, limit)) throw Failure($"After {limit.TotalSeconds:F1} s it is still not so that {what}.", null);
    }

    /// <summary>Runs an asynchronous script (on the console's context) to its end, and everything else meanwhile.</summary>
    public T Play<T>(Func<Task<T>> script, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(script);
        SynchronizationContext? outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(Console.Process.Context);
        Task<T> task;
        try { task = script(); }
        finally { SynchronizationContext.SetSynchronizationContext(outer); }
        if (!Run(() => task.IsCompleted, limit)) throw Failure($"The script did not end within {limit.TotalSeconds:F1} s.", null);
        return task.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Play{T}(Func{Task{T}}, TimeSpan)"/>
    public void Play(Func<Task> script, TimeSpan limit) => Play(async () =>
    {
        await script();
        return true;
    }, limit);

    /// <summary>Waits in virtual time; for scripts.</summary>
    public ValueTask Delay(TimeSpan time)
    {
        Guard("Delay");
        return Delay(Console.Process, time, default);
    }

    /// <summary>Runs an action at a moment from now.</summary>
    public void After(TimeSpan time, Action action) => Arm(new Call(this, action), NowTicks + Math.Max(0, time.Ticks));

    /// <summary>
    /// Cuts the network: hosts of different groups don't reach each other until <see cref="Heal"/>. Hosts that are in no group
    /// reach everybody.
    /// </summary>
    public void Partition(params IReadOnlyList<SimHost>[] groups)
    {
        foreach (SimHost host in hosts) host.Group = 0;
        for (int i = 0; i < groups.Length; i++)
        {
            foreach (SimHost host in groups[i]) host.Group = i + 1;
        }
        partitions = groups.Length;
        Note(TraceKind.Partition, 0, groups.Length);
        if (partitions == 0) Reconnect();
    }

    /// <summary>Ends a partition. What stood still goes on after some retransmission time.</summary>
    public void Heal() => Partition();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        foreach (SimHost host in hosts) host.Process.Die(silently: true);
        if (SynchronizationContext.Current is SimContext) SynchronizationContext.SetSynchronizationContext(outerContext);
    }

    /// <summary>An exception for a failed run, with all that is needed to see it again.</summary>
    public SimulationException Failure(string message, Exception? inner)
    {
        string text = $"{message}\nSeed {Seed}{(Shuffle ? " (shuffled)" : "")}, virtual time {Now.TotalSeconds:F7} s, " +
            $"{Trace.Count} events, trace hash {Trace.Hash:x16}. The last events:\n{Trace.Tail()}";
        return new SimulationException(text, inner);
    }

    internal List<SimMulticastSocket> MembersOf(IPEndPoint group)
    {
        if (!groups.TryGetValue(group, out List<SimMulticastSocket>? members)) groups.Add(group, members = []);
        return members;
    }

    internal void Arm(SimEvent e, long time) => heap.Arm(e, Math.Max(time, NowTicks));

    internal void Note(TraceKind kind, int host, long number) => Trace.Add(NowTicks, kind, host, number);

    internal void Enqueue(SimProcess process, IWorkItem item)
    {
        if (!process.IsDead) ready.Add(new ReadyWork(process, item, null, null, null));
    }

    internal void Enqueue(SimProcess process, Action<object?> action, object? state, SimContext? context = null)
    {
        if (!process.IsDead) ready.Add(new ReadyWork(process, null, action, state, context));
    }

    /// <summary>Throws when the caller is not on the world's thread.</summary>
    internal void Guard(string what)
    {
        if (IsOnThread) return;
        ReportLeak(what + " was called");
        throw new InvalidOperationException(leak);
    }

    /// <summary>False, and the run fails, when the caller is not on the world's thread.</summary>
    internal bool GuardQuietly(string what)
    {
        if (IsOnThread) return true;
        ReportLeak(what);
        return false;
    }

    internal void ReportLeak(string what) => leak ??= what + " from another thread: something left the simulation " +
        "(ConfigureAwait(false), Task.Run, a real timer or a TaskCompletionSource).\n" + Environment.StackTrace;

    /// <summary>Runs an item of a disk worker.</summary>
    internal void RunOnWorker(SimProcess process, IWorkItem item)
    {
        Enter(process, null);
        onWorker = process;
        try { item.Run(); }
        catch (SimStorage.ProcessEndedException) { }
        finally { onWorker = null; }
        AfterTurn(process);
    }

    internal void Perform(SimProcess process, Action action)
    {
        Guard("Perform");
        SynchronizationContext? outer = SynchronizationContext.Current;
        SimProcess before = Running;
        Enter(process, null);
        try { scheduler.Run(action); }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
            Running = before;
        }
    }

    internal bool CanReach(SimHost from, SimHost to) =>
        from == to || (from.IsReachable && to.IsReachable && (partitions == 0 || from.Group == 0 || to.Group == 0 || from.Group == to.Group));

    /// <summary>Keeps what can't pass until the network changes.</summary>
    internal void Stall(StallingEvent e) => stalled.Add(e);

    /// <summary>Lets everything try again that waits for a way to its peer.</summary>
    internal void Reconnect()
    {
        StallingEvent[] waiting = [.. stalled];
        stalled.Clear();
        foreach (StallingEvent e in waiting) e.Retransmit();
    }

    internal void ArriveDatagram(Segment segment)
    {
        SimHost? to = Find(segment.To!.Address);
        if (to is null) Segments.Return(segment);
        else to.Datagrams.Arrive(segment);
    }

    private bool Loop(Func<bool> until, long end)
    {
        long nextLook = NowTicks;
        while (true)
        {
            Drain();
            if (NowTicks >= nextLook)
            {
                if (until()) return true;
                if (ready.Count > 0) continue;
                nextLook = NowTicks + (10 * TimeSpan.TicksPerMillisecond);
            }
            if (!heap.TryPeek(out long next) || next > end)
            {
                NowTicks = end;
                bool held = until();
                ThrowIfBroken();
                return held;
            }
            if (next > NowTicks)
            {
                NowTicks = next;
                stepsThisInstant = 0;
            }
            do
            {
                if (++stepsThisInstant > MaxStepsAtOnce) throw Failure("Events go on for ever without the clock moving.", null);
                heap.Pop().Fire();
                if (ready.Count > 0) Drain();
            }
            while (heap.TryPeek(out next) && next <= NowTicks);
        }
    }

    private void Drain()
    {
        while (ready.Count > 0)
        {
            if (++stepsThisInstant > MaxStepsAtOnce) throw Failure("Work goes on for ever without the clock moving.", null);
            ReadyWork work = Shuffle ? ready.TakeAt(order.Next(ready.Count)) : ready.Take();
            if (work.Process.IsDead) continue;
            Enter(work.Process, work.Context);
            if (work.Item is not null)
            {
                work.Process.Note(TraceKind.Run, 0);
                work.Item.Run();
            }
            else work.Action!(work.State);
            AfterTurn(work.Process);
        }
    }

    // What runs on the thread pool in the real world has no context here either.
    private void Enter(SimProcess process, SimContext? context)
    {
        Running = process;
        SynchronizationContext.SetSynchronizationContext(context);
    }

    private void AfterTurn(SimProcess process)
    {
        foreach (Action<SimProcess> checker in checkers) checker(process);
        ThrowIfBroken();
    }

    private void ThrowIfBroken()
    {
        if (leak is not null) throw Failure(leak, null);
        if (fault is not null) throw Failure("A strand faulted: " + fault.Message, fault);
    }

    internal static ValueTask Delay(SimProcess process, TimeSpan time, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return ValueTask.FromCanceled(cancellation);
        return new Wake(process, cancellation).Start(time);
    }

    private sealed class Wake : SimEvent
    {
        private readonly SimProcess process;
        private readonly SimPromise<bool> promise;
        private readonly CancellationTokenRegistration registration;

        public Wake(SimProcess process, CancellationToken cancellation)
        {
            this.process = process;
            promise = new SimPromise<bool>(process);
            registration = cancellation.UnsafeRegister(static (s, token) => ((Wake)s!).promise.TryFail(new OperationCanceledException(token)), this);
        }

        public ValueTask Start(TimeSpan time)
        {
            process.World.Arm(this, process.World.NowTicks + Math.Max(0, time.Ticks));
            return promise.StartVoid();
        }

        internal override void Fire()
        {
            registration.Dispose();
            promise.TryComplete(true);
        }
    }

    private sealed class Call(SimWorld world, Action action) : SimEvent
    {
        internal override void Fire() => world.Console.Process.Ready(static s => ((Action)s!)(), action, world.Console.Process.Context);
    }
}

/// <summary>Sees a datagram that leaves a host.</summary>
public delegate void DatagramWitness(IPEndPoint from, IPEndPoint to, ReadOnlySpan<byte> payload);
