namespace Spate.Protocol.Trackers;

/// <summary>What a client tells a tracker (BEP 3), whichever way it goes there.</summary>
public sealed record AnnounceRequest
{
    /// <summary>The torrent: the v1 hash, or the v2 hash cut to twenty bytes.</summary>
    public required Sha1Hash InfoHash { get; init; }

    /// <summary>Who announces.</summary>
    public required PeerId PeerId { get; init; }

    /// <summary>The port on which the client takes connections.</summary>
    public required ushort Port { get; init; }

    /// <summary>Payload bytes sent to peers since <see cref="AnnounceEvent.Started"/>.</summary>
    public long Uploaded { get; init; }

    /// <summary>Payload bytes received from peers since <see cref="AnnounceEvent.Started"/>.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes that are missing still; 0 makes a seed.</summary>
    public long Left { get; init; }

    public AnnounceEvent Event { get; init; }

    /// <summary>How many peers are wanted; null leaves it to the tracker.</summary>
    public int? NumWant { get; init; }

    /// <summary>The same random number for all announces of one session, from whatever address (BEP 7).</summary>
    public uint Key { get; init; }

    /// <summary>What an earlier answer gave as its tracker id; HTTP only.</summary>
    public ReadOnlyMemory<byte> TrackerId { get; init; }
}
