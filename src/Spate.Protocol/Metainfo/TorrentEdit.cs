using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>
/// Changes to an existing .torrent file. Every field that is not named here stays as it is, unknown ones too, and the info
/// dictionary stays byte for byte unless a field in it changes.
/// </summary>
public sealed record TorrentEdit
{
    /// <summary>The fields around the info dictionary, all of them, as they shall be; null leaves them.</summary>
    public TorrentOuter? Outer { get; init; }

    /// <summary>The private flag (BEP 27), which is in the info dictionary; null leaves it.</summary>
    public bool? IsPrivate { get; init; }

    /// <summary>The source text, which is in the info dictionary; null leaves it, empty removes it.</summary>
    public string? Source { get; init; }

    /// <summary>The name, which is in the info dictionary; null leaves it.</summary>
    public string? Name { get; init; }

    private static readonly string[] OuterKeys =
        ["announce", "announce-list", "comment", "comment.utf-8", "created by", "creation date", "nodes", "url-list", "info"];

    /// <summary>The changed file. Its info-hash differs when private, source or name do.</summary>
    /// <exception cref="MetainfoException">The file, or what would become of it, is not a valid torrent.</exception>
    public byte[] Apply(ReadOnlyMemory<byte> torrent)
    {
        Metainfo before = Metainfo.Parse(torrent);
        byte[] info = EditInfo(before);
        var kept = new Dictionary<string, byte[]>();
        BencodeReader.TryOpen(torrent.Span, BencodeLimits.Torrent, out BencodeReader reader, out _);
        reader.TryEnterDictionary();
        while (reader.TryReadKey(out ReadOnlySpan<byte> key))
        {
            string name = Encoding.Latin1.GetString(key);
            ReadOnlySpan<byte> value = reader.ReadRaw();
            if (name != "info" && (Outer is null || !OuterKeys.Contains(name))) kept[name] = value.ToArray();
        }

        var writer = new BencodeWriter(torrent.Length + 1024);
        (Outer ?? new TorrentOuter()).Write(writer, info, kept);
        byte[] changed = writer.ToArray();
        Metainfo.Parse(changed);
        return changed;
    }

    private byte[] EditInfo(Metainfo before)
    {
        bool privateChanges = IsPrivate is { } flag && flag != before.IsPrivate;
        bool sourceChanges = Source is not null && Source != (before.Source ?? "");
        bool nameChanges = Name is not null && Name != before.OriginalName;
        byte[] raw = before.RawInfo.ToArray();
        if (!privateChanges && !sourceChanges && !nameChanges) return raw;

        var entries = new SortedList<string, byte[]>(StringComparer.Ordinal);
        BencodeReader.TryOpen(raw, BencodeLimits.Torrent, out BencodeReader reader, out _);
        reader.TryEnterDictionary();
        while (reader.TryReadKey(out ReadOnlySpan<byte> key)) entries[Encoding.Latin1.GetString(key)] = reader.ReadRaw().ToArray();

        if (privateChanges) Set("private", IsPrivate!.Value ? "i1e"u8.ToArray() : null);
        if (sourceChanges) Set("source", Source!.Length > 0 ? Encode(Source) : null);
        if (nameChanges)
        {
            Set("name", Encode(Name!));
            entries.Remove("name.utf-8");
        }
        var writer = new BencodeWriter(raw.Length + 256);
        writer.BeginDictionary();
        foreach ((string key, byte[] value) in entries) writer.Key(Encoding.Latin1.GetBytes(key)).Raw(value);
        writer.End();
        return writer.ToArray();

        void Set(string key, byte[]? value)
        {
            if (value is null) entries.Remove(key);
            else entries[key] = value;
        }
    }

    private static byte[] Encode(string text) => new BencodeWriter().Text(text).ToArray();
}
