namespace Spate.Files;

/// <summary>
/// What is known of a device that takes writes past the page cache: whether it does, and whether that is quick. A device that needs long
/// to find the place, a hard disk above all, is better off when the system gathers and sorts what is written to it.
/// </summary>
internal sealed class DirectDevice(TimeProvider time)
{
    /// <summary>Bytes a second. A hard disk stays below with pieces in random order, a solid-state one above.</summary>
    public const long Slowest = 100_000_000;

    /// <summary>Bytes after which its speed is judged.</summary>
    public const long Sample = 64 << 20;

    /// <summary>How long a device that was slow is left alone, the first time; then twice as long each time, up to <see cref="LongestRest"/>.</summary>
    public static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(5);

    /// <summary>See <see cref="FirstRest"/>.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private bool refuses;
    private long? slowSince;
    private TimeSpan rest = FirstRest; // after the next time that it is slow
    private TimeSpan resting;
    private int running;
    private long busySince;
    private long bytes;
    private TimeSpan busy; // while at least one write ran: several at once share the device

    /// <summary>Begins a write; false when it should go through the page cache.</summary>
    public bool TryBegin()
    {
        lock (gate)
        {
            if (refuses) return false;
            if (slowSince is { } since)
            {
                if (time.GetElapsedTime(since) < resting) return false;
                slowSince = null;
            }
            if (running++ == 0) busySince = time.GetTimestamp();
            return true;
        }
    }

    /// <summary>A write that began has ended.</summary>
    /// <param name="written">Bytes.</param>
    /// <param name="refused">The system does not take such writes, though it had said so: there are no more.</param>
    public void End(int written, bool refused)
    {
        lock (gate)
        {
            long now = time.GetTimestamp();
            busy += time.GetElapsedTime(busySince, now);
            busySince = now;
            running--;
            refuses |= refused;
            bytes += written;
            if (bytes < Sample) return;
            if (bytes < busy.TotalSeconds * Slowest)
            {
                (slowSince, resting) = (now, rest);
                rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
            }
            else rest = FirstRest;
            (bytes, busy) = (0, default);
        }
    }
}
