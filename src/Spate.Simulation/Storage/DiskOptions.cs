namespace Spate.Simulation;

/// <summary>How fast and how large a disk is.</summary>
public sealed record DiskOptions
{
    /// <summary>Disk workers of a process on this host.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>Time before a piece of work begins.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>Reading, in bytes a second for each worker.</summary>
    public long ReadBytesPerSecond { get; init; } = 1_000_000_000;

    /// <summary>Writing, in bytes a second for each worker.</summary>
    public long WriteBytesPerSecond { get; init; } = 1_000_000_000;

    /// <summary>What a flush costs.</summary>
    public TimeSpan FlushTime { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Bytes that fit.</summary>
    public long Capacity { get; init; } = long.MaxValue;
}

/// <summary>Calls on a disk, for faults.</summary>
[Flags]
public enum DiskCalls
{
    None = 0,
    Open = 1,
    Read = 2,
    Write = 4,
    Flush = 8,
    SetLength = 16,
    Move = 32,
    Delete = 64,
    CreateFolder = 128,
    CreateLink = 256,
    Stat = 512,
    ReadSmall = 1024,
    ReplaceSmall = 2048,
    FreeBytes = 4096,
    All = 8191,
}

/// <summary>An error that a disk is to report.</summary>
public sealed class DiskFault
{
    /// <summary>Calls that it hits.</summary>
    public DiskCalls Calls { get; init; } = DiskCalls.All;

    /// <summary>Only paths that hold this text.</summary>
    public string PathContains { get; init; } = "";

    /// <summary>Matching calls that go well before the first failure.</summary>
    public int After { get; init; }

    /// <summary>How many matching calls fail then.</summary>
    public int Times { get; init; } = int.MaxValue;

    /// <summary>What is thrown; an I/O error when not set. It may also kill the process or cut the power: then nothing more is done.</summary>
    public Func<string, Exception> Error { get; init; } = static path => new IOException($"Input/output error: {path}");

    /// <summary>Matching calls so far.</summary>
    public int Seen { get; private set; }

    /// <summary>Calls that it made fail.</summary>
    public int Hits { get; private set; }

    internal Exception? Hit(DiskCalls call, string path)
    {
        if ((Calls & call) == 0 || !path.Contains(PathContains, StringComparison.Ordinal)) return null;
        if (Seen++ < After || Hits >= Times) return null;
        Hits++;
        return Error(path);
    }
}
