namespace Spate.Protocol.Trackers;

/// <summary>The torrents of an HTTP scrape as a tracker got it (BEP 48).</summary>
public static class ScrapeQuery
{
    /// <summary>
    /// Reads the <c>info_hash</c> keys of a query, without the question mark. Returns how many were read: further ones than
    /// <paramref name="hashes"/> holds are ignored; -1 when one is not twenty percent-encoded bytes.
    /// </summary>
    public static int Read(ReadOnlySpan<byte> query, Span<Sha1Hash> hashes)
    {
        int count = 0;
        var pairs = new QueryPairs(query);
        while (count < hashes.Length && pairs.Next())
        {
            if (!pairs.Key.SequenceEqual("info_hash"u8)) continue;
            if (PercentEncoding.Decode(pairs.Value, hashes[count]) != Sha1Hash.Size) return -1;
            count++;
        }
        return count;
    }
}
