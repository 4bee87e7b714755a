namespace Spate.Api;

/// <summary>Torrents to add. Name at least one source; `options` hold for all of them.</summary>
public sealed record AddTorrents
{
    /// <summary>Magnet links, info-hashes, or URLs of .torrent files; 100 at most.</summary>
    public IReadOnlyList<string> Sources { get; set; } = [];

    /// <summary>.torrent files in base 64; 100 at most.</summary>
    public IReadOnlyList<string> Metainfo { get; set; } = [];

    /// <summary>Previews, by id.</summary>
    public IReadOnlyList<string> Previews { get; set; } = [];

    public AddOptions Options { get; set; } = new();
}

/// <summary>How torrents are added. What is absent is as the category and the settings say.</summary>
public sealed record AddOptions
{
    /// <summary>A folder below one of the daemon's roots; made when it is not there.</summary>
    public string? SavePath { get; init; }

    /// <summary>A category that does not exist is made.</summary>
    public string? Category { get; init; }

    public IReadOnlyList<string> Tags { get; set; } = [];

    /// <summary>A name to show in place of the torrent's own.</summary>
    public string? Name { get; init; }

    public bool? Paused { get; init; }

    public bool? Sequential { get; init; }

    /// <summary>Run whatever the queue says.</summary>
    public bool Forced { get; init; }

    /// <summary>The files are there and right: begin to seed without a check.</summary>
    public bool SkipCheck { get; init; }

    public bool AtTopOfQueue { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public long UploadLimit { get; init; }

    public ShareLimits? ShareLimits { get; init; }

    /// <summary>Which files, and how much; those that are not named are normal. For one torrent only.</summary>
    public IReadOnlyList<PriorityChange> Priorities { get; set; } = [];

    /// <summary>Peers to try at once: IP addresses with ports.</summary>
    public IReadOnlyList<string> Peers { get; set; } = [];
}

/// <summary>What became of each torrent that was to be added, in the order of the request: files, sources, previews.</summary>
public sealed record AddResult
{
    public required IReadOnlyList<AddedTorrent> Torrents { get; init; }
}

/// <summary>One of them. Adding what is here already changes nothing and says so.</summary>
public sealed record AddedTorrent
{
    /// <summary>What it was in the request: the file's name, the source, the preview's id.</summary>
    public required string Source { get; init; }

    /// <summary>Absent when it was not added.</summary>
    public string? Id { get; init; }

    public string? Name { get; init; }

    /// <summary>It was here before; `id` is the one that is here.</summary>
    public bool Duplicate { get; init; }

    /// <summary>Why it was not added; absent when it was.</summary>
    public string? Error { get; init; }
}
