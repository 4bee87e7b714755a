using System.Net;
using Spate.Protocol.Wire;

namespace Spate.Engine.Discovery;

/// <summary>What came of a message.</summary>
public enum PexVerdict
{
    /// <summary>Its peers are in the candidate list, as far as they made sense.</summary>
    Taken,

    /// <summary>Too early: not looked at.</summary>
    Ignored,

    /// <summary>Not a message of peer exchange: disconnect.</summary>
    Malformed,

    /// <summary>Too often too early: disconnect.</summary>
    Abusive,
}

/// <summary>
/// Takes what one peer tells of others (BEP 11), none of which can be trusted: it is a way to fill our list or to have us knock on a
/// victim's door. So a peer may have fifty entries at a time and some twenty new ones a minute, one for each address; and a peer on
/// the Internet may not tell of addresses that are not.
/// </summary>
/// <param name="source">The peer that tells.</param>
/// <param name="candidates">Where its peers go.</param>
public sealed class PexReceiver(IPAddress source, CandidateList candidates)
{
    private const int MaxLive = 50;
    private const int MaxInMessage = 100; // widespread clients send as many
    private const double Burst = 100;
    private const double PerMinute = 20;
    private const long PauseMs = 50_000; // a minute, less what a busy sender's clock may slip
    private const int MaxEarly = 5;

    private readonly Dictionary<IPEndPoint, IPEndPoint> live = [];
    private readonly bool isGlobal = source.ScopeOf() == AddressScope.Global;
    private double budget = Burst;
    private long? lastMs;
    private int early;

    /// <summary>Peers that were given to the candidate list.</summary>
    public int Taken { get; private set; }

    /// <summary>Takes a message.</summary>
    public PexVerdict Receive(ReadOnlySpan<byte> payload, long nowMs)
    {
        if (lastMs is long last)
        {
            if (nowMs - last < PauseMs) return ++early > MaxEarly ? PexVerdict.Abusive : PexVerdict.Ignored;
            budget = Math.Min(Burst, budget + (nowMs - last) / 60_000.0 * PerMinute);
        }
        lastMs = nowMs;

        var added = new List<PexPeer>();
        var dropped = new List<IPEndPoint>();
        if (!PexMessage.TryRead(payload, MaxInMessage, added, dropped)) return PexVerdict.Malformed;
        foreach (IPEndPoint gone in dropped)
        {
            if (live.TryGetValue(KeyOf(gone), out IPEndPoint? known) && known.Equals(gone)) live.Remove(KeyOf(gone));
        }
        foreach (PexPeer peer in added)
        {
            if (budget < 1 || live.Count >= MaxLive) break;
            if (isGlobal && peer.EndPoint.Address.ScopeOf() != AddressScope.Global) continue;
            if (!live.TryAdd(KeyOf(peer.EndPoint), peer.EndPoint)) continue;
            budget--;
            if (candidates.Add(peer.EndPoint, CandidateSource.Pex, (peer.Flags & PexFlags.Seed) != 0) is not null) Taken++;
        }
        return PexVerdict.Taken;
    }

    // One entry for each address; on loopback, where all have the same, one for each port.
    private static IPEndPoint KeyOf(IPEndPoint endPoint) =>
        IPAddress.IsLoopback(endPoint.Address) ? endPoint : new IPEndPoint(endPoint.Address, 0);
}
