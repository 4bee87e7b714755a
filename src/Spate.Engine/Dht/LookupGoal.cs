using System.Net;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>What a lookup looks for, and whom it tells on the way.</summary>
internal sealed record LookupGoal
{
    /// <summary>What nodes are asked: <c>find_node</c>, <c>get_peers</c>, <c>get</c> or <c>sample_infohashes</c>.</summary>
    public required KrpcMethod Method { get; init; }

    /// <summary>The node id, torrent or key.</summary>
    public required Sha1Hash Target { get; init; }

    /// <summary>Only peers that lack something (BEP 33).</summary>
    public bool NoSeeds { get; init; }

    /// <summary>Filters are wanted (BEP 33).</summary>
    public bool Scrape { get; init; }

    /// <summary>The salt of a mutable item, without which its key can't be checked.</summary>
    public byte[] Salt { get; init; } = [];

    /// <summary>Told of peers as they come, some of them more than once.</summary>
    public Action<IReadOnlyList<IPEndPoint>>? OnPeers { get; init; }

    /// <summary>Told of the item, and again of each newer version.</summary>
    public Action<DhtItem>? OnItem { get; init; }

    /// <summary>Told of torrents that a node knows (BEP 51).</summary>
    public Action<NodeInfo, IReadOnlyList<Sha1Hash>, long>? OnSamples { get; init; }
}
