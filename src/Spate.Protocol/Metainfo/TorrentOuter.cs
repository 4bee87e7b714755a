using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>The fields around the info dictionary; none of them changes the info-hash.</summary>
public sealed record TorrentOuter
{
    /// <summary>Trackers by tier (BEP 12).</summary>
    public IReadOnlyList<IReadOnlyList<string>> TrackerTiers { get; init; } = [];

    /// <summary>HTTP sources (BEP 19).</summary>
    public IReadOnlyList<string> WebSeeds { get; init; } = [];

    /// <summary>Free text.</summary>
    public string? Comment { get; init; }

    /// <summary>The program that makes the file.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it is made; whole seconds are kept.</summary>
    public DateTimeOffset? CreationDate { get; init; }

    /// <summary>DHT nodes to start from (BEP 5).</summary>
    public IReadOnlyList<(string Host, int Port)> Nodes { get; init; } = [];

    /// <summary>Those of an existing torrent.</summary>
    public static TorrentOuter Of(Metainfo metainfo) => new()
    {
        TrackerTiers = metainfo.TrackerTiers,
        WebSeeds = metainfo.WebSeeds,
        Comment = metainfo.Comment,
        CreatedBy = metainfo.CreatedBy,
        CreationDate = metainfo.CreationDate,
        Nodes = metainfo.Nodes,
    };

    /// <summary>A .torrent file of these fields and an info dictionary as it stands, such as one that came from peers (BEP 9).</summary>
    public byte[] ToTorrent(ReadOnlySpan<byte> rawInfo)
    {
        var writer = new BencodeWriter(rawInfo.Length + 1024);
        Write(writer, rawInfo);
        return writer.ToArray();
    }

    // "kept" are fields of the file that is edited, by their keys; they are written as they stand.
    internal void Write(BencodeWriter writer, ReadOnlySpan<byte> rawInfo, IReadOnlyDictionary<string, byte[]>? kept = null)
    {
        var fields = new SortedList<string, Action<BencodeWriter>?>(StringComparer.Ordinal);
        string[] trackers = [.. TrackerTiers.SelectMany(tier => tier)];
        if (trackers.Length > 0) fields["announce"] = w => w.Text(trackers[0]);
        if (trackers.Length > 1) fields["announce-list"] = WriteTiers;
        if (Comment is not null) fields["comment"] = w => w.Text(Comment);
        if (CreatedBy is not null) fields["created by"] = w => w.Text(CreatedBy);
        if (CreationDate is { } date) fields["creation date"] = w => w.Integer(date.ToUnixTimeSeconds());
        if (Nodes.Count > 0) fields["nodes"] = WriteNodes;
        if (WebSeeds.Count > 0) fields["url-list"] = WriteWebSeeds;
        if (kept is not null)
        {
            foreach ((string key, byte[] value) in kept) fields[key] = w => w.Raw(value);
        }
        fields["info"] = null;

        writer.BeginDictionary();
        foreach ((string key, Action<BencodeWriter>? write) in fields)
        {
            // One character of these keys is one byte: unknown ones were read as Latin-1.
            writer.Key(Encoding.Latin1.GetBytes(key));
            if (write is null) writer.Raw(rawInfo);
            else write(writer);
        }
        writer.End();
    }

    private void WriteTiers(BencodeWriter writer)
    {
        writer.BeginList();
        foreach (IReadOnlyList<string> tier in TrackerTiers.Where(tier => tier.Count > 0))
        {
            writer.BeginList();
            foreach (string url in tier) writer.Text(url);
            writer.End();
        }
        writer.End();
    }

    private void WriteNodes(BencodeWriter writer)
    {
        writer.BeginList();
        foreach ((string host, int port) in Nodes) writer.BeginList().Text(host).Integer(port).End();
        writer.End();
    }

    private void WriteWebSeeds(BencodeWriter writer)
    {
        writer.BeginList();
        foreach (string url in WebSeeds) writer.Text(url);
        writer.End();
    }
}
