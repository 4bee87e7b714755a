using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Tests;

/// <summary>Writes .torrent files for tests, right or wrong as wanted.</summary>
internal static class TorrentText
{
    public static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A bencoded string of the characters' low bytes.</summary>
    public static string Str(string latin1) => $"{latin1.Length}:{latin1}";

    public static string Utf8(string text) => Str(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)));

    /// <summary>A dictionary of raw bencoded values, sorted here.</summary>
    public static string Dict(params (string Key, string Value)[] entries) =>
        "d" + string.Concat(entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => Str(e.Key) + e.Value)) + "e";

    public static string List(params IEnumerable<string> items) => "l" + string.Concat(items) + "e";

    public static string Int(long value) => $"i{value}e";

    public static string Hashes(int count) => Str(string.Concat(Enumerable.Range(0, count).Select(i => new string((char)('A' + i % 26), 20))));

    public static string PathOf(params string[] components) => List(components.Select(Utf8));

    public static string File(long length, params string[] path) => Dict(("length", Int(length)), ("path", PathOf(path)));

    /// <summary>The entries of a valid single-file info dictionary, some of them replaced, added, or (null) left out.</summary>
    public static string Info(params (string Key, string? Value)[] changes)
    {
        var entries = new Dictionary<string, string>
        {
            ["length"] = Int(40000), ["name"] = Str("file.bin"), ["piece length"] = Int(16384), ["pieces"] = Hashes(3),
        };
        foreach ((string key, string? value) in changes)
        {
            if (value is null) entries.Remove(key);
            else entries[key] = value;
        }
        return Dict([.. entries.Select(e => (e.Key, e.Value))]);
    }

    /// <summary>An info dictionary of one piece with the given files.</summary>
    public static string InfoOfFiles(params string[] files) =>
        Info(("length", null), ("files", List(files)), ("name", Str("top")), ("pieces", Hashes(1)));

    public static byte[] Torrent(string info, params (string Key, string Value)[] outer) => Latin1(Dict([.. outer, ("info", info)]));

    public static Metainfo Parse(string info, params (string Key, string Value)[] outer) => Metainfo.Parse(Torrent(info, outer));

    public static MetainfoError ErrorOf(byte[] torrent)
    {
        Assert.False(Metainfo.TryParse(torrent, out Metainfo? metainfo, out MetainfoError? error));
        Assert.Null(metainfo);
        return error;
    }
}
