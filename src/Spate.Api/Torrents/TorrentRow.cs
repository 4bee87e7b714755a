namespace Spate.Api;

/// <summary>A torrent as lists show it.</summary>
public sealed record TorrentRow
{
    /// <summary>Names the torrent in this API: its info-hash, the first 40 hexadecimal digits where it has a v2 hash only.</summary>
    public required string Id { get; init; }

    /// <summary>As text from a stranger: show it as text, never as markup.</summary>
    public required string Name { get; init; }

    public required TorrentState State { get; init; }

    /// <summary>Why it stands still, for people; absent while nothing is wrong.</summary>
    public string? Error { get; init; }

    /// <summary>The part of the wanted bytes that is there and verified, 0 to 1; of a check that runs, the part done.</summary>
    public double Progress { get; init; }

    /// <summary>Everything that was wanted is there.</summary>
    public bool IsFinished { get; init; }

    /// <summary>Bytes of the whole torrent; 0 while its metadata is not there.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes of the files that are wanted.</summary>
    public long WantedBytes { get; init; }

    /// <summary>Bytes that are wanted and there.</summary>
    public long DoneBytes { get; init; }

    /// <summary>Bytes a second.</summary>
    public long DownloadRate { get; init; }

    /// <summary>Bytes a second.</summary>
    public long UploadRate { get; init; }

    /// <summary>Bytes received over all runs.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes sent over all runs.</summary>
    public long Uploaded { get; init; }

    /// <summary>Bytes sent for each byte of the content that is there.</summary>
    public double Ratio { get; init; }

    /// <summary>Seconds left at the present rate; absent when that can't be told.</summary>
    public long? EtaSeconds { get; init; }

    /// <summary>Connected peers, seeds among them.</summary>
    public int Peers { get; init; }

    /// <summary>Connected peers that have everything.</summary>
    public int Seeds { get; init; }

    /// <summary>Seeds in the swarm as trackers tell; absent where none told.</summary>
    public int? SwarmSeeds { get; init; }

    /// <summary>Downloaders in the swarm as trackers tell; absent where none told.</summary>
    public int? SwarmLeechers { get; init; }

    /// <summary>Copies of the rarest missing piece among connected peers.</summary>
    public int Availability { get; init; }

    /// <summary>Empty when it has none.</summary>
    public string Category { get; set; } = "";

    public IReadOnlyList<string> Tags { get; set; } = [];

    /// <summary>The host of its first working tracker, or of its first; empty when it has none.</summary>
    public string Tracker { get; set; } = "";

    /// <summary>Its place in the queue, from 1; 0 when it is not queued.</summary>
    public int QueuePosition { get; init; }

    /// <summary>Runs whatever the queue says.</summary>
    public bool IsForced { get; init; }

    /// <summary>Only its trackers may name peers (BEP 27).</summary>
    public bool IsPrivate { get; init; }

    /// <summary>Pieces are asked for in their order.</summary>
    public bool IsSequential { get; init; }

    public string SavePath { get; set; } = "";

    public DateTimeOffset AddedAt { get; init; }

    /// <summary>When everything wanted was there; absent before.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When bytes last flowed; absent before they did.</summary>
    public DateTimeOffset? LastActivityAt { get; init; }

    /// <summary>Seconds spent downloading or seeding.</summary>
    public long ActiveSeconds { get; init; }

    /// <summary>Seconds spent seeding.</summary>
    public long SeedingSeconds { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public long DownloadLimit { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public long UploadLimit { get; init; }
}

/// <summary>A part of a list of torrents.</summary>
public sealed record TorrentPage
{
    /// <summary>Torrents that match, on all pages.</summary>
    public required int Total { get; init; }

    /// <summary>Matching torrents before the first row.</summary>
    public required int Offset { get; init; }

    public required IReadOnlyList<TorrentRow> Rows { get; init; }
}

/// <summary>How many torrents there are, by what one can filter them.</summary>
public sealed record TorrentCounts
{
    public required int Total { get; init; }

    /// <summary>By the names of the state filter.</summary>
    public required IReadOnlyDictionary<string, int> States { get; init; }

    /// <summary>By category; those without one under the empty name.</summary>
    public required IReadOnlyDictionary<string, int> Categories { get; init; }

    /// <summary>By tag; those without one under the empty name.</summary>
    public required IReadOnlyDictionary<string, int> Tags { get; init; }

    /// <summary>By the host of the tracker; those without one under the empty name.</summary>
    public required IReadOnlyDictionary<string, int> Trackers { get; init; }
}
