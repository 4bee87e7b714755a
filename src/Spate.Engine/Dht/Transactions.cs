using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// Queries under way. An answer counts only with the transaction id of one, 32 random bits, and only from the address that was
/// asked: so nobody answers in another's name without sitting on the way.
/// </summary>
internal sealed class Transactions(IRandom random)
{
    /// <summary>Queries under way at most.</summary>
    public const int Limit = 2048;

    /// <summary>After so long a query is slow.</summary>
    public const long SlowMs = 1_000;

    /// <summary>After so long a query has failed.</summary>
    public const long TimeoutMs = 15_000;

    private readonly Dictionary<uint, DhtQuery> pending = [];
    private readonly Queue<DhtQuery> bySlow = new(), byTimeout = new(); // in the order of sending, which is that of their times

    public int Count => pending.Count;

    public bool IsFull => pending.Count >= Limit;

    /// <summary>When <see cref="Expire"/> has something to do, or <see cref="long.MaxValue"/>.</summary>
    public long NextMs
    {
        get
        {
            while (bySlow.TryPeek(out DhtQuery? over) && over.IsOver) bySlow.Dequeue();
            while (byTimeout.TryPeek(out DhtQuery? over) && over.IsOver) byTimeout.Dequeue();
            long slow = bySlow.TryPeek(out DhtQuery? first) ? first.SentMs + SlowMs : long.MaxValue;
            long timeout = byTimeout.TryPeek(out first) ? first.SentMs + TimeoutMs : long.MaxValue;
            return Math.Min(slow, timeout);
        }
    }

    /// <summary>Notes a query that is about to be sent.</summary>
    public DhtQuery Begin(IPEndPoint endPoint, Sha1Hash? expected, IDhtAsker asker, object? tag, long nowMs)
    {
        uint transaction = 0;
        do random.Fill(MemoryMarshal.AsBytes(new Span<uint>(ref transaction)));
        while (pending.ContainsKey(transaction));
        var query = new DhtQuery(transaction, endPoint, expected, asker, tag, nowMs);
        pending.Add(transaction, query);
        bySlow.Enqueue(query);
        byTimeout.Enqueue(query);
        return query;
    }

    /// <summary>The query that a response or an error belongs to; it is over then. Null when it belongs to none.</summary>
    public DhtQuery? Match(in KrpcMessage answer, IPEndPoint from)
    {
        if (answer.TransactionId.Length != sizeof(uint)) return null;
        if (!pending.TryGetValue(BinaryPrimitives.ReadUInt32BigEndian(answer.TransactionId), out DhtQuery? query)) return null;
        if (!query.EndPoint.Equals(from)) return null;
        pending.Remove(query.Transaction);
        query.IsOver = true;
        return query;
    }

    /// <summary>Tells askers of queries that have become slow or have failed.</summary>
    public void Expire(long nowMs, Action<DhtQuery> onTimeout)
    {
        while (bySlow.TryPeek(out DhtQuery? query) && (query.IsOver || nowMs - query.SentMs >= SlowMs))
        {
            bySlow.Dequeue();
            if (query.IsOver) continue;
            query.IsSlow = true;
            query.Asker.OnSlow(query, nowMs);
        }
        while (byTimeout.TryPeek(out DhtQuery? query) && (query.IsOver || nowMs - query.SentMs >= TimeoutMs))
        {
            byTimeout.Dequeue();
            if (query.IsOver) continue;
            query.IsOver = true;
            pending.Remove(query.Transaction);
            onTimeout(query);
            query.Asker.OnTimeout(query, nowMs);
        }
    }

    /// <summary>Tells all askers that there will be no answer.</summary>
    public void FailAll(long nowMs)
    {
        foreach (DhtQuery query in pending.Values.ToArray())
        {
            if (query.IsOver) continue;
            query.IsOver = true;
            pending.Remove(query.Transaction);
            query.Asker.OnTimeout(query, nowMs);
        }
    }
}
