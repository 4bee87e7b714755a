using Spate.Protocol;

namespace Spate.Tracker.Access;

/// <summary>
/// A list of info-hashes in a file: one of 40 hexadecimal digits on each line, empty lines and those that begin with # are passed over.
/// </summary>
internal static class HashListFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="IOException">It can't be read, or a line is no hash; the message names the file and the line.</exception>
    public static List<Sha1Hash> Read(string path)
    {
        var hashes = new List<Sha1Hash>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            ReadOnlySpan<char> text = line.AsSpan().Trim();
            int comment = text.IndexOf('#');
            if (comment >= 0) text = text[..comment].Trim();
            if (text.IsEmpty) continue;
            if (!Sha1Hash.TryParseHex(text, out Sha1Hash hash))
                throw new IOException($"{path}, line {number}: not an info-hash of 40 hexadecimal digits.");
            hashes.Add(hash);
        }
        return hashes;
    }
}
