using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>A node on the way of a <see cref="Lookup"/>.</summary>
internal sealed class LookupNode(NodeInfo info, bool isVerified)
{
    private readonly Sha1Hash id = info.Id;

    public NodeInfo Info { get; } = info;

    public ref readonly Sha1Hash Id => ref id;

    /// <summary>Its id is one that its address may have (BEP 42).</summary>
    public bool IsVerified { get; } = isVerified;

    public LookupNodeState State { get; set; }

    /// <summary>Who told us of it, as far as it matters; empty for those we began with.</summary>
    public List<LookupNode> Referrers { get; } = [];

    /// <summary>Nodes it told us of that answered.</summary>
    public int GoodReferrals { get; set; }

    /// <summary>Nodes it told us of that were silent or somebody else.</summary>
    public int BadReferrals { get; set; }

    /// <summary>All that it told us of turned out to be nothing: it makes nodes up, or is far behind the times.</summary>
    public bool IsMisleading => BadReferrals >= 3 && GoodReferrals == 0;

    /// <summary>What it wants to see when we write to it; empty when it takes nothing.</summary>
    public byte[] Token { get; set; } = [];
}

/// <summary>How far a lookup got with a node.</summary>
internal enum LookupNodeState : byte
{
    /// <summary>Heard of.</summary>
    Fresh,

    /// <summary>Asked less than a second ago.</summary>
    Asked,

    /// <summary>Asked, and silent for a second.</summary>
    Slow,

    Answered,

    /// <summary>Did not answer, refused, or was not who it was said to be.</summary>
    Failed,
}
