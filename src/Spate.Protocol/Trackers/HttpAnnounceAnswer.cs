using System.Buffers.Text;
using System.Net;
using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Trackers;

/// <summary>Reads what an HTTP tracker answers to an announce (BEP 3, 7, 23, 24, 31).</summary>
public static class HttpAnnounceAnswer
{
    // Longest message or tracker id that is kept; what a tracker sends beyond is no message.
    private const int MaxText = 1024;

    /// <summary>
    /// Reads the content of an answer. Keys of the wrong type are passed over, so a careless tracker still gives its peers; peers
    /// that are named instead of numbered (BEP 3 allows a host name) are left out.
    /// </summary>
    /// <param name="content">The unpacked content of the HTTP answer, whatever its status.</param>
    /// <param name="maxPeers">Further peers are left out.</param>
    /// <param name="answer">What the tracker said, its refusal included.</param>
    /// <param name="error">Why this is no answer; for people.</param>
    /// <returns>False when the content is no bencoded dictionary, or neither a failure nor anything that an announce brings.</returns>
    public static bool TryRead(ReadOnlySpan<byte> content, int maxPeers, out AnnounceAnswer answer, out string? error)
    {
        answer = null!;
        // Some trackers end their answer with a line break.
        if (!BencodeReader.TryOpenPrefix(content, BencodeLimits.TrackerAnswer, out BencodeReader reader, out _, out BencodeFault fault))
        {
            error = content.IsEmpty ? "the answer is empty" : $"the answer is not bencode: {fault}";
            return false;
        }
        if (!reader.TryEnterDictionary())
        {
            error = "the answer is not a dictionary";
            return false;
        }

        var read = new AnnounceAnswer();
        var peers = new List<IPEndPoint>();
        bool known = false;
        while (reader.TryReadKey(out ReadOnlySpan<byte> key))
        {
            BencodeReader value = reader; // reads on its own; the loop goes on behind the value
            reader.Skip();
            known |= Take(key, ref value, peers, maxPeers, ref read);
        }
        error = known ? null : "the answer has neither peers nor a failure reason";
        if (known) answer = read with { Peers = peers };
        return known;
    }

    // True for the keys that make a dictionary an answer.
    private static bool Take(
        ReadOnlySpan<byte> key, ref BencodeReader value, List<IPEndPoint> peers, int maxPeers, ref AnnounceAnswer answer)
    {
        if (key.SequenceEqual("peers"u8))
        {
            if (value.TryReadBytes(out ReadOnlySpan<byte> packed)) CompactPeers.Read(packed, isIPv6: false, maxPeers, peers);
            else if (value.TryEnterList()) ReadDictionaries(ref value, maxPeers, peers);
            return true;
        }
        if (key.SequenceEqual("peers6"u8))
        {
            if (value.TryReadBytes(out ReadOnlySpan<byte> packed)) CompactPeers.Read(packed, isIPv6: true, maxPeers, peers);
            return true;
        }
        if (key.SequenceEqual("failure reason"u8))
        {
            answer = answer with { Failure = value.TryReadBytes(out ReadOnlySpan<byte> text) ? ToText(text) : "no reason given" };
            return true;
        }
        if (key.SequenceEqual("interval"u8))
        {
            answer = answer with { Interval = Seconds(ref value) };
            return true;
        }

        if (key.SequenceEqual("min interval"u8)) answer = answer with { MinInterval = Seconds(ref value) };
        else if (key.SequenceEqual("complete"u8)) answer = answer with { Seeders = Count(ref value) };
        else if (key.SequenceEqual("incomplete"u8)) answer = answer with { Leechers = Count(ref value) };
        else if (key.SequenceEqual("downloaded"u8)) answer = answer with { Downloaded = Count(ref value) };
        else if (key.SequenceEqual("retry in"u8)) answer = answer with { RetryIn = RetryIn(ref value) };
        else if (key.SequenceEqual("external ip"u8) && value.TryReadBytes(out ReadOnlySpan<byte> address))
        {
            if (address.Length is 4 or 16) answer = answer with { ExternalAddress = new IPAddress(address) };
        }
        else if (key.SequenceEqual("warning message"u8) && value.TryReadBytes(out ReadOnlySpan<byte> warning))
        {
            answer = answer with { Warning = ToText(warning) };
        }
        else if (key.SequenceEqual("tracker id"u8) && value.TryReadBytes(out ReadOnlySpan<byte> id) && id.Length <= MaxText)
        {
            answer = answer with { TrackerId = id.ToArray() };
        }
        return false;
    }

    private static void ReadDictionaries(ref BencodeReader list, int maxPeers, List<IPEndPoint> peers)
    {
        while (!list.TryLeave())
        {
            BencodeReader peer = list;
            list.Skip();
            if (peers.Count >= maxPeers) continue;
            if (!peer.TryFindKey("ip"u8, out BencodeReader ip) || !ip.TryReadBytes(out ReadOnlySpan<byte> address)) continue;
            if (!peer.TryFindKey("port"u8, out BencodeReader portValue) || !portValue.TryReadCount(out int port)) continue;
            if (port is < 1 or > ushort.MaxValue) continue;
            if (address.Length <= 45 && IPAddress.TryParse(address, out IPAddress? parsed)) peers.Add(new IPEndPoint(parsed, port));
        }
    }

    private static TimeSpan? Seconds(ref BencodeReader value) =>
        value.TryReadCount(out int seconds) && seconds > 0 ? TimeSpan.FromSeconds(seconds) : null;

    private static int? Count(ref BencodeReader value) => value.TryReadCount(out int count) ? count : null;

    // BEP 31 shows the minutes as a string, and trackers send integers as well.
    private static TimeSpan? RetryIn(ref BencodeReader value)
    {
        if (value.TryReadCount(out int minutes)) return TimeSpan.FromMinutes(minutes);
        if (!value.TryReadBytes(out ReadOnlySpan<byte> text)) return null;
        if (text.SequenceEqual("never"u8)) return Timeout.InfiniteTimeSpan;
        bool isNumber = Utf8Parser.TryParse(text, out minutes, out int used) && used == text.Length && minutes >= 0;
        return isNumber ? TimeSpan.FromMinutes(minutes) : null;
    }

    private static string ToText(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxText)]);
}
