using Spate.Daemon.State;
using Spate.Engine.Metadata;
using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Daemon.Torrents;

/// <summary>A torrent of the daemon: what is saved of it, and what the engine has of it.</summary>
internal sealed class ManagedTorrent(SavedTorrent saved)
{
    private int dirty;

    public Sha1Hash Id { get; } = saved.Id;

    /// <summary>Its id in the API.</summary>
    public string Name { get; } = saved.Id.ToString();

    public SavedTorrent Saved { get; set; } = saved;

    /// <summary>In the engine; null while its description is not there.</summary>
    public Torrent? Engine { get; set; }

    /// <summary>The search for its description; null while none runs.</summary>
    public MetadataDownload? Search { get; set; }

    /// <summary>The queue lets it run.</summary>
    public bool Runs { get; set; }

    public bool IsMoving { get; set; }

    /// <summary>It was added in this run, and the statistics know nothing of it.</summary>
    public bool IsNew { get; set; }

    /// <summary>Why it can't be used at all; null while it can.</summary>
    public string? Broken { get; set; }

    public DateTimeOffset? LastActivity { get; set; }

    /// <summary>The status that the log was last compared with.</summary>
    public TorrentStatus? Logged { get; set; }

    public TorrentLogBook Log { get; } = new();

    public bool IsStopped => Saved.IsStopped;

    /// <summary>True for whoever marks it first; he puts it in line.</summary>
    public bool MarkDirty() => Interlocked.Exchange(ref dirty, 1) == 0;

    public void MarkClean() => Volatile.Write(ref dirty, 0);
}
