using System.Net;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>Who asked, and hears what came of it.</summary>
internal interface IDhtAsker
{
    /// <summary>The node answered; it is alive and holds its address.</summary>
    void OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs);

    /// <summary>The node refused; it is alive all the same.</summary>
    void OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs);

    /// <summary>A second has passed; the answer may still come, but it is time to ask somebody else.</summary>
    void OnSlow(DhtQuery query, long nowMs);

    /// <summary>The answer did not come in time.</summary>
    void OnTimeout(DhtQuery query, long nowMs);
}

/// <summary>A query under way.</summary>
internal sealed class DhtQuery(uint transaction, IPEndPoint endPoint, Sha1Hash? expected, IDhtAsker asker, object? tag, long sentMs)
{
    public uint Transaction { get; } = transaction;

    public IPEndPoint EndPoint { get; } = endPoint;

    /// <summary>The id that the node was said to have; null where nobody said.</summary>
    public Sha1Hash? Expected { get; } = expected;

    public IDhtAsker Asker { get; } = asker;

    /// <summary>The asker's own note.</summary>
    public object? Tag { get; } = tag;

    public long SentMs { get; } = sentMs;

    /// <summary>Answered, refused or given up.</summary>
    public bool IsOver { get; set; }

    public bool IsSlow { get; set; }
}
