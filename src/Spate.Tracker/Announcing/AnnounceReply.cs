using Spate.Tracker.Store;

namespace Spate.Tracker.Announcing;

/// <summary>What an announce brought, beside the peers that were written.</summary>
internal struct AnnounceReply
{
    public SwarmCounts Counts;
    public uint Downloaded;
    public int IntervalSeconds;

    /// <summary>Bytes of peers of the asker's family.</summary>
    public int PeerBytes;

    /// <summary>Bytes of peers of the other family.</summary>
    public int OtherPeerBytes;
}
