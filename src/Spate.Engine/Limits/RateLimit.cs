using Spate.Engine.Runtime;

namespace Spate.Engine.Limits;

/// <summary>
/// A token bucket shared by many pumps, in bytes. Without a limit a look at it is one read. Refilled by the heartbeat; who finds it empty waits
/// for the next refill, first come, first served, and takes no more than a fair share.
/// </summary>
public sealed class RateLimit
{
    // Burst: what may be taken at once after a quiet time. Short, so that a limit holds over a few seconds too.
    private const double BurstSeconds = 0.2;
    private const int SmallestShare = 4 * 1024;

    private readonly Queue<PumpSignal> waiters = new(); // under itself
    private long tokens;
    private long bytesPerSecond;
    private int waiting;
    private double carry; // fraction of a token that a refill left over; heartbeat only

    /// <summary>The limit; 0 is none.</summary>
    public long BytesPerSecond
    {
        get => Volatile.Read(ref bytesPerSecond);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Volatile.Write(ref bytesPerSecond, value);
            if (value == 0) Wake();
            else Interlocked.Exchange(ref tokens, Math.Min(Volatile.Read(ref tokens), Burst(value)));
        }
    }

    /// <summary>True when there is no limit.</summary>
    public bool IsUnlimited => BytesPerSecond == 0;

    /// <summary>Takes up to <paramref name="wanted"/> bytes; 0 when there are none now.</summary>
    public int Take(int wanted)
    {
        if (IsUnlimited) return wanted;
        while (true)
        {
            long seen = Volatile.Read(ref tokens);
            if (seen <= 0) return 0;
            long share = Math.Max(seen / (Volatile.Read(ref waiting) + 1), SmallestShare);
            int taken = (int)Math.Min(wanted, Math.Min(seen, share));
            if (Interlocked.CompareExchange(ref tokens, seen - taken, seen) == seen) return taken;
        }
    }

    /// <summary>Gives back what was taken and not used.</summary>
    public void Refund(int bytes)
    {
        if (bytes > 0 && !IsUnlimited) Interlocked.Add(ref tokens, bytes);
    }

    /// <summary>Charges bytes that came without being asked for: the bucket may go below zero.</summary>
    public void Charge(int bytes)
    {
        if (!IsUnlimited) Interlocked.Add(ref tokens, -bytes);
    }

    /// <summary>Has the signal set at the next refill.</summary>
    public void AddWaiter(PumpSignal signal)
    {
        lock (waiters)
        {
            waiters.Enqueue(signal);
            waiting = waiters.Count;
        }
        if (IsUnlimited) Wake();
    }

    /// <summary>Adds what the elapsed time allows and wakes those who wait. Called by the heartbeat.</summary>
    public void Refill(double elapsedSeconds)
    {
        long rate = BytesPerSecond;
        if (rate == 0) return;
        double add = rate * Math.Min(elapsedSeconds, 1) + carry;
        long whole = (long)add;
        carry = add - whole;
        long now = Interlocked.Add(ref tokens, whole);
        long burst = Burst(rate) + whole;
        if (now > burst) Interlocked.Add(ref tokens, burst - now);
        Wake();
    }

    private static long Burst(long rate) => Math.Max((long)(rate * BurstSeconds), SmallestShare);

    private void Wake()
    {
        lock (waiters)
        {
            for (int count = waiters.Count; count > 0; count--) waiters.Dequeue().Set();
            waiting = 0;
        }
    }
}
