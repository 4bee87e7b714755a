namespace Spate.Engine.Discovery;

/// <summary>Who told us of a peer. One peer may be known from several sources.</summary>
[Flags]
public enum CandidateSource : byte
{
    /// <summary>Nobody: not a valid source to add from.</summary>
    None = 0,

    /// <summary>A tracker's answer (BEP 3, 15).</summary>
    Tracker = 1,

    /// <summary>A DHT lookup (BEP 5).</summary>
    Dht = 2,

    /// <summary>A connected peer (BEP 11).</summary>
    Pex = 4,

    /// <summary>A multicast on the local network (BEP 14).</summary>
    Lsd = 8,

    /// <summary>The magnet link itself (BEP 9 <c>x.pe</c>), or the search for its metadata.</summary>
    Magnet = 16,

    /// <summary>The user, who is tried first and never evicted.</summary>
    Manual = 32,

    /// <summary>It connected to us and said on which port it listens.</summary>
    Incoming = 64,

    /// <summary>We were connected to it in an earlier run.</summary>
    Resume = 128,
}
