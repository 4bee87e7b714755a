namespace Spate.Tracker.Access;

/// <summary>
/// A file of the operator's that is read again when it changes. What was read last stays in force while the file can't be read or
/// is wrong.
/// </summary>
internal sealed class WatchedFile(string path, Action<string> load, Action<string>? log)
{
    private readonly Lock reading = new(); // what was read last must be what stays in force
    private (DateTime Written, long Length) seen;

    /// <summary>Reads it for the first time.</summary>
    /// <exception cref="IOException">It can't be read or is wrong.</exception>
    public void Load()
    {
        seen = Look();
        load(path);
    }

    /// <summary>Reads it again, where <paramref name="always"/> is set or it looks different from last time. Never throws; says in the log what is wrong.</summary>
    /// <returns>False when it can't be read or is wrong.</returns>
    public bool Reload(bool always)
    {
        try
        {
            lock (reading)
            {
                (DateTime, long) now = Look();
                if (now == seen && !always) return true;
                seen = now;
                load(path);
            }
            log?.Invoke($"{path} was read again.");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            log?.Invoke($"{path} can't be used, what was read before stays in force: {e.Message}");
            return false;
        }
    }

    private (DateTime, long) Look()
    {
        var info = new FileInfo(path);
        return info.Exists ? (info.LastWriteTimeUtc, info.Length) : default;
    }
}
