using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>What a torrent does.</summary>
[JsonConverter(typeof(ApiEnum<TorrentState>))]
public enum TorrentState
{
    /// <summary>Its description is being looked for; only a magnet link is known.</summary>
    Metadata,

    /// <summary>Files are checked against their hashes.</summary>
    Checking,

    /// <summary>Waits for a free place in the queue.</summary>
    Queued,
    Downloading,
    Seeding,
    Paused,

    /// <summary>Its files are on their way to another folder.</summary>
    Moving,

    /// <summary>Something keeps it from going on; its `error` says what.</summary>
    Error,
}

/// <summary>Which torrents to show by what they do; several states make a group.</summary>
[JsonConverter(typeof(ApiEnum<StateFilter>))]
public enum StateFilter
{
    All,
    Metadata,
    Checking,
    Queued,
    Downloading,
    Seeding,
    Paused,
    Moving,
    Error,

    /// <summary>Everything that was wanted is there.</summary>
    Finished,
    Unfinished,

    /// <summary>Bytes flow.</summary>
    Active,

    /// <summary>No bytes flow.</summary>
    Inactive,

    /// <summary>Downloading, and nothing comes.</summary>
    Stalled,
}

/// <summary>By what a list of torrents is put in order.</summary>
[JsonConverter(typeof(ApiEnum<TorrentSort>))]
public enum TorrentSort
{
    Name,
    State,
    Size,
    Progress,
    DownloadRate,
    UploadRate,
    Downloaded,
    Uploaded,
    Ratio,
    Eta,
    Peers,
    Seeds,
    Category,
    Tracker,
    Added,
    Finished,
    LastActivity,
    Queue,
    Availability,
    SeedingTime,
    SavePath,
}

[JsonConverter(typeof(ApiEnum<SortOrder>))]
public enum SortOrder
{
    Ascending,
    Descending,
}
