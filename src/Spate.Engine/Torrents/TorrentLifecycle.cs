using System.Net;
using Spate.Engine.Disk;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Session;
using Spate.Protocol;

namespace Spate.Engine.Torrents;

/// <summary>
/// The sequential story of a torrent: read resume data, check what needs it, run, pause, go through errors and out of them, make
/// data durable, end. Async flows on the torrent's strand; each looks at the state again after an await.
/// </summary>
internal sealed class TorrentLifecycle : ISwarmOwner, IAnnounceSubject
{
    private const long RetryMs = 5_000;
    private const long SpaceToGoOn = 32L << 20;    // free bytes to have before a torrent that ran out of space goes on
    private const long SaveTotalsMs = 300_000;     // what a crash costs of a seed's totals: a thousand busy ones then save three times a second
    private const long SampleMs = 1_000;
    private const long IdleSampleMs = 10_000;

    private readonly SessionResources session;
    private readonly Strand strand;
    private readonly TorrentOptions options;
    private readonly TorrentFiles files;
    private readonly FileRenaming renaming;
    private readonly Action<TorrentStatus> publish;
    private readonly KnownPieces known;
    private readonly TorrentDetails details;
    private IReadOnlyList<PiecePriority> priorities;
    private Recheck? recheck;
    private long recheckBytes;
    private CancellationTokenSource stopping = new();
    private Task work = Task.CompletedTask;        // the flow that changes the state, one at a time
    private bool wantsToRun;
    private bool restored;
    private bool namesAreLoaded;
    private bool flushing;
    private long nextFlushMs, nextSampleMs, nextIdleSampleMs, retryAtMs, lastTickMs;
    private long nextSaveTotalsMs, savedBytes;
    private bool wasIdle;
    private string? movingTo;                      // where the files of a move that was interrupted go
    private bool resumeIsCurrent;                  // what is on disk says all that we know
    private Exception? error;
    private DhtTorrent? dht;
    private long uploadedBefore, downloadedBefore;
    private double activeSeconds, seedingSeconds;

    public TorrentLifecycle(SessionResources session, Strand strand, Metainfo metainfo, TorrentOptions options, Action<TorrentStatus> publish)
    {
        (this.session, this.strand, this.options, this.publish) = (session, strand, options, publish);
        Metainfo = metainfo;
        var layout = new FileLayout(metainfo);
        files = new TorrentFiles(layout, session.Files, options.SaveTo, options.Preallocate);
        renaming = new FileRenaming(session.Environment.Storage, metainfo, session.Options.StateFolder);
        Picker = new PiecePicker(metainfo, session.Environment.Random) { Sequential = options.Sequential };
        known = new KnownPieces(layout, Picker);
        byte[] random = new byte[8];
        session.Environment.Random.Fill(random);
        Key = BitConverter.ToUInt32(random);
        Candidates = new CandidateList(BitConverter.ToUInt32(random, 4));
        Swarm = new Swarm(session, strand, layout, files, Picker, options, Candidates, this);
        details = new TorrentDetails(files, Picker, Swarm);
        Announces = new AnnounceSchedule(this, session.Trackers, session.Gate, session.Environment.Random, session.Environment.Time, session.Options.Announces);
        Announces.SetTiers(ToUris(options.Trackers ?? metainfo.TrackerTiers));
        priorities = options.FilePriorities ?? Enumerable.Repeat(PiecePriority.Normal, metainfo.Files.Count).ToArray();
        ApplyPriorities();
        foreach (IPEndPoint peer in options.Peers) Candidates.Add(peer, CandidateSource.Manual);
        wantsToRun = !options.Paused;
        movingTo = options.MovingTo;
    }

    public Metainfo Metainfo { get; }

    public PiecePicker Picker { get; }

    public Swarm Swarm { get; }

    public CandidateList Candidates { get; }

    public AnnounceSchedule Announces { get; }

    public TorrentState State { get; private set; } = TorrentState.Checking;

    public string SaveTo => files.Folder;

    /// <summary>False before the first look at the disk, and after a rename that could neither be made nor taken back.</summary>
    public bool NamesAreKnown => namesAreLoaded;

    /// <summary>It just stands there. The heartbeat looks too, at a moment's old values at worst.</summary>
    public bool IsIdle => State == TorrentState.Paused || State == TorrentState.Seeding && Swarm.Peers.Count == 0 && Swarm.Connector.Dialling == 0;

    // What announces say (BEP 3).
    public InfoHash InfoHash => Metainfo.InfoHash;

    public PeerId PeerId => session.PeerId;

    public int Port => session.ListenPort;

    public uint Key { get; }

    public long Uploaded => Swarm.Up.Total;

    public long Downloaded => Swarm.Down.Total;

    public long Left { get; private set; }

    public bool IsPartialSeed => Picker.IsFinished && !Picker.Have.IsFull;

    public int PeersWanted => Swarm.IsRunning ? Math.Max(0, Swarm.MaxPeers - Swarm.Peers.Count) : 0;

    private string? ResumePath => session.Options.StateFolder is { } folder ? Path.Combine(folder, $"{InfoHash.Wire}.resume") : null;

    public void OnPeers(Uri tracker, IReadOnlyList<IPEndPoint> peers)
    {
        foreach (IPEndPoint peer in peers) Candidates.Add(peer, CandidateSource.Tracker);
        Swarm.Connector.Tick(session.Clock.NowMs);
    }

    public void OnExternalAddress(Uri tracker, IPAddress address) => session.Addresses.Vote(address, IPAddress.None);

    /// <summary>Looks for peers by the DHT from now on, where there is one and the torrent is not private (BEP 27).</summary>
    public void JoinDht()
    {
        if (dht is not null || session.Dht is not { } client || Metainfo.IsPrivate || !Swarm.IsRunning) return;
        foreach ((string host, int port) in Metainfo.Nodes.Take(8)) client.AddNode(host, port);
        dht = client.Add(InfoHash.Wire, session.ListenPort, strand, OnDhtPeers);
        dht.IsSeed = Picker.Have.IsFull;
    }

    private void OnDhtPeers(IReadOnlyList<IPEndPoint> peers)
    {
        foreach (IPEndPoint peer in peers) Candidates.Add(peer, CandidateSource.Dht);
        if (Swarm.IsRunning) Swarm.Connector.Tick(session.Clock.NowMs);
    }

    private void OnLocalPeer(IPEndPoint peer)
    {
        Candidates.Add(peer, CandidateSource.Lsd);
        if (Swarm.IsRunning) Swarm.Connector.Tick(session.Clock.NowMs);
    }

    /// <summary>The beginning: resume data, a check where needed, then what the user wanted.</summary>
    public void Begin() => Chain(async () =>
    {
        CountLeft();
        await PrepareAsync();
        await ContinueAsync();
    });

    public Task PauseAsync() => Chain(async () =>
    {
        wantsToRun = false;
        await StopRunningAsync(DisconnectReason.TorrentStopped);
        SetState(TorrentState.Paused);
    }, interrupt: true);

    public Task ResumeAsync() => Chain(async () =>
    {
        wantsToRun = true;
        if (State == TorrentState.Removed) return;
        if (Swarm.IsRunning)
        {
            if (error is not null) await RetryAsync();
            return;
        }
        error = null;
        await PrepareAsync();
        await ContinueAsync();
    });

    /// <summary>Forgets what is there and reads all of it again.</summary>
    public Task RecheckAsync() => Chain(async () =>
    {
        SetState(TorrentState.Checking); // peers and trackers are taken leave of first, which may take a while
        await StopRunningAsync(DisconnectReason.TorrentStopped);
        error = null;
        // What it claims may be wrong: whatever interrupts the check, the next start must not believe it.
        if (ResumePath is { } path) await DeleteAsync(path);
        known.Forget();
        resumeIsCurrent = false;
        await PrepareAsync();
        await FlushAsync(always: true);
        await ContinueAsync();
    }, interrupt: true);

    /// <summary>Moves the files to another folder.</summary>
    public Task MoveAsync(string folder) => Chain(async () =>
    {
        bool ran = Swarm.IsRunning, wasChecking = State == TorrentState.Checking; // a check that this interrupted goes on, be the torrent paused or not
        await StopRunningAsync(DisconnectReason.TorrentStopped);
        await EndOldMoveAsync();
        if (!string.Equals(files.Folder, folder, StringComparison.Ordinal))
        {
            await MoveFilesAsync(folder, again: false);
            await SaveResumeAsync(clean: true);
        }
        if (ran || wantsToRun || wasChecking)
        {
            await PrepareAsync();
            await ContinueAsync();
        }
        else SetState(TorrentState.Paused);
    }, interrupt: true);

    // What another run did not get to, so that all files are in one place.
    private async Task EndOldMoveAsync()
    {
        if (movingTo is { } folder && !string.Equals(files.Folder, folder, StringComparison.Ordinal)) await MoveFilesAsync(folder, again: true);
        movingTo = null;
    }

    private async Task MoveFilesAsync(string folder, bool again)
    {
        using TorrentDisk.Hold hold = await Swarm.Disk.HoldAsync();
        await LoadNamesAsync();
        await CheckPresenceAsync();
        string from = files.Folder;
        files.Close();
        await Swarm.Disk.Call(() =>
        {
            FileMover.Move(session.Environment.Storage, Metainfo, files.Names, from, folder, again);
            return true;
        });
        files.Folder = folder;
    }

    /// <summary>The end: everything stops and is saved; with <paramref name="deleteData"/> the files are deleted, else resume data stays only when <paramref name="keepResume"/>.</summary>
    public Task EndAsync(bool deleteData, bool keepResume) => Chain(async () =>
    {
        wantsToRun = false;
        try { await StopRunningAsync(DisconnectReason.SessionClosed, save: keepResume); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // what was saved before stands; the end must not fail for it
        using (await Swarm.Disk.HoldAsync())
        {
            try { await LoadNamesAsync(); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // then what is called as in the torrent is deleted, at least
            files.Close();
            await Swarm.Disk.Call(() =>
            {
                if (deleteData) FileMover.Delete(session.Environment.Storage, Metainfo, files.Names, files.Folder, movingTo);
                if (!keepResume) renaming.Forget();
                return true;
            });
            if (!keepResume && ResumePath is { } path) await DeleteAsync(path);
            SetState(TorrentState.Removed);
        }
    }, interrupt: true);

    /// <summary>
    /// Gives a file or folder another name on disk. What runs goes on, a check too: only its disk jobs wait for a moment.
    /// </summary>
    /// <exception cref="RenameException">It can't be called so.</exception>
    /// <exception cref="IOException">The disk refused; the old name stands.</exception>
    public async Task RenameAsync(string path, string name)
    {
        while (!restored && State == TorrentState.Checking) await Swarm.Disk.Call(static () => true);
        using TorrentDisk.Hold hold = await Swarm.Disk.HoldAsync();
        if (State == TorrentState.Removed) throw new InvalidOperationException($"The torrent {Metainfo.Name} was removed.");
        await LoadNamesAsync();
        if (movingTo is not null) throw new IOException($"Some files of {Metainfo.Name} are in {movingTo}: a move was interrupted and is not finished.");
        await CheckPresenceAsync();
        files.Close();
        try { files.Names = await Swarm.Disk.Call(() => renaming.Rename(files.Folder, files.Names, path, name)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            namesAreLoaded = false; // whether all is as before is found out before the files are used again
            try { await LoadNamesAsync(); }
            catch (Exception worse) when (worse is IOException or UnauthorizedAccessException) { OnDiskError(worse); }
            throw;
        }
        await Swarm.Disk.Call(() =>
        {
            if (Metainfo.Files.Any(static file => file.LinkTarget is not null)) files.CreateEmptyFiles(session.Environment.Storage);
            return true;
        });
        Publish();
    }

    // While the files are held. Files that are out of sight can't be taken along, and would not be found again when they are back.
    private async Task CheckPresenceAsync()
    {
        if (known.FindMissing(await Swarm.Disk.Call(Stat)) is { } file)
            throw new FileNotFoundException($"{files.PathOf(file)} is not there. Connect its drive; if it is gone for good, check the torrent first.");
    }

    // While the files are held: nobody may look for them before it is known what they are called.
    private async Task LoadNamesAsync()
    {
        if (namesAreLoaded) return;
        files.Names = await Swarm.Disk.Call(() => renaming.Load(files.Folder));
        namesAreLoaded = true;
    }

    private Task<bool> DeleteAsync(string path) => Swarm.Disk.Call(() =>
    {
        session.Environment.Storage.Delete(path);
        return true;
    });

    public void SetPriorities(IReadOnlyList<PiecePriority> byFile)
    {
        priorities = byFile;
        ApplyPriorities();
        Swarm.RecountInterest();
        if (Swarm.IsRunning) SetState(Picker.IsFinished ? TorrentState.Seeding : TorrentState.Downloading);
        Publish();
    }

    public void Tick()
    {
        long now = session.Clock.NowMs;
        double elapsed = lastTickMs == 0 ? 0 : (now - lastTickMs) / 1000.0;
        lastTickMs = now;
        if (Swarm.IsRunning)
        {
            activeSeconds += elapsed;
            if (Picker.IsFinished) seedingSeconds += elapsed;
            CountLeft();
            Swarm.Tick();
            if (State is TorrentState.Downloading or TorrentState.Seeding) Announces.Tick(now);
            if (now >= nextFlushMs && !flushing) _ = FlushAsync();
            if (now >= nextSaveTotalsMs && !flushing) _ = SaveTotalsAsync();
            if (error is not null && now >= retryAtMs) _ = RetryAsync();
        }
        else if (State == TorrentState.Error && wantsToRun && now >= retryAtMs)
        {
            // It failed before it ran: on the way through resume data, a check or a move.
            retryAtMs = now + RetryMs;
            _ = ResumeAsync();
        }
        if (now < nextSampleMs && State != TorrentState.Checking) return;
        nextSampleMs = now + SampleMs;
        // A session may hold thousands that just stand there: their times may lag, and whatever else changes is published when it does.
        bool idle = IsIdle;
        if (idle && wasIdle && now < nextIdleSampleMs) return;
        if (idle) nextIdleSampleMs = now + IdleSampleMs;
        wasIdle = idle;
        Publish();
    }

    public void OnFinishedChanged(bool finished)
    {
        CountLeft();
        if (State is TorrentState.Downloading or TorrentState.Seeding) SetState(finished ? TorrentState.Seeding : TorrentState.Downloading);
        if (!finished || !Swarm.IsRunning) return;
        if (Swarm.Down.Total > 0) Announces.Complete();
        if (dht is not null && Picker.Have.IsFull)
        {
            dht.IsSeed = true;
            session.Dht?.Hurry(dht);
        }
        if (session.Events.IsWatched) session.Events.Publish(new TorrentFinished(InfoHash));
        if (!flushing) _ = FlushAsync();
    }

    /// <summary>The disk refused: nothing more is asked for, what is there stays, and a while later it is tried again.</summary>
    public void OnDiskError(Exception problem)
    {
        if (State == TorrentState.Removed) return;
        error = problem;
        retryAtMs = session.Clock.NowMs + RetryMs;
        Swarm.Downloads.Halted = true;
        if (problem is FileNotFoundException or DirectoryNotFoundException) Swarm.Uploads.Halted = true;
        SetState(TorrentState.Error);
    }

    public void Publish() => publish(Snapshot());

    public IReadOnlyList<PeerStatus> PeerStatuses() => details.Peers();

    public IReadOnlyList<FileStatus> FileStatuses() => details.Files(priorities);

    public Bitfield HavePieces() => new(Picker.Have);

    public PieceStatus PieceStatus() => details.Pieces();

    /// <summary>Replaces the trackers.</summary>
    public void SetTrackers(IReadOnlyList<IReadOnlyList<string>> tiers)
    {
        Announces.SetTiers(ToUris(tiers));
        if (Swarm.IsRunning) Announces.Tick(session.Clock.NowMs);
        Publish();
    }

    // Flows follow each other; an interrupting one first ends a check that runs.
    private Task Chain(Func<Task> flow, bool interrupt = false)
    {
        if (interrupt) stopping.Cancel();
        Task before = work;
        return work = Next();

        async Task Next()
        {
            try { await before; }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or OperationCanceledException) { } // told where it happened
            if (stopping.IsCancellationRequested) stopping = new CancellationTokenSource();
            try { await flow(); }
            catch (OperationCanceledException) { }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                OnDiskError(e);
                throw;
            }
        }
    }

    // Finds out what is there. A check that was interrupted is made here the next time.
    private async Task PrepareAsync()
    {
        if (!restored || known.Doubtful.Count > 0) SetState(TorrentState.Checking);
        if (!namesAreLoaded)
        {
            using TorrentDisk.Hold hold = await Swarm.Disk.HoldAsync();
            await LoadNamesAsync();
        }
        await EndOldMoveAsync();
        if (!restored) await RestoreAsync();
        restored = true;
        if (known.Doubtful.Count > 0) await CheckAsync();
        await Swarm.Disk.CallOnFiles(() =>
        {
            files.CreateEmptyFiles(session.Environment.Storage);
            return true;
        });
    }

    private async Task RestoreAsync()
    {
        ResumeData? resume = null;
        if (ResumePath is { } path)
        {
            byte[]? bytes = await Swarm.Disk.Call(() => session.Environment.Storage.ReadSmall(path, ResumeData.MaxBytes));
            if (bytes is not null) ResumeData.TryRead(bytes, Metainfo, out resume, out _);
        }
        List<StorageEntry> found = await StatAsync();
        if (resume is not null)
        {
            if (!options.MayStartOver && known.AllGone(resume, found))
            {
                throw new FileNotFoundException($"None of the files of {Metainfo.Name} is in {files.Folder} any more. Connect their drive or bring them back, " +
                    "and it goes on; if they are gone for good, check the torrent: then they are downloaded anew.");
            }
            (uploadedBefore, downloadedBefore) = (resume.Uploaded, resume.Downloaded);
            (activeSeconds, seedingSeconds) = (resume.ActiveSeconds, resume.SeedingSeconds);
            foreach (string peer in resume.Peers)
            {
                if (IPEndPoint.TryParse(peer, out IPEndPoint? address)) Candidates.Add(address, CandidateSource.Resume);
            }
            known.TakeOver(resume, found);
        }
        else known.TakeOver(found, options.TrustData);
        resumeIsCurrent = resume is { IsClean: true } && known.Doubtful.Count == 0;
    }

    private async Task CheckAsync()
    {
        recheckBytes = (long)known.Doubtful.Count * Metainfo.PieceLength;
        recheck = new Recheck(files, new Bitfield(known.Doubtful), stopping.Token);
        try
        {
            Bitfield passed = await recheck.RunAsync(Swarm.Disk);
            foreach (int file in known.OnChecked(passed)) Swarm.Downloads.MarkWritten(file); // the next flush makes it durable
        }
        finally { recheck = null; }
    }

    private async Task ContinueAsync()
    {
        CountLeft();
        Picker.Availability.Trim();
        if (!wantsToRun)
        {
            await FlushAsync();
            if (!resumeIsCurrent) await SaveResumeAsync(clean: true);
            SetState(TorrentState.Paused);
            return;
        }
        resumeIsCurrent = false;
        Swarm.Downloads.Halted = Swarm.Uploads.Halted = false;
        nextFlushMs = session.Clock.NowMs + (long)session.Options.FlushInterval.TotalMilliseconds;
        Announces.Start();
        Swarm.Start();
        if (!Metainfo.IsPrivate) session.LocalDiscovery?.Add(InfoHash.Wire, strand, OnLocalPeer);
        JoinDht();
        SetState(Picker.IsFinished ? TorrentState.Seeding : TorrentState.Downloading);
        Announces.Tick(session.Clock.NowMs);
        Publish();
    }

    private async Task StopRunningAsync(DisconnectReason reason, bool save = true)
    {
        Task farewell = Announces.StopAsync();
        session.LocalDiscovery?.Remove(InfoHash.Wire);
        if (dht is not null) session.Dht?.Remove(dht);
        dht = null;
        if (Swarm.IsRunning)
        {
            if (save) Swarm.Downloads.FlushHeld();
            Swarm.Stop(reason);
            await Swarm.Disk.WhenQuiet();
            while (flushing) await Swarm.Disk.Call(() => true);
            Swarm.Downloads.DropHeld();
            if (save)
            {
                await FlushAsync();
                await SaveResumeAsync(clean: error is null);
            }
        }
        await farewell;
    }

    // An epoch: what is in the files now becomes durable, then resume data may say so.
    private async Task FlushAsync(bool always = false)
    {
        if (!namesAreLoaded) return; // where the files lie is found out first
        int[] written = Swarm.Downloads.TakeFilesWritten();
        var passed = new Bitfield(Picker.Have);
        nextFlushMs = session.Clock.NowMs + (long)session.Options.FlushInterval.TotalMilliseconds;
        if (!always && written.Length == 0 && passed.Count == known.Durable.Count) return;
        flushing = true;
        try
        {
            List<(int, Bitfield)> partial = known.StoredBlocks();
            await Swarm.Disk.CallOnFiles(() =>
            {
                if (written.Length > 0) session.Environment.Storage.Flush([.. written.Select(files.PathOf)]);
                return true;
            });
            known.OnFlushed(passed);
            await SaveResumeAsync(clean: false, partial);
            if (Picker.IsFinished) Publish(); // somebody may wait for the last piece to be durable
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            foreach (int file in written) Swarm.Downloads.MarkWritten(file); // still not durable
            OnDiskError(e);
        }
        finally
        {
            flushing = false;
            nextFlushMs = session.Clock.NowMs + (long)session.Options.FlushInterval.TotalMilliseconds;
        }
    }

    // A seed writes nothing, so nothing else would save what it sent before it is stopped. Costs nothing while nothing flows.
    private async Task SaveTotalsAsync()
    {
        nextSaveTotalsMs = session.Clock.NowMs + SaveTotalsMs;
        long bytes = Swarm.Up.Total + Swarm.Down.Total;
        if (bytes == savedBytes || State != TorrentState.Seeding || Picker.Active.Count > 0) return;
        flushing = true;
        try
        {
            await SaveResumeAsync(clean: Swarm.Down.Total == 0, []);
            savedBytes = bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // what was saved before stands; the next time may be better
        finally { flushing = false; }
    }

    private async Task SaveResumeAsync(bool clean, List<(int, Bitfield)>? partial = null)
    {
        if (ResumePath is not { } path || !restored || known.Doubtful.Count > 0) return; // not known yet: what was saved before stands
        List<StorageEntry> found = clean ? await StatAsync() : [];
        var data = new ResumeData
        {
            InfoHash = InfoHash.Wire,
            Pieces = known.Durable,
            Partial = partial ?? known.StoredBlocks(),
            Files = clean
                ? [.. found.Select(entry => entry.Kind == StorageEntryKind.File ? (entry.Length, entry.Modified.ToUnixTimeMilliseconds()) : (-1L, 0L))]
                : [.. Metainfo.Files.Select(static _ => (-1L, 0L))],
            IsClean = clean,
            Uploaded = uploadedBefore + Swarm.Up.Total,
            Downloaded = downloadedBefore + Swarm.Down.Total,
            ActiveSeconds = (long)activeSeconds,
            SeedingSeconds = (long)seedingSeconds,
            Peers = [.. Candidates.Best(100).Select(peer => peer.ToString())],
        };
        byte[] bytes = data.Write();
        if (session.LastResumeData is { } last)
        {
            last[path] = bytes;
            return;
        }
        await Swarm.Disk.Call(() =>
        {
            session.Environment.Storage.ReplaceSmall(path, bytes);
            return true;
        });
    }

    private Task<List<StorageEntry>> StatAsync() => Swarm.Disk.CallOnFiles(Stat);

    private List<StorageEntry> Stat() => [.. Metainfo.Files.Select(file => file.IsPadding ? default : session.Environment.Storage.Stat(files.PathOf(file.Index)))];

    // Whether what stopped the torrent is gone: files that hold verified pieces are there, there is space, and an epoch ends well.
    private async Task RetryAsync()
    {
        retryAtMs = session.Clock.NowMs + RetryMs;
        Exception? was = error;
        try
        {
            if (!namesAreLoaded)
            {
                using TorrentDisk.Hold hold = await Swarm.Disk.HoldAsync();
                await LoadNamesAsync();
            }
            if (known.FindMissing(await StatAsync()) is not null) return;
            bool space = was is not StorageFullException
                || await Swarm.Disk.Call(() => session.Environment.Storage.FreeBytes(files.Folder)) >= SpaceToGoOn;
            if (!space || flushing) return;
            await FlushAsync(always: true); // where that fails it is the new error
            if (error != was || !Swarm.IsRunning) return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return; }
        error = null;
        Swarm.Downloads.Halted = Swarm.Uploads.Halted = false;
        SetState(Picker.IsFinished ? TorrentState.Seeding : TorrentState.Downloading);
        Swarm.Downloads.RefillAll();
    }

    private void ApplyPriorities()
    {
        // A piece is wanted as much as the most wanted file that it touches.
        var byPiece = new PiecePriority[Metainfo.PieceCount];
        foreach (MetainfoFile file in Metainfo.Files)
        {
            if (file.IsPadding) continue;
            (int first, int last) = files.Layout.Pieces(file);
            for (int piece = first; piece <= last; piece++)
            {
                if (priorities[file.Index] > byPiece[piece]) byPiece[piece] = priorities[file.Index];
            }
        }
        for (int piece = 0; piece < byPiece.Length; piece++)
        {
            if (Picker.Availability.Priority(piece) != byPiece[piece]) Picker.SetPriority(piece, byPiece[piece]);
        }
    }

    private void CountLeft() => Left = Metainfo.TotalLength - Bytes(Picker.Have);

    private long Bytes(Bitfield pieces)
    {
        int last = Metainfo.PieceCount - 1;
        long bytes = (long)pieces.Count * Metainfo.PieceLength;
        return last >= 0 && pieces[last] ? bytes - Metainfo.PieceLength + Metainfo.PieceSize(last) : bytes;
    }

    private void SetState(TorrentState state)
    {
        if (State == state) return;
        TorrentState from = State;
        State = state;
        if (session.Events.IsWatched) session.Events.Publish(new TorrentStateChanged(InfoHash, from, state, state == TorrentState.Error ? error?.Message : null));
        Publish();
    }

    private TorrentStatus Snapshot()
    {
        long missing = Bytes(Picker.Missing);
        long wanted = missing;
        for (int piece = Picker.Have.NextSet(0); piece >= 0; piece = Picker.Have.NextSet(piece + 1))
        {
            if (Picker.Availability.Priority(piece) != PiecePriority.Skip) wanted += Metainfo.PieceSize(piece);
        }
        int rarest = int.MaxValue, seeds = 0;
        for (int piece = Picker.Missing.NextSet(0); piece >= 0; piece = Picker.Missing.NextSet(piece + 1))
            rarest = Math.Min(rarest, Picker.Availability.Of(piece));
        foreach (PeerConnection peer in Swarm.Peers)
        {
            if (peer.IsSeed) seeds++;
        }
        return new TorrentStatus
        {
            InfoHash = InfoHash,
            Name = Metainfo.Name,
            State = State,
            Error = State == TorrentState.Error ? error?.Message : null,
            CheckProgress = recheck is { } check && recheckBytes > 0 ? Math.Min(1, (double)check.BytesDone / recheckBytes) : 0,
            TotalBytes = Metainfo.TotalLength,
            WantedBytes = wanted,
            DoneBytes = wanted - missing,
            PieceCount = Metainfo.PieceCount,
            PiecesDone = Picker.Have.Count,
            PiecesDurable = known.Durable.Count,
            IsFinished = Picker.IsFinished && State is not TorrentState.Checking,
            Downloaded = downloadedBefore + Swarm.Down.Total,
            DownloadedThisRun = Swarm.Down.Total,
            Uploaded = uploadedBefore + Swarm.Up.Total,
            Wasted = Swarm.Downloads.Wasted + Swarm.Downloads.Failed,
            DownloadRate = Swarm.Down.BytesPerSecond,
            UploadRate = Swarm.Up.BytesPerSecond,
            Peers = Swarm.Peers.Count,
            Seeds = seeds,
            Candidates = Candidates.Count,
            Dialling = Swarm.Connector.Dialling,
            Availability = rarest == int.MaxValue ? 0 : rarest,
            Trackers = Announces.Snapshot(),
            Active = TimeSpan.FromSeconds(activeSeconds),
            Seeding = TimeSpan.FromSeconds(seedingSeconds),
        };
    }

    private static List<IReadOnlyList<Uri>> ToUris(IReadOnlyList<IReadOnlyList<string>> tiers) =>
    [
        .. tiers.Select(tier => (IReadOnlyList<Uri>)tier
            .Select(url => Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) ? uri : null).OfType<Uri>().ToList()).Where(tier => tier.Count > 0),
    ];
}
