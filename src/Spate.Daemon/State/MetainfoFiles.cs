using System.Security.Cryptography;
using Spate.Engine.Ports;
using Spate.Files;
using Spate.Protocol;

namespace Spate.Daemon.State;

/// <summary>
/// The .torrent files, one for each torrent, beside the journal: they never change, so they must not be written again each time that
/// the journal is, and a person can take them elsewhere. A name holds the info-hash and the start of the file's own SHA-256, so that a
/// new file of the same torrent stands beside the old one until the journal names it.
/// </summary>
internal sealed class MetainfoFiles(string folder)
{
    /// <summary>The longest .torrent file.</summary>
    public const int MaxBytes = 64 << 20;

    private readonly DiskStorage storage = new();

    public static string HashOf(ReadOnlySpan<byte> metainfo) => Convert.ToHexStringLower(SHA256.HashData(metainfo));

    public string PathOf(Sha1Hash id, string hash) => Path.Combine(folder, NameOf(id, hash));

    public static string NameOf(Sha1Hash id, string hash) => $"{id}-{(hash.Length > 16 ? hash[..16] : hash)}.torrent";

    /// <summary>Writes files and makes them durable, all with as few flushes as possible.</summary>
    public void Write(IReadOnlyCollection<(string Path, ReadOnlyMemory<byte> Metainfo)> files)
    {
        if (files.Count == 0) return;
        foreach ((string path, ReadOnlyMemory<byte> metainfo) in files) File.WriteAllBytes(path + ".new", metainfo.Span);
        storage.Flush([.. files.Select(file => file.Path + ".new")]);
        foreach ((string path, _) in files) File.Move(path + ".new", path, overwrite: true);
        Journal.FlushFolder(files.First().Path);
    }

    /// <summary>The .torrent file of a torrent; null, and why, when it is not what was saved.</summary>
    public byte[]? Read(Sha1Hash id, string hash, out string? problem)
    {
        problem = null;
        string path = PathOf(id, hash);
        try
        {
            byte[]? bytes = storage.ReadSmall(path, MaxBytes);
            if (bytes is null) problem = $"{path} is gone";
            else if (HashOf(bytes) == hash) return bytes;
            else problem = $"{path} was changed or is damaged";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }
        return null;
    }

    /// <summary>Deletes the file of a torrent that is gone. What remains after a crash goes at the next start.</summary>
    public void Delete(Sha1Hash id, string hash)
    {
        try
        {
            File.Delete(PathOf(id, hash));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // the next start tries again
    }

    /// <summary>Removes what belongs to no torrent: into a folder when one is given, else for good. Returns how many were kept there.</summary>
    public int Clear(IReadOnlySet<string> known, string? into)
    {
        int cleared = 0;
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            if (known.Contains(name)) continue;
            if (into is not null && !name.EndsWith(".new", StringComparison.Ordinal))
            {
                Directory.CreateDirectory(into);
                File.Move(path, Path.Combine(into, name), overwrite: true);
                cleared++;
            }
            else File.Delete(path);
        }
        return cleared;
    }
}
