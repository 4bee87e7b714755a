using System.Text.Json;
using System.Text.Json.Serialization;
using Spate.Cli.Terminal;
using Spate.Engine.Discovery;
using Spate.Engine.Metadata;
using Spate.Engine.Torrents;

namespace Spate.Cli.Transfers;

/// <summary>Says how transfers stand: as bars or lines for people, as JSON for programs.</summary>
internal static partial class TransferReport
{
    /// <summary>One torrent as a progress line.</summary>
    public static ProgressLine Line(TorrentStatus s) => s.State switch
    {
        TorrentState.Checking => new ProgressLine(s.Name, (long)(s.CheckProgress * s.TotalBytes), s.TotalBytes, null, "checking"),
        TorrentState.Seeding => new ProgressLine(s.Name, s.DoneBytes, s.WantedBytes, null, $"seeding, {ByteSize.ShowRate(s.UploadRate)} to {Count(s.Peers, "peer")}, ratio {s.Ratio:0.00}"),
        TorrentState.Error => new ProgressLine(s.Name, s.DoneBytes, s.WantedBytes, null, $"waiting: {s.Error}"),
        _ => new ProgressLine(s.Name, s.DoneBytes, s.WantedBytes, s.DownloadRate > 0 ? s.DownloadRate : null, Detail(s)),
    };

    /// <summary>A search for metadata as a progress line.</summary>
    public static ProgressLine Line(MetadataStatus s) => new(s.Name, s.Parts.Received, s.Parts.Total, null, s.Describe());

    /// <summary>Why a torrent that downloads gets nothing, for people; null when it gets something.</summary>
    public static string? WhyIdle(TorrentStatus s)
    {
        if (s.State != TorrentState.Downloading || s.DownloadRate > 0) return null;
        if (s.Peers > 0) return s.Availability == 0 ? $"{Count(s.Peers, "peer")}, none of which has what is missing" : $"{Count(s.Peers, "peer")}, none sends yet";
        TrackerStatus? failing = s.Trackers.FirstOrDefault(tracker => tracker.State == TrackerState.Failing);
        if (s.Dialling > 0) return $"connecting to {Count(s.Dialling, "peer")}";
        if (s.Candidates > 0) return $"{Count(s.Candidates, "peer")} known, none answers";
        if (failing is not null) return $"no peers: {failing.Url.Host}: {failing.Message}";
        if (s.Trackers.Count == 0) return "no peers: the torrent has no tracker; name one with --peer";
        return s.Trackers.Any(tracker => tracker.State == TrackerState.Working) ? "no peers yet: the tracker knows none" : "asking the tracker";
    }

    private static string Detail(TorrentStatus s) =>
        WhyIdle(s) ?? $"{Count(s.Peers, "peer")}{(s.UploadRate >= 1 ? $", up {ByteSize.ShowRate(s.UploadRate)}" : "")}, {s.PiecesDone}/{s.PieceCount}";

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    /// <summary>A line of --jsonl.</summary>
    public static void PrintLine(CommandContext context, string kind, TorrentStatus s)
    {
        var line = new LineJson(kind, TorrentJson.Of(s, null));
        context.Out.Raw(JsonSerializer.Serialize(line, LinesContext.Default.LineJson) + "\n");
        context.Flush();
    }

    internal sealed record TorrentJson(
        string Name, string InfoHash, string State, bool Complete, string? Error, long TotalBytes, long WantedBytes, long DoneBytes, long Downloaded, long Uploaded,
        long Wasted, long DownloadRate, long UploadRate, int Peers, int Seeds, int Pieces, int PiecesDone, string? Folder)
    {
        public static TorrentJson Of(TorrentStatus s, string? folder) => new(
            s.Name, s.InfoHash.ToString(), s.State.ToString().ToLowerInvariant(), s.IsFinished, s.Error, s.TotalBytes, s.WantedBytes, s.DoneBytes, s.Downloaded, s.Uploaded,
            s.Wasted, (long)s.DownloadRate, (long)s.UploadRate, s.Peers, s.Seeds, s.PieceCount, s.PiecesDone, folder);
    }

    internal sealed record LineJson(string Event, TorrentJson Torrent);

    internal sealed record ResultJson(string Schema, bool Complete, double Seconds, IReadOnlyList<TorrentJson> Torrents);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(ResultJson))]
    internal sealed partial class ResultContext : JsonSerializerContext;

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = false)]
    [JsonSerializable(typeof(LineJson))]
    internal sealed partial class LinesContext : JsonSerializerContext;
}
