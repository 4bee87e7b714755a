using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>Some torrents: named one by one, or all that match a filter. Give one of the two.</summary>
public record TorrentSelection
{
    /// <summary>10,000 at most.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    public TorrentFilter? Filter { get; init; }
}

/// <summary>What torrents must match; what is absent matches all.</summary>
public sealed record TorrentFilter
{
    public StateFilter? State { get; init; }

    /// <summary>The empty name: those without one.</summary>
    public string? Category { get; init; }

    /// <summary>The empty name: those without any.</summary>
    public string? Tag { get; init; }

    /// <summary>The host of a tracker; the empty name: those without one.</summary>
    public string? Tracker { get; init; }

    /// <summary>Words that the name must hold, in any order and case.</summary>
    public string? Text { get; init; }
}

public sealed record PauseTorrents : TorrentSelection;

public sealed record ResumeTorrents : TorrentSelection
{
    /// <summary>Run whatever the queue says.</summary>
    public bool Force { get; init; }
}

public sealed record RecheckTorrents : TorrentSelection;

public sealed record AnnounceTorrents : TorrentSelection;

public sealed record RemoveTorrents : TorrentSelection
{
    /// <summary>Delete the downloaded files too.</summary>
    public bool DeleteData { get; init; }
}

public sealed record MoveTorrents : TorrentSelection
{
    /// <summary>A folder below one of the daemon's roots; made when it is not there.</summary>
    public required string SavePath { get; init; }
}

public sealed record QueueTorrents : TorrentSelection
{
    /// <summary>Where they go. They keep their order among each other.</summary>
    public required QueueMove To { get; init; }

    /// <summary>With `position`: the place of the first, from 1.</summary>
    public int? Position { get; init; }
}

[JsonConverter(typeof(ApiEnum<QueueMove>))]
public enum QueueMove
{
    Top,
    Up,
    Down,
    Bottom,
    Position,
}

public sealed record ChangeTorrents : TorrentSelection
{
    public required TorrentChange Change { get; init; }
}

/// <summary>What to change of a torrent; what is absent stays.</summary>
public sealed record TorrentChange
{
    /// <summary>A name to show in place of the torrent's own; empty for its own. Files keep their names.</summary>
    public string? Name { get; init; }

    /// <summary>Empty for none. A category that does not exist is made.</summary>
    public string? Category { get; init; }

    /// <summary>All its tags from now on.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    public IReadOnlyList<string>? AddTags { get; init; }

    public IReadOnlyList<string>? RemoveTags { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public long? DownloadLimit { get; init; }

    /// <summary>Bytes a second; 0 is no limit.</summary>
    public long? UploadLimit { get; init; }

    /// <summary>Connected peers at most, 1 to 10,000.</summary>
    public int? MaxPeers { get; init; }

    public bool? IsSequential { get; init; }

    /// <summary>Run whatever the queue says.</summary>
    public bool? IsForced { get; init; }

    /// <summary>All its share limits from now on.</summary>
    public ShareLimits? ShareLimits { get; init; }
}

/// <summary>What became of an action on several torrents.</summary>
public sealed record ActionResult
{
    /// <summary>Torrents that it was done to.</summary>
    public required int Done { get; init; }

    public required IReadOnlyList<ActionFailure> Failed { get; init; }
}

public sealed record ActionFailure
{
    public required string Id { get; init; }

    /// <summary>What is wrong, for people.</summary>
    public required string Message { get; init; }
}
