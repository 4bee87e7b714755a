using System.Net;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>A node that the routing table remembers.</summary>
internal sealed class Contact(NodeInfo info, bool isVerified)
{
    public NodeInfo Info { get; } = info;

    public ref readonly Sha1Hash Id => ref id;

    public IPEndPoint EndPoint => Info.EndPoint;

    /// <summary>Its id is one that its address may have (BEP 42).</summary>
    public bool IsVerified { get; } = isVerified;

    /// <summary>It has answered a query of ours at least once: only such nodes are told to others.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>When it last answered us; or, once it has, last asked us.</summary>
    public long SeenMs { get; set; }

    /// <summary>When we last asked it.</summary>
    public long AskedMs { get; set; }

    /// <summary>Queries in a row that it did not answer.</summary>
    public int Fails { get; set; }

    /// <summary>Milliseconds that its last answer took.</summary>
    public int RoundTripMs { get; set; }

    private readonly Sha1Hash id = info.Id;
}
