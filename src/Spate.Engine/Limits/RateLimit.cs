using Spate.Engine.Runtime;

namespace Spate.Engine.Limits;

/// <summary>
/// A token bucket shared by many pumps, in bytes. Without a limit a look at it is one read. Refilled by the heartbeat. Who gets nothing
/// stands in line, first come, first served: each refill wakes as many as it has a useful share for, and while there is a line nobody
/// takes more than a share of each refill. So a pump whose connection swallows all it is given can't live off the others.
/// </summary>
public sealed class RateLimit
{
    // What may be taken at once after a quiet time. Short, so that a limit holds over a few seconds too.
    private const double BurstSeconds = 0.15;
    private const int SmallestShare = 4 * 1024; // less is not worth a system call
    private const long Unshared = long.MaxValue; // no line: who comes may take all

    private readonly Queue<PumpSignal> waiters = new(); // under itself
    private long tokens;
    private long share = Unshared;
    private long refills = 1;
    private long bytesPerSecond;
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
            else Cap(Burst(value));
        }
    }

    /// <summary>True when there is no limit.</summary>
    public bool IsUnlimited => BytesPerSecond == 0;

    /// <summary>Takes up to <paramref name="wanted"/> bytes; 0 when there are none for this pump now.</summary>
    public int Take(int wanted, ref LimitTurn turn)
    {
        if (IsUnlimited) return wanted;
        long refill = Volatile.Read(ref refills);
        if (turn.Refill != refill) turn = new LimitTurn { Refill = refill };
        long most = Volatile.Read(ref share);
        if (most != Unshared) most -= turn.Taken;
        if (most <= 0) return 0;
        while (true)
        {
            long seen = Volatile.Read(ref tokens);
            if (seen <= 0) return 0;
            int taken = (int)Math.Min(wanted, Math.Min(seen, most));
            if (Interlocked.CompareExchange(ref tokens, seen - taken, seen) != seen) continue;
            turn.Taken += taken;
            return taken;
        }
    }

    /// <summary>Gives back what the pump took and did not use.</summary>
    public void Refund(int bytes, ref LimitTurn turn)
    {
        long rate = BytesPerSecond;
        if (bytes <= 0 || rate == 0) return;
        turn.Taken -= bytes;
        Interlocked.Add(ref tokens, bytes);
        Cap(Burst(rate)); // it may have been taken while there was no limit
    }

    /// <summary>Has the signal set at a refill that has something for it.</summary>
    public void AddWaiter(PumpSignal signal)
    {
        lock (waiters) waiters.Enqueue(signal);
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
        Interlocked.Add(ref tokens, whole);
        Cap(Math.Max(Burst(rate), whole));
        Interlocked.Increment(ref refills);
        Wake();
    }

    private static long Burst(long rate) => Math.Max((long)(rate * BurstSeconds), SmallestShare);

    private void Cap(long most)
    {
        long seen = Volatile.Read(ref tokens);
        if (seen > most) Interlocked.Add(ref tokens, most - seen);
    }

    private void Wake()
    {
        lock (waiters)
        {
            int line = waiters.Count, woken = line;
            if (!IsUnlimited)
            {
                long there = Math.Max(Volatile.Read(ref tokens), 0);
                woken = (int)Math.Min(line, Math.Max(1, there / SmallestShare));
                Volatile.Write(ref share, line < 2 ? Unshared : Math.Max(there / woken, SmallestShare));
            }
            // The others keep their places: they come first at the next refill.
            for (; woken > 0; woken--) waiters.Dequeue().Set();
        }
    }
}

/// <summary>What a pump keeps between its calls of a <see cref="RateLimit"/>: how much of the latest refill it had. Starts as default.</summary>
public struct LimitTurn
{
    internal long Refill, Taken;
}
