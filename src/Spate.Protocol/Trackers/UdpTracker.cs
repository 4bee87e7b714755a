namespace Spate.Protocol.Trackers;

/// <summary>Numbers of the UDP tracker protocol (BEP 15).</summary>
public static class UdpTracker
{
    /// <summary>Stands where later requests have their connection id.</summary>
    public const ulong ProtocolId = 0x41727101980;

    /// <summary>Bytes of a connect request, and of what all requests begin with.</summary>
    public const int RequestHeaderSize = 16;

    /// <summary>Bytes of an announce request without options.</summary>
    public const int AnnounceRequestSize = 98;

    /// <summary>Bytes of a connect answer.</summary>
    public const int ConnectAnswerSize = 16;

    /// <summary>Bytes of an announce answer before its peers.</summary>
    public const int AnnounceAnswerHeaderSize = 20;

    /// <summary>Bytes of scrape and error answers before their content.</summary>
    public const int AnswerHeaderSize = 8;

    /// <summary>Bytes of one torrent in a scrape answer.</summary>
    public const int ScrapeEntrySize = 12;

    /// <summary>Bytes of a peer in an answer over IPv4.</summary>
    public const int PeerSizeV4 = 6;

    /// <summary>Bytes of a peer in an answer over IPv6.</summary>
    public const int PeerSizeV6 = 18;

    /// <summary>Torrents in a scrape request at most.</summary>
    public const int MaxScrapeHashes = 74;

    /// <summary>How long a client may use a connection id after it got it.</summary>
    public static readonly TimeSpan ConnectionIdClientLifetime = TimeSpan.FromMinutes(1);

    /// <summary>How long a tracker takes a connection id after it gave it.</summary>
    public static readonly TimeSpan ConnectionIdServerLifetime = TimeSpan.FromMinutes(2);
}

/// <summary>Kinds of packets, the same for requests and answers (BEP 15).</summary>
public enum UdpTrackerAction : uint
{
    Connect = 0,
    Announce = 1,
    Scrape = 2,
    Error = 3,
}
