using System.Net;
using Spate.Engine.Discovery;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Engine.Torrents;

/// <summary>What a torrent does.</summary>
public enum TorrentState
{
    /// <summary>Reading resume data, or checking files against their hashes.</summary>
    Checking,
    Downloading,

    /// <summary>All that is wanted is there, and is offered to others.</summary>
    Seeding,
    Paused,

    /// <summary>Something outside keeps it from going on; <see cref="TorrentStatus.Error"/> says what. It goes on by itself when that is gone.</summary>
    Error,

    /// <summary>Removed from its session.</summary>
    Removed,
}

/// <summary>How a torrent stands, at one moment. Immutable.</summary>
public sealed record TorrentStatus
{
    public required InfoHash InfoHash { get; init; }

    public required string Name { get; init; }

    public required TorrentState State { get; init; }

    /// <summary>Why it stands still, for people; null while it does not.</summary>
    public string? Error { get; init; }

    /// <summary>Of a check that runs: the part done, 0 to 1.</summary>
    public double CheckProgress { get; init; }

    /// <summary>Bytes of the whole torrent.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes that are wanted.</summary>
    public long WantedBytes { get; init; }

    /// <summary>Bytes of verified pieces, of those that are wanted.</summary>
    public long DoneBytes { get; init; }

    public int PieceCount { get; init; }

    public int PiecesDone { get; init; }

    /// <summary>Pieces that will survive a power cut.</summary>
    public int PiecesDurable { get; init; }

    /// <summary>Everything that is wanted is there.</summary>
    public bool IsFinished { get; init; }

    /// <summary>Bytes of blocks received, over all runs.</summary>
    public long Downloaded { get; init; }

    /// <summary>Bytes of blocks received since the torrent was added to this session.</summary>
    public long DownloadedThisRun { get; init; }

    /// <summary>Bytes of blocks sent, over all runs.</summary>
    public long Uploaded { get; init; }

    /// <summary>Bytes received and not needed, or of pieces that failed.</summary>
    public long Wasted { get; init; }

    /// <summary>Bytes a second.</summary>
    public double DownloadRate { get; init; }

    /// <summary>Bytes a second.</summary>
    public double UploadRate { get; init; }

    /// <summary>Connected peers.</summary>
    public int Peers { get; init; }

    /// <summary>Connected peers that have everything.</summary>
    public int Seeds { get; init; }

    /// <summary>Peers known, those that are connected or being dialled among them.</summary>
    public int Candidates { get; init; }

    /// <summary>Peers being dialled.</summary>
    public int Dialling { get; init; }

    /// <summary>Copies of the rarest missing piece among connected peers.</summary>
    public int Availability { get; init; }

    public IReadOnlyList<TrackerStatus> Trackers { get; init; } = [];

    /// <summary>Time spent downloading or seeding, over all runs.</summary>
    public TimeSpan Active { get; init; }

    /// <summary>Time spent seeding, over all runs.</summary>
    public TimeSpan Seeding { get; init; }

    /// <summary>Part of the wanted bytes that is there, 0 to 1.</summary>
    public double Progress => WantedBytes == 0 ? 1 : (double)DoneBytes / WantedBytes;

    /// <summary>Bytes sent for each byte of the content that is there.</summary>
    public double Ratio => DoneBytes == 0 ? 0 : (double)Uploaded / DoneBytes;

    /// <summary>Time left at the present rate; null when it can't be told.</summary>
    public TimeSpan? Eta => IsFinished || DownloadRate < 1 ? null : TimeSpan.FromSeconds(Math.Min((WantedBytes - DoneBytes) / DownloadRate, 1e8));
}

/// <summary>How one connected peer stands, at one moment.</summary>
public sealed record PeerStatus
{
    public required IPEndPoint Remote { get; init; }

    public required string Client { get; init; }

    public required bool Incoming { get; init; }

    /// <summary>Part of the torrent that it has, 0 to 1.</summary>
    public required double Progress { get; init; }

    /// <summary>Bytes a second from it.</summary>
    public required double DownloadRate { get; init; }

    /// <summary>Bytes a second to it.</summary>
    public required double UploadRate { get; init; }

    public required long Downloaded { get; init; }

    public required long Uploaded { get; init; }

    public required bool AmChoking { get; init; }

    public required bool AmInterested { get; init; }

    public required bool PeerChoking { get; init; }

    public required bool PeerInterested { get; init; }

    public required bool IsSnubbed { get; init; }

    /// <summary>Requests in flight at it, and how many we keep there.</summary>
    public required (int InFlight, int Window) Requests { get; init; }

    /// <summary>The shortest round trip seen; zero while unknown.</summary>
    public required TimeSpan RoundTrip { get; init; }
}

/// <summary>How the pieces stand.</summary>
/// <param name="Have">Those that are there and verified.</param>
/// <param name="Active">Those that are being downloaded.</param>
/// <param name="Skipped">Those that are not wanted.</param>
/// <param name="Availability">By piece: the connected peers that have it, 255 at most.</param>
public sealed record PieceStatus(Bitfield Have, Bitfield Active, Bitfield Skipped, byte[] Availability);

/// <summary>How one file stands.</summary>
public sealed record FileStatus(int Index, string Path, long Length, long DoneBytes, PiecePriority Priority)
{
    /// <summary>Its path in the torrent: another one than <see cref="Path"/>, where it lies, once it was renamed.</summary>
    public required string PathInTorrent { get; init; }
}
