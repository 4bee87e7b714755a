using Spate.Protocol.Trackers;
using Spate.Tracker.Store;

namespace Spate.Tracker.Announcing;

/// <summary>Where all front ends bring their announces and scrapes: the tracker's rules, and the one store behind them.</summary>
internal sealed class AnnounceDesk
{
    private readonly SwarmStore store;
    private readonly TrackerOptions options;
    private readonly int intervalSeconds, jitterSeconds;

    public AnnounceDesk(SwarmStore store, TrackerClock clock, TrackerOptions options)
    {
        this.store = store;
        this.options = options;
        Clock = clock;
        intervalSeconds = (int)options.Interval.TotalSeconds;
        jitterSeconds = (int)options.IntervalJitter.TotalSeconds;
        MinIntervalSeconds = (int)options.MinInterval.TotalSeconds;
    }

    public TrackerClock Clock { get; }

    /// <summary>What HTTP clients are told not to fall below.</summary>
    public int MinIntervalSeconds { get; }

    /// <summary>Takes an announce.</summary>
    /// <param name="announcement">What the client says.</param>
    /// <param name="nowSeconds">The clock's time; front ends read it once for a batch.</param>
    /// <param name="peers">Where peers of the asker's family go.</param>
    /// <param name="otherPeers">Where peers of the other family go where there are too few of the first; empty for none.</param>
    /// <param name="random">The thread's random numbers.</param>
    /// <param name="reply">What came of it.</param>
    public Refusal Announce(
        in Announcement announcement, uint nowSeconds, Span<byte> peers, Span<byte> otherPeers, ref FastRandom random, out AnnounceReply reply)
    {
        reply = default;
        PeerRole role = RoleOf(announcement);
        int wanted = announcement.NumWant < 0 ? options.DefaultNumWant : Math.Min(announcement.NumWant, options.MaxNumWant);
        bool completed = announcement.Event == AnnounceEvent.Completed;
        AnnounceOutcome outcome;
        AnnounceResult result;
        if (announcement.Address.Length == 4)
        {
            if (!IsPeerAddressV4(announcement.Address)) return Refusal.AddressInvalid;
            var peer = new PeerV4(announcement.Address, announcement.Port);
            outcome = store.Announce(
                announcement.InfoHash, peer, role, completed, wanted, peers, otherPeers, nowSeconds, ref random, out result);
            reply.PeerBytes = result.Peers * PeerV4.WireSize;
            reply.OtherPeerBytes = result.OtherPeers * PeerV6.WireSize;
        }
        else
        {
            if (!IsPeerAddressV6(announcement.Address)) return Refusal.AddressInvalid;
            var peer = new PeerV6(announcement.Address, announcement.Port);
            outcome = store.Announce(
                announcement.InfoHash, peer, role, completed, wanted, peers, otherPeers, nowSeconds, ref random, out result);
            reply.PeerBytes = result.Peers * PeerV6.WireSize;
            reply.OtherPeerBytes = result.OtherPeers * PeerV4.WireSize;
        }
        if (outcome == AnnounceOutcome.Full) return Refusal.TrackerFull;
        reply.Counts = result.Counts;
        reply.Downloaded = result.Downloaded;
        reply.IntervalSeconds = NextInterval(ref random);
        return Refusal.None;
    }

    /// <summary>Counts of one torrent.</summary>
    public ScrapeEntry Scrape(ReadOnlySpan<byte> infoHash)
    {
        SwarmCounts counts = store.Scrape(infoHash, out uint downloaded);
        return new ScrapeEntry((int)counts.Seeders, (int)downloaded, (int)counts.Leechers, (int)(counts.Leechers - counts.Partials));
    }

    /// <summary>What a client is told to wait: the interval and a random part of the jitter.</summary>
    public int NextInterval(ref FastRandom random) => intervalSeconds + (int)random.Next((uint)jitterSeconds + 1);

    private static PeerRole RoleOf(in Announcement announcement) => announcement.Event switch
    {
        AnnounceEvent.Stopped => PeerRole.None,
        _ when announcement.Left == 0 => PeerRole.Seed,
        AnnounceEvent.Paused => PeerRole.Partial,
        _ => PeerRole.Leecher,
    };

    // No peer can be reached at 0.0.0.0/8, at multicast addresses or at the reserved ones above them.
    private static bool IsPeerAddressV4(ReadOnlySpan<byte> address) => address[0] is not 0 and < 224;

    // Nor at ff00::/8, ::, or an IPv4 address in IPv6's clothes, which must not be entered twice.
    private static bool IsPeerAddressV6(ReadOnlySpan<byte> address) =>
        address[0] != 0xFF && (address[..10].ContainsAnyExcept((byte)0) || address[15] == 1 && !address[10..15].ContainsAnyExcept((byte)0));
}
