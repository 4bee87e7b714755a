using System.Net;
using Spate.Engine.Disk;
using Spate.Engine.Discovery;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Session;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Torrents;

/// <summary>
/// A torrent of a session. All members may be used from any thread: they post to the torrent's strand or read an immutable snapshot.
/// </summary>
public sealed class Torrent
{
    private readonly SessionResources session;
    private readonly Strand strand;
    private readonly TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<object?> tick;
    private volatile TorrentStatus status;
    private int ticking;

    internal Torrent(SessionResources session, Metainfo metainfo, TorrentOptions options, Action<Exception> onFault)
    {
        this.session = session;
        Metainfo = metainfo;
        strand = new Strand(session.Environment.Scheduler, onFault);
        status = new TorrentStatus
        {
            InfoHash = metainfo.InfoHash, Name = metainfo.Name, State = TorrentState.Checking,
            TotalBytes = metainfo.TotalLength, WantedBytes = metainfo.TotalLength, PieceCount = metainfo.PieceCount,
        };
        Lifecycle = new TorrentLifecycle(session, strand, metainfo, options, OnStatus);
        tick = _ =>
        {
            Volatile.Write(ref ticking, 0);
            Lifecycle.Tick();
        };
    }

    public InfoHash InfoHash => Metainfo.InfoHash;

    public string Name => Metainfo.Name;

    public Metainfo Metainfo { get; }

    /// <summary>The download folder; changes when a move has ended.</summary>
    public string SaveTo => Lifecycle.SaveTo;

    /// <summary>How it stood within the last second.</summary>
    public TorrentStatus Status => status;

    internal TorrentLifecycle Lifecycle { get; }

    /// <summary>The first thing that happens to it.</summary>
    internal void Begin() => strand.Enqueue(_ => Lifecycle.Begin());

    /// <summary>Completes once everything that is wanted is there and verified; fails when the torrent is removed before.</summary>
    public Task WhenComplete(CancellationToken cancellation = default) => completed.Task.WaitAsync(cancellation);

    /// <summary>Stops transfers, says so to trackers and saves resume data. Completes when all is saved.</summary>
    public Task PauseAsync() => OnStrand(Lifecycle.PauseAsync);

    /// <summary>Goes on after a pause or an error.</summary>
    public Task ResumeAsync() => OnStrand(Lifecycle.ResumeAsync);

    /// <summary>Checks all files against their hashes. Completes when the check is done.</summary>
    public Task RecheckAsync() => OnStrand(Lifecycle.RecheckAsync);

    /// <summary>Moves the files to another folder and goes on there.</summary>
    /// <exception cref="IOException">A file can't be moved; the torrent shows the error and keeps its old folder.</exception>
    public Task MoveAsync(string folder) => OnStrand(() => Lifecycle.MoveAsync(folder));

    /// <summary>
    /// Gives a file or folder another name on disk; it stays where it is, and the torrent itself does not change. Downloads and uploads
    /// go on. The name is kept across restarts where the session has a state folder.
    /// </summary>
    /// <param name="path">Where it lies now, below the download folder, parted by <c>/</c>.</param>
    /// <param name="name">Its new name: one that every common system can store, and that nothing beside it has.</param>
    /// <exception cref="RenameException">There is no such file, or it can't be called so.</exception>
    /// <exception cref="IOException">The disk refused; the old name stands.</exception>
    /// <exception cref="InvalidOperationException">The torrent was removed.</exception>
    public Task RenameAsync(string path, string name) => OnStrand(() => Lifecycle.RenameAsync(path, name));

    /// <summary>Announces to the trackers now, as far as they allow.</summary>
    public void Announce() => strand.Enqueue(_ => Lifecycle.Announces.Force());

    /// <summary>Names peers that the search for the metadata found; they are tried like those from anywhere else.</summary>
    public void AddKnownPeers(IReadOnlyList<Metadata.KnownPeer> peers) => strand.Enqueue(_ =>
    {
        foreach (Metadata.KnownPeer peer in peers)
        {
            Candidate? candidate = Lifecycle.Candidates.Add(peer.EndPoint, CandidateSource.Magnet);
            if (candidate is not null && peer.WasConnected) Lifecycle.Candidates.ExpectBack(candidate, Lifecycle.Swarm.NowMs);
        }
        if (Lifecycle.Swarm.IsRunning) Lifecycle.Swarm.Connector.Tick(Lifecycle.Swarm.NowMs);
    });

    /// <summary>Adds a peer to try.</summary>
    public void AddPeer(IPEndPoint peer) => strand.Enqueue(_ =>
    {
        Lifecycle.Candidates.Add(peer, CandidateSource.Manual);
        if (Lifecycle.Swarm.IsRunning) Lifecycle.Swarm.Connector.Tick(Lifecycle.Swarm.NowMs);
    });

    /// <summary>Changes what is wanted, by file index. When it completes it is in effect, and the status says so.</summary>
    /// <exception cref="ArgumentException">There are not as many priorities as files.</exception>
    public Task SetFilePrioritiesAsync(IReadOnlyList<PiecePriority> priorities)
    {
        if (priorities.Count != Metainfo.Files.Count)
            throw new ArgumentException($"{priorities.Count} priorities for {Metainfo.Files.Count} files.", nameof(priorities));
        PiecePriority[] copy = [.. priorities];
        return OnStrand(() =>
        {
            Lifecycle.SetPriorities(copy);
            return Task.CompletedTask;
        });
    }

    /// <summary>Asks for pieces in their order, or rarest first.</summary>
    public void SetSequential(bool sequential) => strand.Enqueue(_ => Lifecycle.Picker.Sequential = sequential);

    /// <summary>Limits of this torrent in bytes a second; 0 is none.</summary>
    public void SetLimits(long upload, long download)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(upload);
        ArgumentOutOfRangeException.ThrowIfNegative(download);
        Lifecycle.Swarm.UploadLimit.BytesPerSecond = upload;
        Lifecycle.Swarm.DownloadLimit.BytesPerSecond = download;
    }

    /// <summary>Connected peers at most, from now on; those that are too many stay.</summary>
    public void SetMaxPeers(int peers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(peers, 1);
        strand.Enqueue(_ => Lifecycle.Swarm.MaxPeers = peers);
    }

    /// <summary>Replaces the trackers, by tier. Those that are gone are told that we stopped; URLs that make no sense are left out.</summary>
    public Task SetTrackersAsync(IReadOnlyList<IReadOnlyList<string>> tiers) => OnStrand(() =>
    {
        Lifecycle.SetTrackers(tiers);
        return Task.CompletedTask;
    });

    /// <summary>The connected peers.</summary>
    public Task<IReadOnlyList<PeerStatus>> GetPeersAsync() => Ask(Lifecycle.PeerStatuses);

    /// <summary>The files, without padding.</summary>
    public Task<IReadOnlyList<FileStatus>> GetFilesAsync() => Ask(Lifecycle.FileStatuses);

    /// <summary>The pieces that are there and verified.</summary>
    public Task<Bitfield> GetPiecesAsync() => Ask(Lifecycle.HavePieces);

    /// <summary>The state of every piece, and how many peers have it.</summary>
    public Task<PieceStatus> GetPieceStatusAsync() => Ask(Lifecycle.PieceStatus);

    internal Task EndAsync(bool deleteData, bool keepResume) => OnStrand(() => Lifecycle.EndAsync(deleteData, keepResume));

    internal void JoinDht() => strand.Enqueue(_ => Lifecycle.JoinDht());

    internal void Tick()
    {
        // At most one tick waits: a strand that is behind is not given more of them.
        if (Interlocked.Exchange(ref ticking, 1) == 0) strand.Enqueue(tick);
    }

    internal void OnIncoming(IConnection connection, Handshake handshake) => strand.Enqueue(_ => _ = Lifecycle.Swarm.OnIncoming(connection, handshake));

    private void OnStatus(TorrentStatus now)
    {
        status = now;
        session.StatusPublished?.Invoke(this);
        if (now.IsFinished) completed.TrySetResult();
        else if (now.State == TorrentState.Removed) completed.TrySetException(new InvalidOperationException($"The torrent {Name} was removed before it was complete."));
    }

    private Task OnStrand(Func<Task> flow)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.Enqueue(_ => _ = Run());
        return done.Task;

        async Task Run()
        {
            try
            {
                await flow();
                done.SetResult();
            }
            catch (Exception e) { done.SetException(e); } // thrown again where it is awaited
        }
    }

    private Task<T> Ask<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.Enqueue(_ =>
        {
            try { answer.SetResult(question()); }
            catch (Exception e) { answer.SetException(e); } // thrown again where it is awaited
        });
        return answer.Task;
    }
}
