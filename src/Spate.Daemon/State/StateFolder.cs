namespace Spate.Daemon.State;

/// <summary>The folder of the state, held by one daemon at a time.</summary>
internal sealed class StateFolder : IDisposable
{
    private readonly FileStream held;

    private StateFolder(string path, FileStream held)
    {
        Path = path;
        this.held = held;
    }

    public string Path { get; }

    public string Journal => System.IO.Path.Combine(Path, "spate.journal");

    public string Metainfo => System.IO.Path.Combine(Path, "torrents");

    /// <summary>Where the engine keeps resume data and the DHT's nodes.</summary>
    public string Resume => System.IO.Path.Combine(Path, "resume");

    /// <summary>Where what is damaged is kept for people to look at.</summary>
    public string Aside => System.IO.Path.Combine(Path, "aside");

    /// <summary>Makes the folder where it is not there, for this user alone, and takes hold of it.</summary>
    /// <exception cref="IOException">It can't be made or written, or another daemon holds it.</exception>
    public static StateFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        Make(path);
        FileStream held;
        try
        {
            held = new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"The state folder {path} can't be written by this user; change its owner, or name another folder.", e);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            throw new IOException($"The state folder {path} is in use by another spate; stop that one, or name another folder.", e);
        }
        var folder = new StateFolder(path, held);
        Make(folder.Metainfo);
        Make(folder.Resume);
        return folder;
    }

    /// <summary>Lets go of it.</summary>
    public void Dispose() => held.Dispose();

    private static void Make(string path)
    {
        if (Directory.Exists(path)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        State.Journal.FlushFolder(path);
    }
}
