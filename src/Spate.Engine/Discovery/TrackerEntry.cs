using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>What an <see cref="AnnounceSchedule"/> remembers of one tracker.</summary>
internal sealed class TrackerEntry(Uri url, int tier)
{
    // Shortest pause between two announces to the same tracker, whoever asks for it.
    private const long LeastPauseMs = 5_000;

    public Uri Url { get; } = url;

    public int Tier { get; set; } = tier;

    /// <summary>It answered a <c>started</c> of this run.</summary>
    public bool Started { get; set; }

    /// <summary>An announce of this run was sent to it, answered or not: it may know us, so it is told when we stop.</summary>
    public bool Contacted { get; set; }

    /// <summary>The download finished in this run, and it has not been told.</summary>
    public bool CompletedPending { get; set; }

    public bool Disabled { get; set; }

    public bool Forced { get; set; }

    public int Fails { get; set; }

    public long LastMs { get; set; } = long.MinValue / 2;

    public long NextMs { get; set; }

    public long EarliestMs { get; set; }

    public ReadOnlyMemory<byte> TrackerId { get; set; }

    /// <summary>The announce under way, or null.</summary>
    public Task? Running { get; set; }

    /// <summary>True from the moment when the announce under way is not queued any more.</summary>
    public bool OnTheWire { get; set; }

    public string Message { get; set; } = "";

    public int PeersReceived { get; set; }

    public int? Seeders { get; set; }

    public int? Leechers { get; set; }

    public int? Completed { get; set; }

    /// <summary>It answered the last time: those behind it in its tier are not needed.</summary>
    public bool IsWorking => Started && Fails == 0 && !Disabled;

    /// <summary>The user wants an announce now: as soon as the tracker's minimum allows, and at once when he asks again.</summary>
    public void Force(long nowMs)
    {
        Disabled = false;
        NextMs = Math.Max(nowMs, Forced || Fails > 0 ? LastMs + LeastPauseMs : EarliestMs);
        Forced = true;
    }

    /// <summary>A new run begins: nobody knows of us.</summary>
    public void Reset()
    {
        (Started, Contacted, CompletedPending, Forced) = (false, false, false, false);
        (NextMs, Fails) = (0, 0);
    }

    public void Remember(ScrapeEntry scrape)
    {
        (Seeders, Leechers, Completed) = (scrape.Seeders, scrape.Leechers, scrape.Completed);
    }
}
