using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>Writes to the nodes that a <see cref="Lookup"/> found: announces a peer (BEP 5, 33) or puts an item (BEP 44).</summary>
internal sealed class StoreRound : IDhtAsker
{
    private readonly DhtNode node;
    private readonly Action<StoreRound> onDone;
    private int underWay;
    private bool started;

    public StoreRound(DhtNode node, Action<StoreRound> onDone)
    {
        (this.node, this.onDone) = (node, onDone);
    }

    /// <summary>Nodes that took it.</summary>
    public int Stored { get; private set; }

    /// <summary>Nodes that refused.</summary>
    public int Refused { get; private set; }

    /// <summary>The last reason for a refusal: the code of BEP 5 or 44, or 0.</summary>
    public long LastError { get; private set; }

    /// <summary>Announces that we have a torrent.</summary>
    /// <param name="lookup">A <c>get_peers</c> lookup that is done.</param>
    /// <param name="port">Where we take connections; 0 for where the DHT's own datagrams come from.</param>
    /// <param name="isSeed">We have everything.</param>
    /// <param name="nowMs">Milliseconds now.</param>
    public void Announce(Lookup lookup, int port, bool isSeed, long nowMs)
    {
        foreach (LookupNode to in lookup.Writable())
        {
            Send(to, new KrpcQuery
            {
                Method = KrpcMethod.AnnouncePeer,
                Id = node.Id,
                IsReadOnly = node.IsReadOnly,
                Target = lookup.Goal.Target,
                Token = to.Token,
                Port = port,
                ImpliedPort = port == 0,
                IsSeed = isSeed,
            }, nowMs);
        }
        Begin();
    }

    /// <summary>Puts an item, unless the lookup found one that it may not replace: nodes that have none would take the old one.</summary>
    /// <param name="lookup">A <c>get</c> lookup for the item's key that is done.</param>
    /// <param name="item">What to put.</param>
    /// <param name="cas">The version that must be the current one, or null.</param>
    /// <param name="nowMs">Milliseconds now.</param>
    public void Put(Lookup lookup, DhtItem item, long? cas, long nowMs)
    {
        if (item.IsMutable && lookup.Item?.ErrorOfReplacement(item.Sequence, item.Value.Span, cas) is int error and not 0)
        {
            (Refused, LastError) = (lookup.Copies, error);
            onDone(this);
            return;
        }
        foreach (LookupNode to in lookup.Writable())
        {
            Send(to, new KrpcQuery
            {
                Method = KrpcMethod.Put,
                Id = node.Id,
                IsReadOnly = node.IsReadOnly,
                Token = to.Token,
                Value = item.Value.Span,
                PublicKey = item.PublicKey.Span,
                Salt = item.Salt.Span,
                Signature = item.Signature.Span,
                Sequence = item.IsMutable ? item.Sequence : null,
                Cas = item.IsMutable ? cas : null,
            }, nowMs);
        }
        Begin();
    }

    void IDhtAsker.OnAnswer(DhtQuery query, in KrpcMessage answer, long nowMs)
    {
        Stored++;
        OnOver();
    }

    void IDhtAsker.OnRefusal(DhtQuery query, in KrpcMessage error, long nowMs)
    {
        Refused++;
        LastError = error.ErrorCode;
        OnOver();
    }

    void IDhtAsker.OnTimeout(DhtQuery query, long nowMs) => OnOver();

    void IDhtAsker.OnSlow(DhtQuery query, long nowMs) { }

    private void Send(LookupNode to, in KrpcQuery query, long nowMs)
    {
        if (node.Ask(to.Info.EndPoint, to.Id, query, this, null, nowMs) is not null) underWay++;
    }

    private void Begin()
    {
        started = true;
        if (underWay == 0) onDone(this);
    }

    private void OnOver()
    {
        if (--underWay == 0 && started) onDone(this);
    }
}
