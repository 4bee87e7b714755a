using System.Text;
using Spate.Protocol;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>.torrent files: whatever is accepted fits together, and no path in it leads outside.</summary>
internal sealed class MetainfoTarget : FuzzTarget
{
    public override string Name => "metainfo";

    public override bool IsBencode => true;

    public override IReadOnlyList<byte[]> Words => TorrentWords;

    public override IEnumerable<byte[]> Seeds()
    {
        foreach (string info in Infos())
        {
            yield return Bytes(Dict(("info", info)));
            yield return Bytes(Dict(("announce", Text("http://a/announce")), ("announce-list", List(List(Text("http://a/"), Text("udp://b:1")), List(Text("wss://c/")))),
                ("comment", Text("c")), ("created by", Text("x")), ("creation date", Number(1_700_000_000)), ("info", info),
                ("nodes", List(List(Text("router"), Number(6881)))), ("url-list", List(Text("http://w/"), Text("https://v/")))));
        }
        yield return Bytes(Dict(("info", Infos().First()), ("url-list", Text("http://w/"))));
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        byte[] bytes = input.ToArray();
        bool isValid = Metainfo.TryParse(bytes, out Metainfo? torrent, out MetainfoError? error);
        Metainfo.TryReadInfoHash(bytes, out InfoHash hash);
        if (!isValid) return AnswerFor(error!, input.Length);
        CheckTorrent(torrent!);
        Check(hash == torrent!.InfoHash, "the info-hash is the same however it is read");
        Check(new TorrentEdit().Apply(bytes).AsSpan().SequenceEqual(bytes), "an edit of nothing changes nothing");
        Metainfo rewritten = Metainfo.Parse(TorrentOuter.Of(torrent).ToTorrent(torrent.RawInfo.Span));
        Check(rewritten.InfoHash == torrent.InfoHash, "writing keeps the info-hash");
        Check(rewritten.TrackerTiers.SelectMany(t => t).SequenceEqual(torrent.TrackerTiers.SelectMany(t => t)), "writing keeps the trackers");
        Check(MagnetLink.Parse(MagnetLink.Of(torrent).ToString()).InfoHash == torrent.InfoHash, "the magnet link names the torrent");
        return 100_000 + Magnitude(torrent.Files.Count) * 4096 + torrent.Warnings.Count * 256 + Magnitude(torrent.PieceCount) * 8
            + (torrent.IsPrivate ? 4 : 0) + (torrent.IsMultiFile ? 2 : 0) + (torrent.Version == MetainfoVersion.Hybrid ? 1 : 0);
    }

    internal static int AnswerFor(MetainfoError error, int length)
    {
        Check(error.ToString().Length > 0, "an error says something");
        Check(error.Offset is null or >= 0 && error.Offset.GetValueOrDefault() <= length, "an error is in the file");
        // The message without its numbers: which rule it was.
        int rule = error.Field.Concat(error.Message).Where(c => !char.IsAsciiDigit(c)).Aggregate(7, (hash, c) => hash * 31 + c);
        return rule & 0xffff;
    }

    internal static void CheckTorrent(Metainfo torrent)
    {
        Check(torrent.PieceCount is > 0 and <= Metainfo.MaxPieces, "the number of pieces is in its limits");
        Check(torrent.Files.Sum(f => f.Length) == torrent.TotalLength, "the files are the content");
        Check((long)(torrent.PieceCount - 1) * torrent.PieceLength + torrent.PieceSize(torrent.PieceCount - 1) == torrent.TotalLength, "the pieces are the content");
        Check(torrent.PieceHash(torrent.PieceCount - 1).Length == 20, "every piece has its hash");
        Check(torrent.InfoHash.HasV1 && torrent.InfoHash.V1 == Sha1Hash.Of(torrent.RawInfo.Span), "the info-hash is that of the bytes");
        Check(Uri.UnescapeDataString(torrent.Name) is not null && torrent.Name.Length > 0, "there is a name");

        var paths = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var folders = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long offset = 0;
        foreach (MetainfoFile file in torrent.Files)
        {
            Check(file.Offset == offset && file.Length >= 0, "files follow each other");
            offset += file.Length;
            if (file.IsPadding) continue;
            Check(paths.Add(file.Path), $"two files have the path {file.Path}");
            string[] names = file.Path.Split('/');
            Check(names.Length <= Metainfo.MaxPathDepth + 1, "paths are not too deep");
            foreach (string name in names)
            {
                Check(name is not ("" or "." or "..") && name[^1] is not (' ' or '.'), $"{file.Path} has an unsafe part");
                Check(!name.Any(c => c < ' ' || c is '\\' or ':' or '\u007f' || (char.IsSurrogate(c) && !name.IsNormalizedPair(c))), $"{file.Path} has an unsafe character");
                Check(Encoding.UTF8.GetByteCount(name) <= 255, "names are not too long");
            }
            for (int length = 1; length < names.Length; length++) folders.Add(string.Join('/', names[..length]));
            if (file.LinkTarget is { } target)
            {
                string resolved = System.IO.Path.GetFullPath(System.IO.Path.Combine("/r/" + string.Join('/', names[..^1]), target));
                Check(resolved.StartsWith("/r/" + names[0], StringComparison.Ordinal) && !target.StartsWith('/'), $"the link {file.Path} leads outside");
            }
        }
        Check(!paths.Overlaps(folders), "no file is also a folder");
    }
}

internal static class SurrogateText
{
    /// <summary>Surrogates only ever come in pairs in what UTF-8 decodes to.</summary>
    public static bool IsNormalizedPair(this string text, char surrogate)
    {
        int at = text.IndexOf(surrogate);
        return char.IsHighSurrogate(surrogate) ? at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) : at > 0 && char.IsHighSurrogate(text[at - 1]);
    }
}
