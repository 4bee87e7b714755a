namespace Spate.Engine.Ports;

/// <summary>The whole outside world of a session. Replaced as a whole in simulation.</summary>
public sealed record SessionEnvironment
{
    public required TimeProvider Time { get; init; }

    public required IRandom Random { get; init; }

    public required INetwork Network { get; init; }

    public required IStorage Storage { get; init; }

    public required IHttpFetcher Http { get; init; }

    public required IScheduler Scheduler { get; init; }

    /// <summary>Disk workers: they hash, read, write and flush.</summary>
    public required IWorkers Disk { get; init; }

    /// <summary>
    /// Has the system lay out memory in large pages; told of it before it is first touched, on any thread. Null where there is no such thing.
    /// </summary>
    public Action<Memory<byte>>? LargePages { get; init; }
}
