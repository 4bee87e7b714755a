namespace Spate.Protocol.Trackers;

/// <summary>Walks over the <c>key=value</c> pairs of a query, as they stand there: nothing is decoded or copied.</summary>
public ref struct QueryPairs
{
    private ReadOnlySpan<byte> rest;

    /// <param name="query">A query without its question mark.</param>
    public QueryPairs(ReadOnlySpan<byte> query)
    {
        rest = query;
    }

    /// <summary>The current key, still encoded.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>The current value, still encoded; empty where there is no equals sign.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next pair; false at the end. Empty pairs (<c>&amp;&amp;</c>) are passed over.</summary>
    public bool Next()
    {
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'&');
            ReadOnlySpan<byte> pair = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (pair.IsEmpty) continue;
            int equals = pair.IndexOf((byte)'=');
            Key = equals < 0 ? pair : pair[..equals];
            Value = equals < 0 ? default : pair[(equals + 1)..];
            return true;
        }
        return false;
    }
}
