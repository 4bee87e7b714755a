using System.Text.Json.Serialization;
using Spate.Engine.Torrents;

namespace Spate.Cli.Transfers;

/// <summary>How a torrent went, for programs.</summary>
internal sealed record TransferJson(
    string? InfoHash, string Name, string SavedTo, string State, bool Complete, string? Error, long TotalBytes, long WantedBytes, long DoneBytes, int PieceCount,
    int PiecesDone, long Downloaded, long Uploaded, long Wasted, double Ratio, double? Seconds)
{
    public static TransferJson Of(Transfer transfer, TimeProvider time)
    {
        TorrentStatus? status = transfer.Torrent?.Status;
        return new TransferJson(
            status?.InfoHash.ToString() ?? transfer.Search?.InfoHash.ToString(), transfer.Name, transfer.SaveTo, transfer.State,
            status?.IsFinished ?? false, transfer.Reason ?? status?.Error, status?.TotalBytes ?? 0, status?.WantedBytes ?? 0, status?.DoneBytes ?? 0,
            status?.PieceCount ?? 0, status?.PiecesDone ?? 0, status?.Downloaded ?? 0, status?.Uploaded ?? 0, status?.Wasted ?? 0,
            Math.Round(status?.Ratio ?? 0, 4), transfer.Took(time) is { } took ? Math.Round(took.TotalSeconds, 3) : null);
    }
}

/// <summary>How all torrents of a command went.</summary>
internal sealed record TransfersJson(string Schema, bool Complete, int ExitCode, IReadOnlyList<TransferJson> Torrents);

/// <summary>Something that happened, one line each.</summary>
internal sealed record TransferEventJson(string Event, DateTimeOffset Time)
{
    public string? InfoHash { get; init; }

    public string? Name { get; init; }

    public string? State { get; init; }

    public string? Reason { get; init; }

    public string? Peer { get; init; }

    public int? Piece { get; init; }

    public long? DoneBytes { get; init; }

    public long? WantedBytes { get; init; }

    public int? PiecesDone { get; init; }

    public long? DownloadRate { get; init; }

    public long? UploadRate { get; init; }

    public long? Uploaded { get; init; }

    public int? Peers { get; init; }

    public int? Seeds { get; init; }

    public double? SecondsLeft { get; init; }

    public TransfersJson? Result { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TransfersJson))]
[JsonSerializable(typeof(TransferEventJson))]
internal sealed partial class TransferJsonContext : JsonSerializerContext;
