namespace Spate.Cli;

/// <summary>What the program tells its caller when it ends. Stable: scripts depend on them. docs/cli.md lists them.</summary>
public enum ExitCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>Anything that has no code of its own, such as a file that is no torrent.</summary>
    Error = 1,

    /// <summary>The command line makes no sense.</summary>
    Usage = 2,

    /// <summary>A file or folder that was named is not there.</summary>
    NotFound = 3,

    /// <summary>The network or a tracker.</summary>
    Network = 4,

    /// <summary>The disk: no permission, no space, an error.</summary>
    Disk = 5,

    /// <summary>Content does not match its torrent.</summary>
    VerifyFailed = 6,

    /// <summary>Ended before everything was downloaded.</summary>
    Incomplete = 7,

    /// <summary>Not allowed by the daemon.</summary>
    Auth = 8,

    /// <summary>The daemon cannot be reached.</summary>
    RemoteUnreachable = 9,

    /// <summary>Ctrl-C.</summary>
    Interrupted = 130,
}
