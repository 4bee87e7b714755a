using System.Net;
using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// Items that others put here (BEP 44): 700 at most, for two hours after the last put. When it is full, what is farthest from our id
/// goes; and one part of the Internet (a /24 or /64) fills no more than a tenth.
/// </summary>
internal sealed class ItemStore
{
    /// <summary>Items at most.</summary>
    public const int MaxItems = 700;

    /// <summary>How long a put counts.</summary>
    public const long LifetimeMs = 2 * 60 * 60_000;

    private const int MaxPerNetwork = MaxItems / 10;

    private readonly Dictionary<Sha1Hash, Stored> items = [];

    /// <summary>Our own id: what is near it is worth most.</summary>
    public Sha1Hash Self { get; set; }

    public int Count => items.Count;

    /// <summary>The item under a key, or null.</summary>
    public DhtItem? Find(in Sha1Hash target) => items.TryGetValue(target, out Stored? stored) ? stored.Item : null;

    /// <summary>
    /// Keeps the item of a <c>put</c> whose token was good. Returns 0, or the error code with which to refuse it.
    /// </summary>
    public int Put(in KrpcMessage put, IPAddress from, long nowMs)
    {
        ReadOnlySpan<byte> value = put.Value;
        if (value.IsEmpty) return KrpcErrors.Protocol;
        if (value.Length > KrpcLimits.MaxValue) return KrpcErrors.ValueTooBig;
        if (!DhtItem.IsProper(value)) return KrpcErrors.Protocol;
        if (put.Salt.Length > KrpcLimits.MaxSalt) return KrpcErrors.SaltTooBig;
        if (put.PublicKey.IsEmpty)
        {
            // A mutable item with a damaged key must not end up as an immutable one.
            if (put.Sequence is not null || !put.Signature.IsEmpty || !put.Salt.IsEmpty) return KrpcErrors.Protocol;
            return Keep(new DhtItem { Value = value.ToArray() }, Sha1Hash.Of(value), from, nowMs);
        }

        if (put.Signature.IsEmpty) return KrpcErrors.InvalidSignature;
        if (put.Sequence is not (long sequence and >= 0)) return KrpcErrors.Protocol;
        Sha1Hash target = DhtItem.TargetOf(put.PublicKey, put.Salt);
        DhtItem? known = Find(target);
        if (known?.ErrorOfReplacement(sequence, value, put.Cas) is int error and not 0) return error;
        if (!Ed25519.IsAvailable) return KrpcErrors.Server;
        if (!Ed25519.Verify(put.PublicKey, DhtItem.SignedBytes(put.Salt, sequence, value), put.Signature)) return KrpcErrors.InvalidSignature;
        var item = new DhtItem
        {
            Value = value.ToArray(),
            PublicKey = put.PublicKey.ToArray(),
            Salt = put.Salt.ToArray(),
            Sequence = sequence,
            Signature = put.Signature.ToArray(),
        };
        return Keep(item, target, from, nowMs);
    }

    /// <summary>Drops what is too old.</summary>
    public void Expire(long nowMs)
    {
        foreach (Sha1Hash target in items.Where(i => nowMs - i.Value.AtMs >= LifetimeMs).Select(static i => i.Key).ToArray()) items.Remove(target);
    }

    private int Keep(DhtItem item, in Sha1Hash target, IPAddress from, long nowMs)
    {
        ulong? network = from.ScopeOf() == AddressScope.Global ? AddressNetwork.Of(from) : null;
        if (!items.ContainsKey(target))
        {
            if (network is not null && items.Values.Count(s => s.Network == network) >= MaxPerNetwork) return KrpcErrors.Server;
            if (items.Count >= MaxItems && !MakeRoom(target)) return KrpcErrors.Server;
        }
        items[target] = new Stored(item, network, nowMs);
        return 0;
    }

    private bool MakeRoom(in Sha1Hash newcomer)
    {
        Sha1Hash farthest = newcomer;
        foreach (Sha1Hash target in items.Keys)
        {
            if (NodeIds.CompareDistance(Self, target, farthest) > 0) farthest = target;
        }
        return items.Remove(farthest);
    }

    private sealed record Stored(DhtItem Item, ulong? Network, long AtMs);
}
