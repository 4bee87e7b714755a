using Spate.Protocol.Trackers;
using Spate.Tracker.Access;
using Spate.Tracker.Store;

namespace Spate.Tracker.Announcing;

/// <summary>Where all front ends bring their announces and scrapes: the tracker's rules, and the one store behind them.</summary>
internal sealed class AnnounceDesk
{
    private readonly SwarmStore store;
    private readonly TrackerOptions options;
    private readonly TorrentAccess torrents;
    private readonly UserBook? users;
    private readonly TrafficLedger? ledger;
    private readonly AddressRate? rate;
    private readonly int intervalSeconds, jitterSeconds;

    /// <param name="store">The swarms.</param>
    /// <param name="clock">The time.</param>
    /// <param name="options">The rules.</param>
    /// <param name="torrents">Which torrents are served.</param>
    /// <param name="users">Who may announce; null for everybody.</param>
    /// <param name="ledger">Where users' traffic is added up; null with an open tracker.</param>
    public AnnounceDesk(
        SwarmStore store, TrackerClock clock, TrackerOptions options, TorrentAccess torrents, UserBook? users, TrafficLedger? ledger)
    {
        this.torrents = torrents;
        this.users = users;
        this.ledger = ledger;
        rate = options.AnnouncesPerMinute > 0 ? new AddressRate(options.AnnouncesPerMinute) : null;
        this.store = store;
        this.options = options;
        Clock = clock;
        intervalSeconds = (int)options.Interval.TotalSeconds;
        jitterSeconds = (int)options.IntervalJitter.TotalSeconds;
        MinIntervalSeconds = (int)options.MinInterval.TotalSeconds;
        TrackerId = System.Text.Encoding.ASCII.GetBytes(options.TrackerId ?? "");
    }

    public TrackerClock Clock { get; }

    /// <summary>Whether announces need a passkey.</summary>
    public bool IsPrivate => users is not null;

    /// <summary>What HTTP clients are told not to fall below.</summary>
    public int MinIntervalSeconds { get; }

    /// <summary>What HTTP clients are to send back; empty for nothing.</summary>
    public byte[] TrackerId { get; }

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
        Refusal refusal = Admit(announcement, nowSeconds, out TrackerUser? user);
        if (refusal != Refusal.None) return refusal;
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
        Credit(user, announcement, nowSeconds);
        reply.Counts = result.Counts;
        reply.Downloaded = result.Downloaded;
        reply.IntervalSeconds = NextInterval(ref random);
        return Refusal.None;
    }

    /// <summary>Readies the memory for an announce that is soon to come.</summary>
    public void Prefetch(ReadOnlySpan<byte> infoHash, PrefetchStep step) => store.Prefetch(infoHash, step);

    /// <summary>Whether an announce is taken at all, and whose it is: null with an open tracker.</summary>
    public Refusal Admit(in Announcement announcement, uint nowSeconds, out TrackerUser? user)
    {
        user = null;
        if (rate is not null && !rate.Take(announcement.Address, nowSeconds)) return Refusal.TooOften;
        Refusal refusal = FindUser(announcement.Path, announcement.Query, out user);
        if (refusal != Refusal.None) return refusal;
        return torrents.IsServed(announcement.InfoHash) ? Refusal.None : Refusal.TorrentNotAllowed;
    }

    /// <summary>Adds what an announce reports to its user's totals.</summary>
    public void Credit(TrackerUser? user, in Announcement announcement, uint nowSeconds)
    {
        if (user is null || ledger is null) return;
        ledger.Report(
            user, announcement.InfoHash, announcement.PeerId, announcement.Event, announcement.Uploaded,
            announcement.Downloaded, nowSeconds);
    }

    /// <summary>Whether somebody may scrape, by the URL he does it at.</summary>
    public Refusal CheckScrape(ReadOnlySpan<byte> path, ReadOnlySpan<byte> query) => FindUser(path, query, out _);

    /// <summary>Counts of one torrent; zeros for one that is not served.</summary>
    public ScrapeEntry Scrape(ReadOnlySpan<byte> infoHash)
    {
        if (!torrents.IsServed(infoHash)) return new ScrapeEntry(0, 0, 0, 0);
        SwarmCounts counts = store.Scrape(infoHash, out uint downloaded);
        return new ScrapeEntry((int)counts.Seeders, (int)downloaded, (int)counts.Leechers, (int)(counts.Leechers - counts.Partials));
    }

    /// <summary>What a client is told to wait: the interval and a random part of the jitter.</summary>
    public int NextInterval(ref FastRandom random) => intervalSeconds + (int)random.Next((uint)jitterSeconds + 1);

    private Refusal FindUser(ReadOnlySpan<byte> path, ReadOnlySpan<byte> query, out TrackerUser? user)
    {
        user = null;
        if (users is null) return Refusal.None;
        if (!Passkey.TryFind(path, query, out Passkey passkey)) return Refusal.PasskeyMissing;
        user = users.Find(passkey);
        if (user is null) return Refusal.PasskeyUnknown;
        return user.IsEnabled ? Refusal.None : Refusal.UserDisabled;
    }

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
