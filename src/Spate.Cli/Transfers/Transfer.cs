using Spate.Engine;
using Spate.Engine.Metadata;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Cli.Transfers;

/// <summary>One torrent of a command that downloads or seeds, and how it went.</summary>
internal sealed class Transfer
{
    /// <summary>The folder to which the content goes, or where it is.</summary>
    public required string SaveTo { get; init; }

    /// <summary>Where the content is, as it is shown to the user.</summary>
    public required string ShownFolder { get; init; }

    /// <summary>Makes the options once the torrent is known.</summary>
    public required Func<Metainfo, TorrentOptions> Options { get; init; }

    /// <summary>The content must be complete; nothing is downloaded into it.</summary>
    public bool MustBeComplete { get; init; }

    /// <summary>The magnet link it came by; null where there was none.</summary>
    public MagnetLink? Link { get; set; }

    /// <summary>What was found by the link; null before.</summary>
    public Metainfo? Metainfo { get; set; }

    /// <summary>Looks for the torrent of a magnet link; null where there was none, and once it is found.</summary>
    public MetadataDownload? Search { get; set; }

    /// <summary>The torrent; null before it is known.</summary>
    public Torrent? Torrent { get; set; }

    public string Name => Torrent?.Name ?? Search?.Status.Name ?? "";

    /// <summary>Where the content is, for people.</summary>
    public string ShownPath => Path.Combine(ShownFolder, Name);

    /// <summary>When it was added, as a timestamp.</summary>
    public long AddedAt { get; set; }

    /// <summary>When it began to download, as a timestamp; null where there was nothing to get.</summary>
    public long? StartedAt { get; set; }

    /// <summary>When it was complete, as a timestamp.</summary>
    public long? FinishedAt { get; set; }

    /// <summary>It was complete, and that was said.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Its coming was told as an event; nothing else is before.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>How long the download took; null where it was not complete, or there was nothing to get.</summary>
    public TimeSpan? Took(TimeProvider time) =>
        StartedAt is { } start && FinishedAt is { } end && end >= start ? time.GetElapsedTime(start, end) : null;

    /// <summary>When something last came in, as a timestamp.</summary>
    public long AdvancedAt { get; set; }

    public long DownloadedThen { get; set; }

    /// <summary>Since when it is stopped by an error, as a timestamp.</summary>
    public long? ErrorSince { get; set; }

    /// <summary>Why nothing comes in; null while something does.</summary>
    public string? Stall { get; set; }

    /// <summary>Why the last peer that was tried could not be connected to.</summary>
    public string? Unreached { get; set; }

    /// <summary>What it did last, before the session was closed.</summary>
    public string State { get; set; } = "searching";

    /// <summary>How it ended; null while it has not.</summary>
    public ExitCode? End { get; set; }

    /// <summary>Why it ended before it was complete, for people.</summary>
    public string? Reason { get; set; }
}
