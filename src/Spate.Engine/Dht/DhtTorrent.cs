using System.Net;
using Spate.Engine.Runtime;
using Spate.Protocol;

namespace Spate.Engine.Dht;

/// <summary>
/// A torrent that a <see cref="DhtClient"/> announces and looks up. What it says of the lookups may be read from any thread.
/// </summary>
public sealed class DhtTorrent
{
    private readonly Strand home;
    private readonly Action<IReadOnlyList<IPEndPoint>> onPeers;
    private int asked, answered, peersFound, lookups;
    private volatile bool isSeed;

    internal DhtTorrent(Sha1Hash infoHash, int port, Strand home, Action<IReadOnlyList<IPEndPoint>> onPeers)
    {
        (InfoHash, Port, this.home, this.onPeers) = (infoHash, port, home, onPeers);
    }

    public Sha1Hash InfoHash { get; }

    /// <summary>Where we take connections.</summary>
    public int Port { get; }

    /// <summary>We have everything: said with the next announce (BEP 33).</summary>
    public bool IsSeed { get => isSeed; set => isSeed = value; }

    /// <summary>Nodes asked so far.</summary>
    public int NodesAsked => Volatile.Read(ref asked);

    /// <summary>Nodes that answered so far.</summary>
    public int NodesAnswered => Volatile.Read(ref answered);

    /// <summary>Peers that nodes told us of so far, some of them more than once.</summary>
    public int PeersFound => Volatile.Read(ref peersFound);

    /// <summary>Lookups that are done.</summary>
    public int LookupsDone => Volatile.Read(ref lookups);

    // Below: for the client's strand.
    internal long NextMs { get; set; }

    internal int UnderWay { get; set; }

    internal int FruitlessRounds { get; set; }

    internal bool FoundAny { get; set; }

    internal bool IsRemoved { get; set; }

    /// <summary>Newcomers of our tables when the last lookup began.</summary>
    internal long NewcomersSeen { get; set; }

    /// <summary>Fewer nodes answered than should keep our announce, for there are no more: it is made again when one comes.</summary>
    internal bool IsBarelyKept { get; set; }

    /// <param name="peers">What a node told.</param>
    /// <param name="own4">Our own IPv4 address, which our own announce brings back to us.</param>
    /// <param name="own6">Our own IPv6 address.</param>
    internal void OnPeers(IReadOnlyList<IPEndPoint> peers, IPAddress? own4, IPAddress? own6)
    {
        Volatile.Write(ref peersFound, peersFound + peers.Count);
        foreach (IPEndPoint peer in peers) FoundAny |= peer.Port != Port || !(peer.Address.Equals(own4) || peer.Address.Equals(own6));
        if (IsRemoved) return;
        home.Enqueue(static s =>
        {
            (Action<IReadOnlyList<IPEndPoint>> tell, IReadOnlyList<IPEndPoint> some) = ((Action<IReadOnlyList<IPEndPoint>>, IReadOnlyList<IPEndPoint>))s!;
            tell(some);
        }, (onPeers, peers));
    }

    internal void Count(int moreAsked, int moreAnswered)
    {
        Volatile.Write(ref asked, asked + moreAsked);
        Volatile.Write(ref answered, answered + moreAnswered);
    }

    internal void OnLookupDone() => Volatile.Write(ref lookups, lookups + 1);
}
