namespace Spate.Engine.Dht;

/// <summary>What a DHT node has seen and done since it started.</summary>
public sealed record DhtCounters
{
    /// <summary>Datagrams received.</summary>
    public long DatagramsReceived { get; internal set; }

    /// <summary>Bytes received.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Datagrams sent.</summary>
    public long DatagramsSent { get; internal set; }

    /// <summary>Bytes sent.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>Queries of others that were looked at.</summary>
    public long QueriesReceived { get; internal set; }

    /// <summary>Datagrams that were no message.</summary>
    public long Malformed { get; internal set; }

    /// <summary>Answers to nothing that we asked, or from somebody else.</summary>
    public long Unmatched { get; internal set; }

    /// <summary>Datagrams that were not looked at because their source sends too many.</summary>
    public long Limited { get; internal set; }

    /// <summary>Queries of ours that nobody answered.</summary>
    public long Timeouts { get; internal set; }
}
