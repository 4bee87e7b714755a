using Spate.Engine.Disk;

namespace Spate.Engine.Peers;

/// <summary>
/// How many blocks to keep in flight at one peer: its bandwidth-delay product, measured. It doubles while more requests bring
/// more bytes, then follows rate × two round trips, and a cushion for peers that send in portions, of what is good for the peer at most
/// (<see cref="CushionLimit"/>). The round trip is the shortest ever seen, as later ones include the time that our own requests wait in line.
/// </summary>
internal sealed class RequestWindow
{
    private const int Smallest = 4;
    private const int Largest = 4096;          // 64 MiB: 1 Gbit/s at half a second
    private const double CushionMs = 100;
    private const double SilenceMargin = 1.2;  // of a peer that sends in portions: enough for the next one, and more each time until it is
    private const long LongestSilenceMs = 1000; // a longer one is a stall
    private const int MostForSilence = 32;     // of one peer of many: what is asked of it early, others fetch from elsewhere meanwhile
    private const long StartRoundMs = 25;
    private const long RoundMs = 250;          // long enough to see past the bursts of a peer that limits its rate
    private const double Growth = 1.15;        // a round must bring so much more for the window to double again

    private readonly CushionLimit cushionLimit = new();
    private int limit = DefaultPeerLimit;
    private bool starting = true, settled;
    private int roundBlocks;
    private long roundStartMs = -1;
    private long lastBlockMs, silenceMs;       // silenceMs: the longest of the round
    private long roundBytes;
    private double bytesPerMs;
    private double minRoundTripMs = double.MaxValue;

    /// <summary>Requests to assume that a peer queues when it does not say so (BEP 10 reqq): as many as libtorrent assumes.</summary>
    public const int DefaultPeerLimit = 500;

    /// <summary>Blocks to keep in flight now.</summary>
    public int Size { get; private set; } = 8;

    /// <summary>Most requests that the peer queues (BEP 10 reqq); clamped to what makes sense.</summary>
    public int PeerLimit
    {
        get => limit;
        set
        {
            limit = Math.Clamp(value, 1, Largest);
            Size = Math.Min(Size, limit);
        }
    }

    /// <summary>Many others send to us too, so that nothing is lost when this one runs dry for a moment.</summary>
    public bool IsOneOfMany { get; set; }

    /// <summary>The rate that the window follows, in bytes a second.</summary>
    public double BytesPerSecond => bytesPerMs * 1000;

    /// <summary>The shortest round trip seen, in milliseconds; 0 before the first.</summary>
    public double RoundTripMs => minRoundTripMs == double.MaxValue ? 0 : minRoundTripMs;

    /// <summary>The peer lets us ask again, or the first request is about to go out: rates of before say nothing.</summary>
    public void Restart(double roundTripMs)
    {
        if (roundTripMs > 0) minRoundTripMs = Math.Min(minRoundTripMs, roundTripMs);
        starting = true;
        cushionLimit.Restart();
        roundStartMs = -1;
        bytesPerMs = 0;
        Size = Math.Min(8, limit);
    }

    /// <summary>A block came.</summary>
    /// <param name="bytes">Its length.</param>
    /// <param name="sentMs">When it was asked for.</param>
    /// <param name="nowMs">Now, of the same clock.</param>
    public void OnBlock(int bytes, long sentMs, long nowMs)
    {
        minRoundTripMs = Math.Min(minRoundTripMs, Math.Max(nowMs - sentMs, 0.1));
        if (roundStartMs < 0)
        {
            // The first block only starts the clock: when it was sent is not known.
            (roundStartMs, roundBlocks, roundBytes) = (nowMs, 0, 0);
            (lastBlockMs, silenceMs) = (nowMs, 0);
            return;
        }
        silenceMs = Math.Max(silenceMs, nowMs - lastBlockMs);
        lastBlockMs = nowMs;
        roundBlocks++;
        roundBytes += bytes;
        long elapsed = nowMs - roundStartMs;
        if (elapsed < (starting ? StartRoundMs : RoundMs) || (starting && roundBlocks < Size)) return;
        EndRound(roundBytes / (double)elapsed);
        (roundStartMs, roundBlocks, roundBytes, silenceMs) = (nowMs, 0, 0, 0);
    }

    /// <summary>The peer stalled: one request at a time until it moves again.</summary>
    public void Snub()
    {
        Restart(0);
        Size = 1;
    }

    private void EndRound(double measured)
    {
        if (starting && measured > bytesPerMs * Growth)
        {
            bytesPerMs = measured;
            Size = Math.Min(Size * 2, limit);
            return;
        }
        // The short rounds of the start saw bursts: the first long one counts alone. Then up at once, down slowly, as one slow round
        // is no reason to let the pipe run dry.
        bytesPerMs = starting || !settled ? measured : Math.Max(measured, bytesPerMs * 0.8 + measured * 0.2);
        double blocksPerMs = bytesPerMs / BlockPool.BlockSize;
        if (settled && !IsOneOfMany && blocksPerMs * CushionMs > CushionLimit.Least) cushionLimit.OnRound(measured);
        settled = !starting;
        starting = false;
        double cushion = Math.Min(blocksPerMs * CushionMs, cushionLimit.Blocks);
        // A peer that holds to a limit may send a portion every half second: what it is to send has to be asked for by then.
        if (silenceMs * SilenceMargin > CushionMs && silenceMs <= LongestSilenceMs)
        {
            double portion = blocksPerMs * silenceMs * SilenceMargin;
            cushion = Math.Max(cushion, IsOneOfMany ? Math.Min(portion, MostForSilence) : portion);
        }
        double wanted = blocksPerMs * 2 * RoundTripMs + cushion + Smallest;
        Size = (int)Math.Clamp(wanted, Math.Min(Smallest, limit), limit);
    }
}
