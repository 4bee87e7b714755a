using Spate.Protocol;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>Info dictionaries alone, as peers send them (BEP 9), under both rules for file names.</summary>
internal sealed class MetadataTarget : FuzzTarget
{
    private static readonly MetainfoOptions Posix = new() { FileNames = FileNameRules.Posix };

    public override string Name => "metadata";

    public override bool IsBencode => true;

    public override IReadOnlyList<byte[]> Words => TorrentWords;

    public override IEnumerable<byte[]> Seeds() => Infos().Select(Bytes);

    public override int Run(ReadOnlySpan<byte> input)
    {
        byte[] bytes = input.ToArray();
        bool isValid = Metainfo.TryParseInfo(bytes, [], [], out Metainfo? torrent, out MetainfoError? error);
        bool isValidPosix = Metainfo.TryParseInfo(bytes, [], [], out Metainfo? posix, out _, Posix);
        if (!isValid) return MetainfoTarget.AnswerFor(error!, input.Length);
        MetainfoTarget.CheckTorrent(torrent!);
        // A path can only be too long where the other rule has replaced something by less.
        if (!isValidPosix) return 1;
        var paths = posix!.Files.Where(f => !f.IsPadding).Select(f => f.Path).ToList();
        Check(paths.Distinct(StringComparer.Ordinal).Count() == paths.Count, "no two files have one path");
        Check(paths.TrueForAll(p => p.Split('/').All(n => n is not ("" or "." or "..") && !n.Contains('\0'))), "no path leads outside");
        return 100_000 + Magnitude(paths.Count) * 64 + torrent!.Files.Count(f => f.LinkTarget is not null) * 8 + torrent.Files.Count(f => f.IsPadding);
    }
}
