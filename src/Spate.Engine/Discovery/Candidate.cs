using System.Net;

namespace Spate.Engine.Discovery;

/// <summary>A peer that can be dialled, and what we remember of it. Belongs to one <see cref="CandidateList"/> and its strand.</summary>
public sealed class Candidate
{
    internal Candidate(IPEndPoint endPoint, CandidateSource source)
    {
        EndPoint = endPoint;
        Sources = FirstSource = source;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Everybody who told us of it.</summary>
    public CandidateSource Sources { get; internal set; }

    /// <summary>Attempts that failed since the last connection.</summary>
    public int Fails { get; internal set; }

    /// <summary>True when it had everything the last time we heard; while we seed, such a peer is not dialled.</summary>
    public bool IsSeed { get; internal set; }

    /// <summary>True when a handshake with it ended well at least once.</summary>
    public bool WasConnected { get; internal set; }

    /// <summary>Its canonical priority (BEP 40); the higher, the better.</summary>
    public uint Priority { get; internal set; }

    /// <summary>The last reason why it could not be reached, or <see cref="ConnectFailure.None"/>.</summary>
    public ConnectFailure LastFailure { get; internal set; }

    /// <summary>Where it stands: waiting, being dialled, connected.</summary>
    public CandidateState State { get; internal set; }

    /// <inheritdoc/>
    public override string ToString() => $"{EndPoint} ({Sources}, {State})";

    // Failures that are forgiven, because it may not have noticed yet that we left.
    internal int Forgiven { get; set; }

    // The source against whose share of the list it counts.
    internal CandidateSource FirstSource { get; }

    // Its place in the slots of the list, for the eviction cursor.
    internal int Slot { get; set; }

    // A candidate is in at most one heap: ready (ordered by rank) or waiting (ordered by time).
    internal long HeapKey { get; set; }

    internal int HeapIndex { get; set; } = -1;
}

/// <summary>Where a <see cref="Candidate"/> stands.</summary>
public enum CandidateState : byte
{
    /// <summary>May be dialled now.</summary>
    Ready,

    /// <summary>May be dialled later: it failed, or the connection ended a short time ago.</summary>
    Waiting,

    /// <summary>A seed, while we seed too: dialled only after we lack pieces again.</summary>
    Parked,

    /// <summary>Failed too often: tried once an hour, and the first to be evicted.</summary>
    Dead,

    /// <summary>Handed out by <see cref="CandidateList.TryNext"/>.</summary>
    Connecting,

    /// <summary>Connected, whoever dialled.</summary>
    Connected,

    /// <summary>No longer in the list.</summary>
    Removed,
}

/// <summary>Why a peer could not be reached.</summary>
public enum ConnectFailure : byte
{
    None,

    /// <summary>Refused, unreachable or silent.</summary>
    Unreachable,

    /// <summary>Connected, but the handshake did not come in time or broke off.</summary>
    Handshake,

    /// <summary>It answered with another info-hash or closed upon ours.</summary>
    WrongTorrent,

    /// <summary>We dialled ourselves; the address is remembered as ours.</summary>
    Self,

    /// <summary>The attempt was given up by us (session stopping, no room): does not count against the peer.</summary>
    Cancelled,
}
