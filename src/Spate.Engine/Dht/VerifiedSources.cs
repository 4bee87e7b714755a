using System.Net;

namespace Spate.Engine.Dht;

/// <summary>
/// Addresses that have shown to be where they say: they answered a query of ours, or brought a token that we sent there. Only they
/// get answers that are much longer than their questions. Bounded, and forgotten after some minutes.
/// </summary>
internal sealed class VerifiedSources
{
    private const int MaxSources = 4096;
    private const long GenerationMs = 10 * 60_000;

    private HashSet<SourceKey> young = [], old = [];
    private long bornMs;

    /// <summary>The address has shown itself.</summary>
    public void Add(IPEndPoint source, long nowMs)
    {
        Age(nowMs, young.Count >= MaxSources);
        young.Add(SourceKey.Of(source));
    }

    /// <summary>True when the address has shown itself not long ago.</summary>
    public bool Contains(IPEndPoint source, long nowMs)
    {
        Age(nowMs, isFull: false);
        var key = SourceKey.Of(source);
        return young.Contains(key) || old.Contains(key);
    }

    private void Age(long nowMs, bool isFull)
    {
        if (!isFull && nowMs - bornMs < GenerationMs) return;
        if (nowMs - bornMs >= 2 * GenerationMs) young.Clear();
        (old, young) = (young, old);
        young.Clear();
        bornMs = nowMs;
    }
}
