using System.Net;
using System.Net.Sockets;
using Spate.Protocol.Wire;

namespace Spate.Engine.Discovery;

/// <summary>
/// Whom a torrent is connected to, as peer exchange tells it (BEP 11). One for each torrent that is not private, on its strand.
/// </summary>
/// <remarks>
/// A swarm of seeds hangs up on itself, and then has nobody to tell newcomers of. So while a torrent has fewer than 25 connections
/// of an address family, up to 25 peers that it left for lack of interest or room are told too, and dropped with the next message.
/// </remarks>
public sealed class PexSwarm
{
    /// <summary>Below so many connections of a family, peers that were left are told as well; and so many of those are kept.</summary>
    internal const int Underpopulated = 25;

    private readonly Dictionary<IPEndPoint, PexFlags> live = [];
    private readonly List<(PexPeer Peer, long Sequence)> left4 = [], left6 = [];
    private long sequence;
    private int live4, live6;

    /// <summary>A handshake ended well. Tell only of peers whose listen address is known.</summary>
    /// <param name="listenAddress">Where others can reach it, which for one that dialled us is not where it dialled from.</param>
    /// <param name="flags">What is known of it; may be set again when more is known.</param>
    public void OnConnected(IPEndPoint listenAddress, PexFlags flags)
    {
        if (live.TryAdd(listenAddress, flags))
        {
            if (IsV4(listenAddress)) live4++;
            else live6++;
            Left(listenAddress).RemoveAll(e => e.Peer.EndPoint.Equals(listenAddress));
        }
        else live[listenAddress] = flags;
    }

    /// <summary>A connection ended.</summary>
    /// <param name="listenAddress">As it was given to <see cref="OnConnected"/>.</param>
    /// <param name="isStillGood">
    /// True when we hung up for a reason that lies with us: no mutual interest, no room, the same peer over the other family.
    /// </param>
    public void OnDisconnected(IPEndPoint listenAddress, bool isStillGood)
    {
        if (!live.Remove(listenAddress, out PexFlags flags)) return;
        if (IsV4(listenAddress)) live4--;
        else live6--;
        if (!isStillGood) return;
        List<(PexPeer, long)> left = Left(listenAddress);
        if (left.Count == Underpopulated) left.RemoveAt(0);
        left.Add((new PexPeer(listenAddress, flags), ++sequence));
    }

    /// <summary>The connections now.</summary>
    internal Dictionary<IPEndPoint, PexFlags> Live => live;

    internal long LastLeft => sequence;

    /// <summary>Peers that were left after the given moment, of the families that are short of connections.</summary>
    internal IEnumerable<PexPeer> LeftSince(long after)
    {
        foreach ((PexPeer peer, long at) in live4 < Underpopulated ? left4 : [])
        {
            if (at > after) yield return peer;
        }
        foreach ((PexPeer peer, long at) in live6 < Underpopulated ? left6 : [])
        {
            if (at > after) yield return peer;
        }
    }

    private List<(PexPeer Peer, long Sequence)> Left(IPEndPoint endPoint) => IsV4(endPoint) ? left4 : left6;

    private static bool IsV4(IPEndPoint endPoint) => endPoint.AddressFamily == AddressFamily.InterNetwork;
}
