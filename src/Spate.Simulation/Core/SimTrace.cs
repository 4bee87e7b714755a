using System.Numerics;
using System.Text;

namespace Spate.Simulation;

/// <summary>Kinds of traced events.</summary>
public enum TraceKind
{
    Run, Timer, Work, Connect, Accept, Refuse, Close, Reset, Depart, Arrive, Deliver, Receive, Datagram, DatagramLost,
    Open, Read, Write, Flush, Delete, Move, Replace, StorageError, Http, Announce, Kill, PowerCut, Start, Partition, Note,
}

/// <summary>
/// What happened, as a rolling hash over every event (time, kind, host, number) and the last few of them for people. Two runs
/// with the same seed have the same hash; where they don't, something reached outside the world.
/// </summary>
public sealed class SimTrace
{
    private const int Kept = 32;

    private readonly (long Time, TraceKind Kind, int Host, long Number)[] last = new (long, TraceKind, int, long)[Kept];
    private long kept;

    /// <summary>The hash of all events until now.</summary>
    public ulong Hash { get; private set; } = 0xCBF29CE484222325;

    /// <summary>How many events there were.</summary>
    public long Count { get; private set; }

    /// <summary>Gets every event, for a look at a run that went wrong. Slow.</summary>
    public Action<string>? Listener { get; set; }

    internal void Add(long time, TraceKind kind, int host, long number)
    {
        ulong h = Hash ^ (ulong)time;
        h = BitOperations.RotateLeft(h * 0x9FB21C651E98DF25, 29) ^ (ulong)number ^ ((ulong)kind << 56) ^ ((ulong)(uint)host << 32);
        Hash = h * 0xD6E8FEB86659FD93 ^ (h >> 32);
        Count++;
        if (kind is not (TraceKind.Run or TraceKind.Timer)) last[kept++ & (Kept - 1)] = (time, kind, host, number);
        Listener?.Invoke(Line(time, kind, host, number));
    }

    /// <summary>The last events but timers and turns, the newest at the end, one a line.</summary>
    public string Tail()
    {
        var text = new StringBuilder();
        for (long i = Math.Max(0, kept - Kept); i < kept; i++)
        {
            var (time, kind, host, number) = last[i & (Kept - 1)];
            text.AppendLine(Line(time, kind, host, number));
        }
        return text.ToString();
    }

    private static string Line(long time, TraceKind kind, int host, long number) =>
        $"  {time / 1e7,14:F7} s  host {host,-4} {kind} {number}";
}
