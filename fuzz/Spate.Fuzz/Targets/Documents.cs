using System.Text;

namespace Spate.Fuzz.Targets;

/// <summary>Bencode for seeds, written by hand so that it does not depend on the writer under test.</summary>
internal static class Documents
{
    public static byte[] Bytes(string latin1) => Encoding.Latin1.GetBytes(latin1);

    public static string Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return $"{utf8.Length}:{Encoding.Latin1.GetString(utf8)}";
    }

    public static string Number(long value) => $"i{value}e";

    public static string List(params IEnumerable<string> items) => "l" + string.Concat(items) + "e";

    public static string Dict(params (string Key, string Value)[] entries) =>
        "d" + string.Concat(entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => Text(e.Key) + e.Value)) + "e";

    public static string Path(params string[] names) => List(names.Select(Text));

    /// <summary>Info dictionaries of every shape: single, multi, padded, linked, hybrid, v2, odd names.</summary>
    public static IEnumerable<string> Infos()
    {
        string hash = "20:" + new string('h', 20);
        string File(long length, params string[] path) => Dict(("length", Number(length)), ("path", Path(path)));
        string Multi(params string[] files) => Dict(("files", List(files)), ("name", Text("top")), ("piece length", Number(16384)), ("pieces", hash));

        yield return Dict(("length", Number(10000)), ("name", Text("file.bin")), ("piece length", Number(16384)), ("pieces", hash));
        yield return Dict(("attr", Text("hx")), ("length", Number(1)), ("name", Text("n")), ("name.utf-8", Text("ñ")), ("piece length", Number(1)), ("pieces", hash),
            ("private", Number(1)), ("source", Text("S")));
        yield return Multi(File(1, "a"), File(0, "b", "c"), File(2, "b", "d"));
        yield return Multi(File(1, "a"), File(1, "A"), File(1, "a", "b"), File(1, "é"), File(1, "e\u0301"), File(1, ".."), File(1, "CON"), File(1, ""), File(1, "a/b"));
        yield return Multi(
            Dict(("attr", Text("p")), ("length", Number(100)), ("path", Path(".pad", "100"))),
            File(5, "dir", "target"),
            Dict(("attr", Text("l")), ("length", Number(0)), ("path", Path("link")), ("symlink path", Path("dir", "target"))),
            Dict(("attr", Text("x")), ("length", Number(7)), ("path", Path("x")), ("path.utf-8", Path("ü")), ("sha1", hash)));
        string tree = Dict(("f", Dict(("", Dict(("length", Number(5)), ("pieces root", "32:" + new string('r', 32)))))));
        yield return Dict(("file tree", tree), ("length", Number(5)), ("meta version", Number(2)), ("name", Text("f")), ("piece length", Number(16384)), ("pieces", hash));
        yield return Dict(("file tree", tree), ("meta version", Number(2)), ("name", Text("f")), ("piece length", Number(16384)));
    }

    /// <summary>Keys and values of .torrent files.</summary>
    public static IReadOnlyList<byte[]> TorrentWords { get; } =
    [
        .. new[]
        {
            "announce", "announce-list", "attr", "comment", "comment.utf-8", "created by", "creation date", "encoding", "file tree", "files", "info", "length",
            "meta version", "name", "name.utf-8", "nodes", "path", "path.utf-8", "piece layers", "piece length", "pieces", "pieces root", "private", "sha1",
            "source", "symlink path", "url-list", "http://a/announce", "udp://b:80", "p", "l", "x", "h", "pl",
        }.Select(Bytes),
    ];
}
