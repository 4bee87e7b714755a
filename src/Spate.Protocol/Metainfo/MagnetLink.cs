using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Spate.Protocol;

/// <summary>
/// A magnet link (BEP 9, 53): the info-hash of a torrent and where to start looking for the rest of it. Immutable.
/// </summary>
public sealed class MagnetLink
{
    // Links come from web pages and chat; these keep a hostile one from becoming a list of announces.
    private const int MaxLength = 256 * 1024;
    private const int MaxEntries = 500;
    private const int MaxUrlLength = 4096;

    /// <summary>Which torrent it is: v1, v2 or both.</summary>
    public required InfoHash InfoHash { get; init; }

    /// <summary>A name to show until the torrent's own is known (<c>dn</c>); for showing only.</summary>
    public string? Name { get; init; }

    /// <summary>Trackers (<c>tr</c>), each a tier of its own.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    /// <summary>HTTP sources of the content (<c>ws</c>, BEP 19).</summary>
    public IReadOnlyList<string> WebSeeds { get; init; } = [];

    /// <summary>Peers to ask first (<c>x.pe</c>): addresses or host names.</summary>
    public IReadOnlyList<(string Host, int Port)> Peers { get; init; } = [];

    /// <summary>Where the .torrent file itself is to be had (<c>xs</c>).</summary>
    public IReadOnlyList<string> ExactSources { get; init; } = [];

    /// <summary>Where it may be had if not there (<c>as</c>).</summary>
    public IReadOnlyList<string> AcceptableSources { get; init; } = [];

    /// <summary>The files to download, by their position from 0, as inclusive ranges (<c>so</c>, BEP 53); empty for all of them.</summary>
    public IReadOnlyList<(int First, int Last)> SelectOnly { get; init; } = [];

    /// <summary>True when the link asks for this file, counted from 0.</summary>
    public bool Selects(int file) => SelectOnly.Count == 0 || SelectOnly.Any(range => file >= range.First && file <= range.Last);

    /// <summary>The link to a torrent: its hashes, name, trackers and web seeds.</summary>
    public static MagnetLink Of(Metainfo metainfo) => new()
    {
        InfoHash = metainfo.InfoHash,
        Name = metainfo.OriginalName,
        Trackers = [.. metainfo.TrackerTiers.SelectMany(tier => tier).Distinct()],
        WebSeeds = metainfo.WebSeeds,
    };

    /// <summary>Reads a magnet link, or an info-hash alone (40 or 64 hexadecimal digits, or 32 letters of base 32).</summary>
    /// <exception cref="FormatException">It is neither; the message says why.</exception>
    public static MagnetLink Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out MagnetLink? link, out string? error) ? link : throw new FormatException(error);

    /// <inheritdoc cref="Parse"/>
    /// <param name="text">The link.</param>
    /// <param name="link">What it says.</param>
    /// <param name="error">Why it was refused, for people.</param>
    public static bool TryParse(
        ReadOnlySpan<char> text, [NotNullWhen(true)] out MagnetLink? link, [NotNullWhen(false)] out string? error)
    {
        link = null;
        error = null;
        text = text.Trim();
        if (text.Length > MaxLength)
        {
            error = $"the magnet link is longer than {MaxLength:N0} characters";
            return false;
        }
        if (TryParseBareHash(text, out InfoHash bare))
        {
            link = new MagnetLink { InfoHash = bare };
            return true;
        }
        if (!text.StartsWith("magnet:?", StringComparison.OrdinalIgnoreCase))
        {
            error = "neither a magnet link nor an info-hash";
            return false;
        }

        var parameters = new Parameters();
        foreach (Range part in text[8..].Split('&'))
        {
            ReadOnlySpan<char> pair = text[8..][part];
            int equals = pair.IndexOf('=');
            if (equals <= 0) continue;
            error = parameters.Add(Key(pair[..equals]), pair[(equals + 1)..]);
            if (error is not null) return false;
        }
        return parameters.TryBuild(out link, out error);
    }

    /// <summary>The link as one line, all values escaped.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("magnet:?");
        if (InfoHash.HasV1) Append("xt", "urn:btih:" + InfoHash.V1);
        if (InfoHash.HasV2) Append("xt", "urn:btmh:1220" + InfoHash.V2);
        if (Name is not null) Append("dn", Uri.EscapeDataString(Name));
        foreach (string tracker in Trackers) Append("tr", Uri.EscapeDataString(tracker));
        foreach (string url in WebSeeds) Append("ws", Uri.EscapeDataString(url));
        foreach (string url in ExactSources) Append("xs", Uri.EscapeDataString(url));
        foreach (string url in AcceptableSources) Append("as", Uri.EscapeDataString(url));
        foreach ((string host, int port) in Peers) Append("x.pe", host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}");
        if (SelectOnly.Count > 0) Append("so", string.Join(',', SelectOnly.Select(r => r.First == r.Last ? $"{r.First}" : $"{r.First}-{r.Last}")));
        return text.ToString();

        void Append(string key, string value)
        {
            if (text[^1] != '?') text.Append('&');
            text.Append(key).Append('=').Append(value);
        }
    }

    private static bool TryParseBareHash(ReadOnlySpan<char> text, out InfoHash infoHash)
    {
        infoHash = default;
        if (TryParseV1(text, out Sha1Hash v1)) infoHash = InfoHash.FromV1(v1);
        else if (text.Length == 2 * Sha256Hash.Size && TryParseHex(text, out byte[] v2)) infoHash = InfoHash.FromV2(new Sha256Hash(v2));
        else return false;
        return true;
    }

    private static bool TryParseV1(ReadOnlySpan<char> text, out Sha1Hash hash) =>
        text.Length == 32 ? TryParseBase32(text, out hash) : Sha1Hash.TryParseHex(text, out hash);

    private static bool TryParseHex(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == OperationStatus.Done;
    }

    // RFC 4648; 32 letters are exactly 20 bytes.
    private static bool TryParseBase32(ReadOnlySpan<char> text, out Sha1Hash hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Sha1Hash.Size];
        int bits = 0, held = 0, at = 0;
        foreach (char c in text)
        {
            int value = c switch { >= 'A' and <= 'Z' => c - 'A', >= 'a' and <= 'z' => c - 'a', >= '2' and <= '7' => c - '2' + 26, _ => -1 };
            if (value < 0) return false;
            bits = (bits << 5 | value) & 0xfff;
            held += 5;
            if (held < 8) continue;
            held -= 8;
            bytes[at++] = (byte)(bits >> held);
        }
        hash = new Sha1Hash(bytes);
        return true;
    }

    // "tr.1" is a way to write "tr" more than once; "x.pe" is a key of its own.
    private static ReadOnlySpan<char> Key(ReadOnlySpan<char> key)
    {
        int dot = key.LastIndexOf('.');
        return dot > 0 && dot < key.Length - 1 && !key[(dot + 1)..].ContainsAnyExceptInRange('0', '9') ? key[..dot] : key;
    }

    // What has been read so far.
    private sealed class Parameters
    {
        private static readonly SearchValues<char> NotInHost = SearchValues.Create(" /?#[]&=%\0\r\n\t");

        private readonly List<string> trackers = [], webSeeds = [], exactSources = [], acceptableSources = [];
        private readonly List<(string, int)> peers = [];
        private readonly List<(int, int)> selected = [];
        private Sha1Hash? v1;
        private Sha256Hash? v2;
        private string? name;

        /// <summary>Takes a parameter; says what is wrong with it, or null.</summary>
        public string? Add(ReadOnlySpan<char> key, ReadOnlySpan<char> value)
        {
            switch (key)
            {
                case "xt":
                    return AddTopic(Uri.UnescapeDataString(value));
                case "dn":
                    name ??= Uri.UnescapeDataString(value.ToString().Replace('+', ' '));
                    break;
                case "tr":
                    AddUrl(trackers, value);
                    break;
                case "ws":
                    AddUrl(webSeeds, value);
                    break;
                case "xs":
                    AddUrl(exactSources, value);
                    break;
                case "as":
                    AddUrl(acceptableSources, value);
                    break;
                case "x.pe":
                    AddPeer(Uri.UnescapeDataString(value));
                    break;
                case "so":
                    return AddSelection(Uri.UnescapeDataString(value));
            }
            return null;
        }

        public bool TryBuild([NotNullWhen(true)] out MagnetLink? link, [NotNullWhen(false)] out string? error)
        {
            link = null;
            error = null;
            if (v1 is null && v2 is null)
            {
                error = "the magnet link has no BitTorrent info-hash (xt=urn:btih:… or xt=urn:btmh:…)";
                return false;
            }
            link = new MagnetLink
            {
                InfoHash = v1 is null ? InfoHash.FromV2(v2!.Value) : v2 is null ? InfoHash.FromV1(v1.Value) : InfoHash.Hybrid(v1.Value, v2.Value),
                Name = name,
                Trackers = trackers,
                WebSeeds = webSeeds,
                ExactSources = exactSources,
                AcceptableSources = acceptableSources,
                Peers = peers,
                SelectOnly = selected,
            };
            return true;
        }

        private string? AddTopic(string topic)
        {
            const string v1Prefix = "urn:btih:", v2Prefix = "urn:btmh:", twoTorrents = "xt: the magnet link names two different torrents";
            if (topic.StartsWith(v1Prefix, StringComparison.OrdinalIgnoreCase))
            {
                if (!TryParseV1(topic.AsSpan(v1Prefix.Length), out Sha1Hash hash))
                    return "xt: an info-hash (btih) is 40 hexadecimal digits or 32 letters of base 32";
                if (v1 is { } other && other != hash) return twoTorrents;
                v1 = hash;
            }
            else if (topic.StartsWith(v2Prefix, StringComparison.OrdinalIgnoreCase))
            {
                // A multihash: 0x12 is SHA-256, 0x20 its length.
                ReadOnlySpan<char> multihash = topic.AsSpan(v2Prefix.Length);
                if (multihash.Length != 4 + 2 * Sha256Hash.Size || !multihash.StartsWith("1220") || !TryParseHex(multihash[4..], out byte[] bytes))
                    return "xt: a v2 info-hash (btmh) is 1220 and 64 hexadecimal digits";
                var hash = new Sha256Hash(bytes);
                if (v2 is { } other && other != hash) return twoTorrents;
                v2 = hash;
            }
            return null;
        }

        private static void AddUrl(List<string> urls, ReadOnlySpan<char> value)
        {
            if (urls.Count == MaxEntries) return;
            string url = Uri.UnescapeDataString(value).Trim();
            bool odd = url.Length > MaxUrlLength || url.AsSpan().ContainsAnyInRange('\0', ' ') || !url.Contains(':');
            if (!odd && !urls.Contains(url)) urls.Add(url);
        }

        private void AddPeer(string address)
        {
            int colon = address.LastIndexOf(':');
            if (colon <= 0 || peers.Count == MaxEntries) return;
            string host = address[..colon];
            if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
            else if (host.Contains(':')) return;
            bool odd = host.Length is 0 or > 255 || host.AsSpan().ContainsAny(NotInHost);
            if (!odd && TryParseNumber(address.AsSpan(colon + 1), out int port) && port is > 0 and <= 65535) peers.Add((host, port));
        }

        // An unreadable selection is an error: to leave it out would be to download everything.
        private string? AddSelection(string text)
        {
            foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                int dash = part.IndexOf('-');
                bool valid = TryParseNumber(dash < 0 ? part : part.AsSpan(0, dash), out int first);
                int last = first;
                if (dash >= 0) valid &= TryParseNumber(part.AsSpan(dash + 1), out last);
                if (!valid || last < first) return "so: must be file numbers and ranges of them, such as 0,2,6-8";
                if (selected.Count == MaxEntries) return $"so: more than {MaxEntries} ranges";
                selected.Add((first, last));
            }
            return null;
        }

        private static bool TryParseNumber(ReadOnlySpan<char> text, out int value) =>
            int.TryParse(text, System.Globalization.NumberStyles.None, null, out value);
    }
}
