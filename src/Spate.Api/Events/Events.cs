using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>The kinds of events, as the `event` field of the stream names them.</summary>
public static class EventKinds
{
    /// <summary>All that the reader asked to see: an <see cref="EventSnapshot"/>. Replaces everything that it knew.</summary>
    public const string Snapshot = "snapshot";

    /// <summary>What changed since the event before: an <see cref="EventPatch"/>.</summary>
    public const string Patch = "patch";

    /// <summary>The stream can't go on from where the reader was; a snapshot follows at once. An <see cref="EventReset"/>.</summary>
    public const string Reset = "reset";
}

/// <summary>What a reader of events may ask to see of the torrent that it names.</summary>
[JsonConverter(typeof(ApiEnum<EventPart>))]
public enum EventPart
{
    Details,
    Peers,
    Trackers,
    Pieces,
    Log,
}

/// <summary>All that the reader asked to see.</summary>
public sealed record EventSnapshot
{
    public required DateTimeOffset At { get; init; }

    public required StatisticsNow Now { get; init; }

    public required TorrentCounts Counts { get; init; }

    /// <summary>The rows of the view; absent when no view was asked for (`limit=0`).</summary>
    public required TorrentPage Page { get; init; }

    /// <summary>The torrent that was named; absent when none was or it is gone.</summary>
    public TorrentView? Torrent { get; init; }
}

/// <summary>What is shown of one torrent.</summary>
public sealed record TorrentView
{
    public required string Id { get; init; }

    public TorrentDetails? Details { get; init; }

    public IReadOnlyList<PeerRow>? Peers { get; init; }

    public IReadOnlyList<TrackerRow>? Trackers { get; init; }

    public PieceMap? Pieces { get; init; }

    public IReadOnlyList<LogEntry>? Log { get; init; }
}

/// <summary>What changed. What is absent is as it was; a field that is null is absent from now on.</summary>
public sealed record EventPatch
{
    public required DateTimeOffset At { get; init; }

    /// <summary>The changed fields of <see cref="StatisticsNow"/>.</summary>
    public JsonElement? Now { get; init; }

    /// <summary>All counts, when any changed.</summary>
    public TorrentCounts? Counts { get; init; }

    /// <summary>Torrents that match the view now, when that changed.</summary>
    public int? Total { get; init; }

    /// <summary>The ids of the rows of the view in their order, when that changed; rows that are not named have left the view.</summary>
    public IReadOnlyList<string>? Order { get; init; }

    /// <summary>By id: the changed fields of a row that was in the view, all fields of one that is new in it.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Rows { get; init; }

    public TorrentViewPatch? Torrent { get; init; }

    /// <summary>What else changed and may be asked for again.</summary>
    public IReadOnlyList<ChangedThing>? Changed { get; init; }
}

/// <summary>What changed of the torrent that was named.</summary>
public sealed record TorrentViewPatch
{
    public required string Id { get; init; }

    /// <summary>It was removed.</summary>
    public bool IsGone { get; init; }

    /// <summary>The changed fields of <see cref="TorrentDetails"/>; those of its row stand in `row`.</summary>
    public JsonElement? Details { get; init; }

    /// <summary>By address: the changed fields of a peer, all fields of a new one, null for one that left.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Peers { get; init; }

    /// <summary>All trackers, when any changed.</summary>
    public IReadOnlyList<TrackerRow>? Trackers { get; init; }

    /// <summary>The changed fields of <see cref="PieceMap"/>.</summary>
    public JsonElement? Pieces { get; init; }

    /// <summary>New entries, oldest first.</summary>
    public IReadOnlyList<LogEntry>? Log { get; init; }
}

[JsonConverter(typeof(ApiEnum<ChangedThing>))]
public enum ChangedThing
{
    Settings,
    Categories,
    Tags,
    Creations,
    Previews,
    Keys,
}

/// <summary>Why a stream can't go on.</summary>
public sealed record EventReset
{
    public required string Reason { get; init; }
}

/// <summary>What the data of an event hold, by the name of the event: one of these stands in the data by itself.</summary>
public sealed record EventData
{
    public EventSnapshot? Snapshot { get; init; }

    public EventPatch? Patch { get; init; }

    public EventReset? Reset { get; init; }
}
