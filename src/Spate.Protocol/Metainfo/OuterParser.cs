using System.Diagnostics.CodeAnalysis;
using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>
/// Reads what stands around the info dictionary. Nothing of it is needed to use the content, so a field of the wrong kind is left
/// out with a warning; only the syntax and the info dictionary itself must be right.
/// </summary>
internal static class OuterParser
{
    // A torrent has a handful of trackers; these keep a hostile one from becoming a list of announces.
    private const int MaxUrls = 500;
    private const int MaxUrlBytes = 4096;
    private const int MaxNodes = 200;

    public static bool TryParse(
        ReadOnlyMemory<byte> torrent, MetainfoOptions options, out ReadOnlyMemory<byte> rawInfo, out BencodeReader info,
        [NotNullWhen(true)] out ParsedOuter? outer, [NotNullWhen(false)] out MetainfoError? error)
    {
        rawInfo = default;
        info = default;
        outer = null;
        // Whatever the limits say: the info-hash must be of one reading only.
        BencodeLimits limits = options.Limits with { AllowUnsortedKeys = false };
        if (!BencodeReader.TryOpen(torrent.Span, limits, out BencodeReader reader, out BencodeFault fault))
        {
            error = InfoParser.ErrorOf(fault, "not a valid .torrent file", options.Limits);
            return false;
        }
        if (!reader.TryEnterDictionary())
        {
            error = new(MetainfoErrorKind.Invalid, "", "not a .torrent file: it is no dictionary", 0);
            return false;
        }

        var parsed = new ParsedOuter();
        BencodeReader announce = default, announceList = default;
        while (reader.TryReadKey(out ReadOnlySpan<byte> key))
        {
            int start = reader.Offset;
            BencodeReader value = reader.ReadValue();
            if (key.SequenceEqual("announce"u8)) announce = value;
            else if (key.SequenceEqual("announce-list"u8)) announceList = value;
            else if (key.SequenceEqual("comment"u8)) parsed.Comment = Text(value, "comment", parsed.Warnings) ?? parsed.Comment;
            else if (key.SequenceEqual("comment.utf-8"u8)) parsed.Comment = Text(value, "comment.utf-8", parsed.Warnings) ?? parsed.Comment;
            else if (key.SequenceEqual("created by"u8)) parsed.CreatedBy = Text(value, "created by", parsed.Warnings);
            else if (key.SequenceEqual("creation date"u8)) parsed.CreationDate = Date(value, parsed.Warnings);
            else if (key.SequenceEqual("nodes"u8)) parsed.Nodes = ReadNodes(value, parsed.Warnings);
            else if (key.SequenceEqual("url-list"u8)) parsed.WebSeeds = ReadWebSeeds(value, parsed.Warnings);
            else if (key.SequenceEqual("info"u8))
            {
                info = value;
                rawInfo = torrent[start..reader.Offset];
            }
        }
        if (rawInfo.IsEmpty)
        {
            error = new(MetainfoErrorKind.Invalid, "info", "missing");
            return false;
        }

        parsed.TrackerTiers = ReadTiers(announce, announceList, parsed.Warnings);
        outer = parsed;
        error = null;
        return true;
    }

    private static string? Text(BencodeReader value, string field, List<string> warnings)
    {
        if (value.TryReadBytes(out ReadOnlySpan<byte> bytes)) return Encoding.UTF8.GetString(bytes);
        warnings.Add($"{field}: not a string, left out");
        return null;
    }

    private static DateTimeOffset? Date(BencodeReader value, List<string> warnings)
    {
        // Up to the year 9999: what the type can hold.
        if (value.TryReadInt64(out long seconds) && seconds is >= 0 and < 253_402_300_800) return DateTimeOffset.FromUnixTimeSeconds(seconds);
        warnings.Add("creation date: not a number of seconds since 1970, left out");
        return null;
    }

    // BEP 12: where there is a list with a tracker in it, it replaces "announce".
    private static List<List<string>> ReadTiers(BencodeReader announce, BencodeReader list, List<string> warnings)
    {
        var tiers = new List<List<string>>();
        int count = 0;
        if (list.Kind != BencodeKind.End && !list.TryEnterList()) warnings.Add("announce-list: not a list, left out");
        else if (list.Kind != BencodeKind.End)
        {
            while (!list.TryLeave())
            {
                var tier = new List<string>();
                // Some programs write a plain list of trackers: each is a tier of its own.
                if (!list.TryEnterList()) AddUrl(list.ReadValue(), "announce-list", tier, ref count, warnings);
                else
                {
                    while (!list.TryLeave()) AddUrl(list.ReadValue(), "announce-list", tier, ref count, warnings);
                }
                if (tier.Count > 0) tiers.Add(tier);
            }
        }
        if (tiers.Count == 0 && announce.Kind != BencodeKind.End)
        {
            var tier = new List<string>();
            AddUrl(announce, "announce", tier, ref count, warnings);
            if (tier.Count > 0) tiers.Add(tier);
        }
        return tiers;
    }

    private static List<string> ReadWebSeeds(BencodeReader value, List<string> warnings)
    {
        var urls = new List<string>();
        int count = 0;
        if (!value.TryEnterList()) AddUrl(value, "url-list", urls, ref count, warnings);
        else
        {
            while (!value.TryLeave()) AddUrl(value.ReadValue(), "url-list", urls, ref count, warnings);
        }
        return urls;
    }

    private static void AddUrl(BencodeReader value, string field, List<string> urls, ref int count, List<string> warnings)
    {
        if (!value.TryReadBytes(out ReadOnlySpan<byte> bytes) || bytes.Length > MaxUrlBytes)
        {
            Warn(warnings, $"{field}: an entry that is no URL was left out");
            return;
        }
        string url = Encoding.UTF8.GetString(bytes).Trim();
        if (url.Length == 0 || urls.Contains(url)) return;
        if (url.AsSpan().ContainsAnyInRange('\0', ' ') || url.Contains('\u007f') || !url.Contains(':'))
        {
            Warn(warnings, $"{field}: an entry that is no URL was left out");
            return;
        }
        if (++count > MaxUrls)
        {
            Warn(warnings, $"{field}: only the first {MaxUrls} entries are used");
            return;
        }
        urls.Add(url);
    }

    private static List<(string, int)> ReadNodes(BencodeReader value, List<string> warnings)
    {
        var nodes = new List<(string, int)>();
        if (!value.TryEnterList())
        {
            warnings.Add("nodes: not a list, left out");
            return nodes;
        }
        while (!value.TryLeave())
        {
            BencodeReader node = value.ReadValue();
            if (node.TryEnterList() && node.TryReadBytes(out ReadOnlySpan<byte> host) && node.TryReadInt64(out long port) && node.TryLeave()
                && host.Length is > 0 and <= 255 && !host.ContainsAnyInRange((byte)0, (byte)' ') && port is > 0 and <= 65535)
            {
                if (nodes.Count < MaxNodes) nodes.Add((Encoding.UTF8.GetString(host), (int)port));
            }
            else Warn(warnings, "nodes: an entry that is no host and port was left out");
        }
        return nodes;
    }

    private static void Warn(List<string> warnings, string text)
    {
        if (!warnings.Contains(text)) warnings.Add(text);
    }
}
