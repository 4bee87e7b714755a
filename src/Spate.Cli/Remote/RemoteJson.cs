using System.Text.Json.Serialization;
using Spate.Api;

namespace Spate.Cli.Remote;

internal sealed record TorrentsJson(string Schema, int Total, IReadOnlyList<TorrentRow> Torrents);

internal sealed record DetailsJson(string Schema, TorrentDetails Torrent, IReadOnlyList<LogEntry>? Log);

internal sealed record FilesJson(string Schema, string Id, string Name, IReadOnlyList<FileRow> Files);

internal sealed record PeersJson(string Schema, string Id, string Name, IReadOnlyList<PeerRow> Peers);

internal sealed record TrackersJson(string Schema, string Id, string Name, IReadOnlyList<TrackerRow> Trackers);

internal sealed record AddedJson(string Schema, IReadOnlyList<AddedTorrent> Torrents);

internal sealed record NamedTorrent(string Id, string Name);

internal sealed record ActionJson(string Schema, string Action, bool DryRun, int Done, IReadOnlyList<ActionFailure> Failed, IReadOnlyList<NamedTorrent> Torrents);

internal sealed record RenamedJson(string Schema, string Id, string Name, string NewName, string? Path, string? NewPath);

internal sealed record LimitsJson(string Schema, long DownloadLimit, long UploadLimit, bool UsesAlternative, long AlternativeDownloadLimit, long AlternativeUploadLimit);

internal sealed record LimitsOfTorrent(string Id, string Name, long DownloadLimit, long UploadLimit);

internal sealed record TorrentLimitsJson(string Schema, IReadOnlyList<LimitsOfTorrent> Torrents);

internal sealed record WatchLineJson(string Event, DateTimeOffset At, TorrentRow? Torrent, string? Id);

/// <summary>What remote commands print with --json: the daemon's own records, named as all of this program's results are.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TorrentsJson))]
[JsonSerializable(typeof(DetailsJson))]
[JsonSerializable(typeof(FilesJson))]
[JsonSerializable(typeof(PeersJson))]
[JsonSerializable(typeof(TrackersJson))]
[JsonSerializable(typeof(AddedJson))]
[JsonSerializable(typeof(ActionJson))]
[JsonSerializable(typeof(RenamedJson))]
[JsonSerializable(typeof(LimitsJson))]
[JsonSerializable(typeof(TorrentLimitsJson))]
[JsonSerializable(typeof(WatchLineJson))]
internal sealed partial class RemoteJsonContext : JsonSerializerContext;
