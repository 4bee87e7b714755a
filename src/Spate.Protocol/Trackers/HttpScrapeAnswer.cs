using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Trackers;

/// <summary>What an HTTP tracker answers to a scrape (BEP 48).</summary>
public sealed record HttpScrapeAnswer
{
    /// <summary>The counts of each torrent that the tracker knows.</summary>
    public IReadOnlyDictionary<Sha1Hash, ScrapeEntry> Torrents { get; init; } = new Dictionary<Sha1Hash, ScrapeEntry>();

    /// <summary>Why the tracker refused.</summary>
    public string? Failure { get; init; }

    /// <summary>Time that the tracker wants between scrapes.</summary>
    public TimeSpan? MinInterval { get; init; }

    /// <summary>Reads the content of an answer; false, with a reason for people, when it is none.</summary>
    /// <param name="content">The unpacked content of the HTTP answer.</param>
    /// <param name="maxTorrents">Further torrents are left out.</param>
    /// <param name="answer">What the tracker said, its refusal included.</param>
    /// <param name="error">Why this is no answer.</param>
    public static bool TryRead(ReadOnlySpan<byte> content, int maxTorrents, out HttpScrapeAnswer answer, out string? error)
    {
        answer = null!;
        if (!BencodeReader.TryOpenPrefix(content, BencodeLimits.TrackerAnswer, out BencodeReader reader, out _, out BencodeFault fault))
        {
            error = content.IsEmpty ? "the answer is empty" : $"the answer is not bencode: {fault}";
            return false;
        }
        var torrents = new Dictionary<Sha1Hash, ScrapeEntry>();
        string? failure = null;
        TimeSpan? minInterval = null;
        if (reader.TryFindKey("failure reason"u8, out BencodeReader reason) && reason.TryReadBytes(out ReadOnlySpan<byte> text))
            failure = Encoding.UTF8.GetString(text[..Math.Min(text.Length, 1024)]);
        if (reader.TryFindKey("flags"u8, out BencodeReader flags) && flags.TryFindKey("min_request_interval"u8, out BencodeReader seconds)
            && seconds.TryReadCount(out int interval) && interval > 0)
            minInterval = TimeSpan.FromSeconds(interval);
        bool hasFiles = reader.TryFindKey("files"u8, out BencodeReader files) && files.TryEnterDictionary();
        if (!hasFiles && failure is null)
        {
            error = "the answer has neither files nor a failure reason";
            return false;
        }
        while (hasFiles && files.TryReadKey(out ReadOnlySpan<byte> hash))
        {
            BencodeReader entry = files;
            files.Skip();
            if (hash.Length != Sha1Hash.Size || torrents.Count >= maxTorrents) continue;
            torrents[new Sha1Hash(hash)] = new ScrapeEntry(
                Count(entry, "complete"u8) ?? 0, Count(entry, "downloaded"u8) ?? 0, Count(entry, "incomplete"u8) ?? 0, Count(entry, "downloaders"u8));
        }
        error = null;
        answer = new HttpScrapeAnswer { Torrents = torrents, Failure = failure, MinInterval = minInterval };
        return true;
    }

    private static int? Count(BencodeReader entry, ReadOnlySpan<byte> key) =>
        entry.TryFindKey(key, out BencodeReader value) && value.TryReadCount(out int count) ? count : null;
}
