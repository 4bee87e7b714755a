using System.Net;
using Spate.Protocol.Bencode;
using Spate.Protocol.Wire;

namespace Spate.Engine.Discovery;

/// <summary>
/// What one peer was told of the others, and what to tell it next (BEP 11): no more than once a minute, no more than fifty that came
/// and fifty that went, and everyone who was said to come is said to go.
/// </summary>
/// <param name="swarm">Whom we are connected to.</param>
/// <param name="recipient">The peer's own listen address, where it is known: it is not told of itself.</param>
public sealed class PexSender(PexSwarm swarm, IPEndPoint? recipient)
{
    private const long PauseMs = 60_000;

    private readonly HashSet<IPEndPoint> told = [];
    private readonly List<PexPeer> added = [];
    private readonly List<IPEndPoint> dropped = [];
    private long lastLeft;

    /// <summary>When the next message may be sent, in milliseconds; the first one at once.</summary>
    public long NextMs { get; private set; }

    /// <summary>Writes the next message when there is something to tell and it is time.</summary>
    public bool TryCompose(long nowMs, BencodeWriter to)
    {
        if (nowMs < NextMs) return false;
        added.Clear();
        dropped.Clear();
        foreach (IPEndPoint endPoint in told)
        {
            if (dropped.Count == PexMessage.MaxPeers) break;
            if (!swarm.Live.ContainsKey(endPoint)) dropped.Add(endPoint);
        }
        foreach ((IPEndPoint endPoint, PexFlags flags) in swarm.Live)
        {
            if (added.Count == PexMessage.MaxPeers) break;
            if (!told.Contains(endPoint) && !endPoint.Equals(recipient)) added.Add(new PexPeer(endPoint, flags));
        }
        foreach (PexPeer peer in swarm.LeftSince(lastLeft))
        {
            // Never in the same message as coming and going; and not again later, for its moment has passed.
            if (added.Count < PexMessage.MaxPeers && !told.Contains(peer.EndPoint) && !peer.EndPoint.Equals(recipient)) added.Add(peer);
        }
        lastLeft = swarm.LastLeft;
        if (added.Count == 0 && dropped.Count == 0) return false;

        foreach (IPEndPoint endPoint in dropped) told.Remove(endPoint);
        foreach (PexPeer peer in added) told.Add(peer.EndPoint);
        PexMessage.Write(to, added, dropped);
        NextMs = nowMs + PauseMs;
        return true;
    }
}
