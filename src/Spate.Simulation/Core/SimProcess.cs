using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>
/// One run of a program on a host: the environment that its session lives in. When it is killed, everything that it still
/// had to do is dropped, as a kernel does it.
/// </summary>
public sealed class SimProcess : IScheduler
{
    internal SimProcess(SimHost host, ulong incarnation)
    {
        Host = host;
        World = host.World;
        Context = new SimContext(this);
        Random = SimRandom.Fork(World.Seed, ((ulong)host.Index << 20) + incarnation + 1);
        Network = new SimNetwork(this);
        Environment = new SessionEnvironment
        {
            Time = new SimClock(this),
            Random = Random,
            Network = Network,
            Storage = new SimStorage(this),
            Http = new SimHttp(this),
            Scheduler = this,
            Disk = new SimWorkers(this, host.Disk.Options.Workers),
        };
    }

    /// <summary>What a session is made with.</summary>
    public SessionEnvironment Environment { get; }

    /// <summary>Where it runs.</summary>
    public SimHost Host { get; }

    /// <summary>True once it was killed.</summary>
    public bool IsDead { get; private set; }

    internal SimWorld World { get; }

    internal SimContext Context { get; }

    internal SimRandom Random { get; }

    internal SimNetwork Network { get; }

    /// <inheritdoc/>
    public void Schedule(IWorkItem item)
    {
        // Never throws: the caller may be a thread of the pool, where an exception would end the test run instead of this test.
        if (World.GuardQuietly("Work was scheduled")) World.Enqueue(this, item);
    }

    internal void Ready(Action<object?> action, object? state, SimContext? context = null) => World.Enqueue(this, action, state, context);

    /// <summary>Runs an action now as if the program itself did it: it is on no strand and has no context.</summary>
    public void Perform(Action action) => World.Perform(this, action);

    internal void Note(TraceKind kind, long number) => World.Note(kind, Host.Index, number);

    internal void Die(bool silently)
    {
        if (IsDead) return;
        Network.CloseAll(silently);
        IsDead = true;
    }
}
