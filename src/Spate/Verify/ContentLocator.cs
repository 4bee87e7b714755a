using Spate.Protocol;
using Spate.Protocol.Bencode;

namespace Spate.Verify;

/// <summary>
/// Finds the files of a torrent on this disk, whoever put them there: as Spate names them, or under the names the torrent gives
/// them where these are harmless here.
/// </summary>
public static class ContentLocator
{
    /// <summary>
    /// The path of each file: one that is there where there is one, else where Spate would put it. Null for padding and for symbolic links.
    /// </summary>
    /// <param name="metainfo">The torrent.</param>
    /// <param name="folder">Its download folder, or the torrent's own folder or file in it.</param>
    public static string?[] Locate(Metainfo metainfo, string folder)
    {
        folder = Path.GetFullPath(folder);
        IReadOnlyList<MetainfoFile> asNamed = metainfo.Files;
        var options = new MetainfoOptions { FileNames = FileNameRules.Posix, Limits = BencodeLimits.Torrent };
        if (Metainfo.TryParseInfo(metainfo.RawInfo, [], [], out Metainfo? posix, out _, options)) asNamed = posix.Files;

        bool isFile = !metainfo.IsMultiFile && File.Exists(folder);
        bool isOwnFolder = metainfo.IsMultiFile && !Directory.Exists(Path.Combine(folder, metainfo.Name))
            && !(posix is not null && Directory.Exists(Path.Combine(folder, posix.Name)));

        var paths = new string?[metainfo.Files.Count];
        for (int i = 0; i < paths.Length; i++)
        {
            MetainfoFile file = metainfo.Files[i];
            if (file.IsPadding || file.LinkTarget is not null) continue;
            string expected = isFile ? folder : Path.Combine(folder, Below(file.Path, isOwnFolder));
            string named = isFile ? folder : Path.Combine(folder, Below(asNamed[i].Path, isOwnFolder));
            paths[i] = named != expected && File.Exists(named) ? named : expected;
        }
        return paths;
    }

    private static string Below(string path, bool isOwnFolder) => isOwnFolder ? path[(path.IndexOf('/') + 1)..] : path;
}
