using System.Net;
using Spate.Engine.Choking;
using Spate.Engine.Disk;
using Spate.Engine.Discovery;
using Spate.Engine.Limits;
using Spate.Engine.Metadata;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Session;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Wire;

namespace Spate.Engine.Torrents;

/// <summary>
/// The one place where everything that happens to a live torrent arrives: connections, messages, pieces, ticks. It decides; the work
/// is done by its collaborators. All methods run on the torrent's strand unless they say otherwise.
/// </summary>
internal sealed class Swarm : IDownloadOwner
{
    private const long KeepAliveMs = 100_000;
    private const long IdleMs = 140_000;            // peers send a keep-alive every two minutes
    private const long DeafMs = 60_000;             // a send that makes no headway for so long holds memory for nothing
    private const long UselessMs = 600_000;
    private const long MakesRoomMs = 120_000;       // where others wait
    private const int MostAllowedFast = 8;
    private const int MostPorts = 3;                // "port" messages of a peer that are followed: each has us ask there
    private const int PiecesPerAllowedFast = 128;   // what every newcomer gets for nothing must stay a small part of the whole
    private const int MostMessagesPerTick = 50_000; // other than blocks and requests that are taken
    private const int PiecesPerMessage = 512;       // of a bitfield: as much work as one of the messages above
    private const int RememberedSenders = 4096;
    private const int MostPerAddress = 5;           // peers may share a NAT, but one machine must not take every place
    private const long SpreadMs = 120_000;          // a piece that we gave away shows up elsewhere within this time, or not at all
    private const int Several = -1;

    private readonly SessionResources session;
    private readonly Strand strand;
    private readonly Metainfo metainfo;
    private readonly TorrentOptions options;
    private readonly ISwarmOwner owner;
    private readonly TransferLimits uploadLimits, downloadLimits;
    private readonly List<PeerConnection> peers = [];
    private readonly List<PeerConnection> withOutbox = [];
    private readonly Dictionary<int, IPEndPoint> senders = []; // by serial, for bans after a peer has left
    private readonly Queue<int> sendersByAge = new();
    private (int Serial, long Ms)[] given = [];                // by piece: the one peer that we sent it to lately, or Several; empty until we send
    private readonly Action<object?> onBatch, onSent, onPumpEnd;
    private readonly Extension[] extensions;
    private readonly PexSwarm? pex;                            // null where the torrent is private (BEP 27) or the session does without
    private readonly MetadataServer metadata;
    private readonly BencodeWriter pexMessage = new();
    private int nextSerial;

    public Swarm(SessionResources session, Strand strand, FileLayout layout, TorrentFiles files, PiecePicker picker, TorrentOptions options,
        CandidateList candidates, ISwarmOwner owner)
    {
        (this.session, this.strand, this.options, this.owner) = (session, strand, options, owner);
        metainfo = layout.Metainfo;
        Picker = picker;
        Candidates = candidates;
        MaxPeers = options.MaxPeers;
        UploadLimit.BytesPerSecond = options.UploadLimit;
        DownloadLimit.BytesPerSecond = options.DownloadLimit;
        uploadLimits = new TransferLimits(UploadLimit, session.Upload);
        downloadLimits = new TransferLimits(DownloadLimit, session.Download);
        onBatch = peer => OnMessages((PeerConnection)peer!);
        onSent = peer => Uploads!.OnSent((PeerConnection)peer!);
        onPumpEnd = peer => Disconnect((PeerConnection)peer!, ((PeerConnection)peer!).PumpEnd);
        Disk = new TorrentDisk(files, session.Blocks, session.Environment.Disk, strand, OnPieceJob, OnUploadJob);
        Downloads = new Downloads(this, picker, Disk);
        Uploads = new Uploads(metainfo, picker.Have, Disk, session.SendBuffers, Disconnect, OnGiven);
        Choker = new Choker(() => peers, session.Environment.Random) { FixedSlots = options.UploadSlots > 0 ? options.UploadSlots : session.Options.UploadSlots };
        Connector = new Connector(session, metainfo.InfoHash.Wire, candidates, () => MaxPeers - peers.Count, OnDialled, metainfo.IsPrivate, OnUnreached);
        metadata = new MetadataServer(metainfo.RawInfo);
        pex = metainfo.IsPrivate || !session.Options.PeerExchange ? null : new PexSwarm();
        extensions = pex is null
            ? [Extension.DontHave, Extension.Metadata, Extension.UploadOnly]
            : [Extension.DontHave, Extension.Metadata, Extension.PeerExchange, Extension.UploadOnly];
        strand.TurnEnd = OnTurnEnd;
    }

    public PiecePicker Picker { get; }

    public CandidateList Candidates { get; }

    public TorrentDisk Disk { get; }

    public Downloads Downloads { get; }

    public Uploads Uploads { get; }

    public Choker Choker { get; }

    public Connector Connector { get; }

    /// <summary>Connected peers at most.</summary>
    public int MaxPeers { get; set; }

    public RateLimit UploadLimit { get; } = new();

    public RateLimit DownloadLimit { get; } = new();

    /// <summary>Bytes of blocks received from peers.</summary>
    public RateMeter Down { get; } = new();

    /// <summary>Bytes of blocks sent to peers.</summary>
    public RateMeter Up { get; } = new();

    public IReadOnlyList<PeerConnection> Peers => peers;

    public bool IsRunning { get; private set; }

    public long NowMs => session.Clock.NowMs;

    /// <summary>Begins to dial and to take connections.</summary>
    public void Start()
    {
        IsRunning = true;
        UpdateFinished();
        Connector.Start();
        Connector.Tick(NowMs);
    }

    /// <summary>Ends all connections.</summary>
    public void Stop(DisconnectReason reason)
    {
        IsRunning = false;
        Connector.Stop();
        foreach (PeerConnection peer in peers.ToList()) Disconnect(peer, reason);
    }

    /// <summary>A peer came to us and named this torrent. Takes the connection over, with its place in the session's budget.</summary>
    public async Task OnIncoming(IConnection connection, Handshake handshake)
    {
        bool accepted = false;
        try
        {
            if (!IsRunning || Refuses(connection.Remote, handshake.PeerId) != DisconnectReason.None) return;
            using (session.Deadlines.Set(Handshaker.DeadlineMs, connection.Abort))
                await Handshaker.SendAsync(connection, metainfo.InfoHash.Wire, session.PeerId, session.Dht is not null && !metainfo.IsPrivate);
            if (!IsRunning) return;
            accepted = true;
            Add(connection, handshake, null);
        }
        catch (IOException) { }
        catch (ObjectDisposedException) { }
        finally
        {
            if (!accepted)
            {
                connection.Dispose();
                session.ReturnConnection();
            }
        }
    }

    /// <summary>About twice a second.</summary>
    public void Tick()
    {
        long now = NowMs;
        Down.Sample(now);
        Up.Sample(now);
        for (int i = peers.Count - 1; i >= 0; i--) Tick(peers[i], now);
        // Peers that came to each other first and have nothing to give may fill all places, with the seed outside.
        if (peers.Count >= MaxPeers || session.Connections >= session.Options.MaxConnections) MakeRoom();
        Downloads.Tick();
        Choker.UploadLimit = UploadLimit.BytesPerSecond > 0 ? UploadLimit.BytesPerSecond : session.Upload.BytesPerSecond;
        Choker.Tick(now);
        Connector.Tick(now);
    }

    /// <summary>Priorities changed, or pieces were lost: what every peer is wanted for is counted anew.</summary>
    public void RecountInterest()
    {
        foreach (PeerConnection peer in peers.ToList())
        {
            peer.Interesting = Intersection(peer.Have);
            UpdateInterest(peer);
        }
        UpdateFinished();
        Downloads.RefillAll();
    }

    /// <summary>The peer goes, for the first reason that is given.</summary>
    public void Disconnect(PeerConnection peer, DisconnectReason reason)
    {
        if (peer.IsClosed) return;
        peer.Closed = reason;
        peer.Connection.Abort();
        peer.Sender.Stop();
        peer.Receiver.Stop();
        peers.Remove(peer);
        Downloads.OnDisconnected(peer);
        if (peer.CountedAsSeed) Picker.Availability.Seeds--;
        else Picker.Availability.Count(peer.Have, arrives: false);
        peer.Uploads.Clear();
        session.ReturnConnection();
        if (peer.Candidate is { } candidate)
        {
            // It was we who stopped: the peer is dialled at once when we go on.
            if (!IsRunning) Candidates.OnFailed(candidate, ConnectFailure.Cancelled, NowMs);
            else Candidates.OnDisconnected(candidate, reason > DisconnectReason.DoesNotRead, NowMs, reason == DisconnectReason.ConnectionLost);
        }
        if (peer.ListenAddress is { } address)
            pex?.OnDisconnected(address, reason is DisconnectReason.BothSeeds or DisconnectReason.MadeRoom or DisconnectReason.Useless);
        if (session.Events.IsWatched) session.Events.Publish(new PeerChanged(metainfo.InfoHash, peer.Remote.ToString(), reason));
        if (!IsRunning) return;
        if (!peer.AmChoking) Choker.OnSlotFree(NowMs);
        Downloads.RefillAll();
    }

    public void Ban(int serial)
    {
        if (!senders.TryGetValue(serial, out IPEndPoint? address)) return;
        Candidates.Ban(address);
        if (session.Events.IsWatched) session.Events.Publish(new PeerBanned(metainfo.InfoHash, address.ToString()));
        foreach (PeerConnection peer in peers.ToList())
        {
            if (peer.Serial == serial || Candidates.IsBanned(peer.Remote)) Disconnect(peer, DisconnectReason.BadData);
        }
    }

    public void OnPiecePassed(int piece)
    {
        for (int i = peers.Count - 1; i >= 0; i--)
        {
            PeerConnection peer = peers[i];
            // A leech that has it can do without knowing; a seed gives its slots to those whose pieces it sees spread.
            if (!peer.Have[piece] || peer.IsSeed) peer.SendPiece(MessageId.Have, piece);
            if (!peer.Have[piece]) continue;
            peer.Interesting--;
            UpdateInterest(peer);
        }
        if (Picker.IsFinished) UpdateFinished();
    }

    public void OnPieceFailed(int piece)
    {
        if (session.Events.IsWatched) session.Events.Publish(new PieceFailed(metainfo.InfoHash, piece));
    }

    public void OnDiskError(Exception error) => owner.OnDiskError(error);

    private DisconnectReason Refuses(IPEndPoint remote, PeerId id)
    {
        if (id == session.PeerId) return DisconnectReason.Ourselves;
        if (Candidates.IsBanned(remote)) return DisconnectReason.Banned;
        int neighbours = 0;
        foreach (PeerConnection peer in peers)
        {
            if (peer.Id == id) return DisconnectReason.DuplicatePeer;
            if (peer.Remote.Address.Equals(remote.Address)) neighbours++;
        }
        if (neighbours >= MostPerAddress && !IPAddress.IsLoopback(remote.Address)) return DisconnectReason.TooManyFromAddress;
        return peers.Count >= MaxPeers && !MakeRoom() ? DisconnectReason.TooManyConnections : DisconnectReason.None;
    }

    // The peer that did the least for either end makes room, if it did nothing at all for a while.
    private bool MakeRoom()
    {
        PeerConnection? worst = null;
        foreach (PeerConnection peer in peers)
        {
            if (NowMs - peer.LastUsefulMs < MakesRoomMs) continue;
            if (worst is null || peer.LastUsefulMs < worst.LastUsefulMs) worst = peer;
        }
        if (worst is null) return false;
        Disconnect(worst, DisconnectReason.MadeRoom);
        return true;
    }

    private void OnDialled(IConnection connection, Handshake handshake, Candidate candidate)
    {
        DisconnectReason refused = IsRunning ? Refuses(connection.Remote, handshake.PeerId) : DisconnectReason.TorrentStopped;
        if (refused == DisconnectReason.None)
        {
            Candidates.OnConnected(candidate);
            Add(connection, handshake, candidate);
            return;
        }
        connection.Dispose();
        session.ReturnConnection();
        if (refused == DisconnectReason.DuplicatePeer)
        {
            // It is connected, from the other side or at another address.
            PeerConnection? twin = peers.Find(peer => peer.Id == handshake.PeerId);
            if (twin is { Candidate: null })
            {
                Candidates.OnConnected(candidate);
                twin.Candidate = candidate;
                if (twin.CountedAsSeed) Candidates.MarkSeed(candidate, true);
                OnListenAddress(twin, candidate.EndPoint);
            }
            else if (twin?.Candidate != candidate) Candidates.OnDisconnected(candidate, misbehaved: false, NowMs);
        }
        else Candidates.OnFailed(candidate, refused == DisconnectReason.Ourselves ? ConnectFailure.Self : ConnectFailure.Cancelled, NowMs);
    }

    private void OnUnreached(IPEndPoint address, DisconnectReason reason)
    {
        if (session.Events.IsWatched) session.Events.Publish(new PeerUnreached(metainfo.InfoHash, address.ToString(), reason));
    }

    private void Add(IConnection connection, Handshake handshake, Candidate? candidate)
    {
        var peer = new PeerConnection(++nextSerial, connection, handshake, candidate is null, metainfo.PieceCount, withOutbox.Add, NowMs) { Candidate = candidate };
        peer.Sender = new PeerSender(connection, session.SendBuffers, uploadLimits, session.Environment.Scheduler, Up,
            () => strand.EnqueueOrRun(onSent, peer), reason => OnPumpEnd(peer, reason));
        peer.Receiver = new PeerReceiver(connection, session.Blocks, session.ReceiveBuffers, downloadLimits, strand, session.Environment.Scheduler,
            onBatch, peer, reason => OnPumpEnd(peer, reason));
        if (candidate is not null) OnListenAddress(peer, candidate.EndPoint);
        peers.Add(peer);
        senders[peer.Serial] = peer.Remote;
        sendersByAge.Enqueue(peer.Serial);
        if (sendersByAge.Count > RememberedSenders) senders.Remove(sendersByAge.Dequeue());
        if (session.Events.IsWatched) session.Events.Publish(new PeerChanged(metainfo.InfoHash, peer.Remote.ToString(), DisconnectReason.None));
        Introduce(peer);
        session.Environment.Scheduler.Schedule(peer.Receiver);
    }

    // Any thread.
    private void OnPumpEnd(PeerConnection peer, DisconnectReason reason)
    {
        peer.PumpEnd = reason;
        strand.Enqueue(onPumpEnd, peer);
    }

    // What a new peer is told: our pieces (BEP 3, 6), our extensions (BEP 10), what it may have at once (BEP 6).
    private void Introduce(PeerConnection peer)
    {
        Bitfield have = Picker.Have;
        if (peer.UsesFast && have.IsFull) peer.SendBare(MessageId.HaveAll);
        else if (peer.UsesFast && have.Count == 0) peer.SendBare(MessageId.HaveNone);
        else if (have.Count > 0) peer.SendBitfield(have);
        if (peer.UsesExtended)
        {
            peer.SendExtended(Extension.Handshake, ExtendedHandshake.Write(
                extensions, session.Options.ClientName, session.ListenPort, Uploads.QueueLimit,
                peer.Remote.Address, metainfo.RawInfo.Length, uploadOnly: Picker.IsFinished));
        }
        if (peer.UsesDht && !metainfo.IsPrivate && session.Dht is { } dht)
        {
            int port = peer.Remote.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? dht.Port4 : dht.Port6;
            if (port > 0) peer.SendPort(port);
        }
        if (!peer.UsesFast || have.Count == 0) return;
        int free = Math.Min(metainfo.PieceCount / PiecesPerAllowedFast, MostAllowedFast);
        if (free == 0) return;
        peer.AllowedToPeer = AllowedFastSet.Of(peer.Remote.Address, metainfo.InfoHash.Wire, metainfo.PieceCount, free);
        foreach (int piece in peer.AllowedToPeer)
        {
            peer.AllowanceBytes += metainfo.PieceSize(piece);
            if (have[piece]) peer.SendPiece(MessageId.AllowedFast, piece);
        }
    }

    private void OnMessages(PeerConnection peer)
    {
        List<PeerMessage> batch = peer.Receiver.Batch;
        foreach (PeerMessage message in batch)
        {
            if (!peer.IsClosed) OnMessage(peer, message);
            else if (message.Slot >= 0) session.Blocks.Return(message.Slot);
        }
        peer.Receiver.Done();
        if (peer.IsClosed) return;
        Downloads.Refill(peer);
        Uploads.Advance(peer);
    }

    private void OnMessage(PeerConnection peer, in PeerMessage message)
    {
        if (message.Id is not (MessageId.Piece or MessageId.Request or MessageId.Cancel)) peer.MessagesSinceBlock++;
        switch (message.Id)
        {
            case MessageId.Piece:
                if (message.A >= metainfo.PieceCount)
                {
                    session.Blocks.Return(message.Slot);
                    Disconnect(peer, DisconnectReason.PieceOutOfRange);
                    return;
                }
                Down.Add(message.C);
                Downloads.OnBlock(peer, message.A, message.B, message.C, message.Slot);
                break;
            case MessageId.Request:
                Uploads.OnRequest(peer, message.A, message.B, message.C);
                break;
            case MessageId.Cancel:
                Uploads.OnCancel(peer, message.A, message.B, message.C);
                break;
            case MessageId.Have:
                OnHave(peer, message.A);
                break;
            case MessageId.Choke:
                if (peer.PeerChoking) return;
                peer.PeerChoking = true;
                Downloads.OnChoke(peer);
                break;
            case MessageId.Unchoke:
                if (!peer.PeerChoking) return;
                peer.PeerChoking = false;
                peer.Rejects = 0;
                Downloads.OnUnchoke(peer);
                break;
            case MessageId.Interested:
                peer.PeerInterested = true;
                Choker.OnInterested(peer, NowMs);
                break;
            case MessageId.NotInterested:
                if (!peer.PeerInterested) return;
                peer.PeerInterested = false;
                if (!peer.AmChoking) Choker.OnSlotFree(NowMs);
                break;
            case MessageId.Bitfield:
                OnBitfield(peer, message.Payload!);
                break;
            case MessageId.HaveAll:
                var all = new Bitfield(metainfo.PieceCount);
                all.SetAll();
                OnPieces(peer, all);
                break;
            case MessageId.HaveNone:
                OnPieces(peer, new Bitfield(metainfo.PieceCount));
                break;
            case MessageId.Reject:
                if (message.A < metainfo.PieceCount) Downloads.OnReject(peer, message.A, message.B);
                break;
            case MessageId.AllowedFast:
                if (message.A >= metainfo.PieceCount || peer.AllowedByPeer is { Count: >= 64 }) return;
                (peer.AllowedByPeer ??= []).Add(message.A);
                break;
            case MessageId.Port:
                if (!metainfo.IsPrivate && message.A > 0 && peer.PortsSaid++ < MostPorts) session.Dht?.AddNode(new IPEndPoint(peer.Remote.Address, message.A));
                break;
            case MessageId.Extended:
                OnExtended(peer, message.Payload!);
                break;
            case MessageId.Suggest:
                if (message.A < metainfo.PieceCount) peer.Pick.Suggest(message.A);
                break;
            default: // unknown messages are for others
                break;
        }
    }

    private void OnBitfield(PeerConnection peer, byte[] payload)
    {
        if (Bitfield.TryFromWire(payload, metainfo.PieceCount, out Bitfield? pieces)) OnPieces(peer, pieces);
        else Disconnect(peer, DisconnectReason.BadBitfield);
    }

    // All pieces of a peer at once. BEP 3 has it as the first thing that a peer says of them, but aria2 also sends a bitfield in place
    // of twenty or more "have": it is taken at any time, and counts towards a flood by the work that it makes.
    private void OnPieces(PeerConnection peer, Bitfield pieces)
    {
        peer.MessagesSinceBlock += metainfo.PieceCount / PiecesPerMessage;
        if (peer.ToldPieces)
        {
            for (int piece = pieces.NextSet(0); piece >= 0 && !peer.IsClosed; piece = pieces.NextSet(piece + 1)) OnHave(peer, piece);
            return;
        }
        peer.ToldPieces = true;
        if (peer.CountedAsSeed) return;
        for (int piece = peer.Have.NextSet(0); piece >= 0; piece = peer.Have.NextSet(piece + 1))
        {
            Picker.Availability.Decrease(piece);
            pieces.Set(piece); // what it announced before is true still
        }
        peer.Pick.Have = pieces;
        if (pieces.IsFull) BecomeSeed(peer, counted: false);
        else Picker.Availability.Count(pieces, arrives: true);
        Picker.PeerGained();
        peer.Interesting = Intersection(pieces);
        UpdateInterest(peer);
        DropIfUseless(peer);
    }

    private void OnHave(PeerConnection peer, int piece)
    {
        if (piece >= metainfo.PieceCount)
        {
            Disconnect(peer, DisconnectReason.PieceOutOfRange);
            return;
        }
        if (!peer.Have.Set(piece)) return;
        if (given.Length > 0 && given[piece].Serial is > 0 and var giver && giver != peer.Serial) CreditSpread(giver);
        Picker.Availability.Increase(piece);
        if (peer.Have.IsFull) BecomeSeed(peer, counted: true);
        if (Picker.Missing[piece])
        {
            Picker.PeerGained();
            peer.Interesting++;
            UpdateInterest(peer);
            Downloads.Refill(peer);
        }
        DropIfUseless(peer);
    }

    private void BecomeSeed(PeerConnection peer, bool counted)
    {
        if (counted) Picker.Availability.Count(peer.Have, arrives: false);
        peer.CountedAsSeed = true;
        Picker.Availability.Seeds++;
        if (peer.Candidate is { } candidate) Candidates.MarkSeed(candidate, true);
    }

    private void OnExtended(PeerConnection peer, byte[] payload)
    {
        if (payload.Length == 0) return;
        ReadOnlySpan<byte> content = payload.AsSpan(1);
        switch ((Extension)payload[0])
        {
            case Extension.Handshake:
                if (ExtendedHandshake.TryRead(content, out ExtendedHandshake? handshake)) OnExtendedHandshake(peer, handshake);
                else Disconnect(peer, DisconnectReason.BadExtended);
                break;
            case Extension.DontHave:
                if (content.Length >= 4) OnDontHave(peer, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(content));
                break;
            case Extension.UploadOnly:
                peer.UploadOnly = content.Length > 0 && content[0] != 0;
                DropIfUseless(peer);
                break;
            case Extension.Metadata:
                metadata.OnMessage(peer, content, NowMs);
                break;
            case Extension.PeerExchange:
                OnPeerExchange(peer, content);
                break;
            default:
                break;
        }
    }

    private void OnPeerExchange(PeerConnection peer, ReadOnlySpan<byte> content)
    {
        if (pex is null) return;
        peer.PexReceiver ??= new PexReceiver(peer.Remote.Address, Candidates);
        switch (peer.PexReceiver.Receive(content, NowMs))
        {
            case PexVerdict.Malformed:
                Disconnect(peer, DisconnectReason.BadExtended);
                break;
            case PexVerdict.Abusive:
                Disconnect(peer, DisconnectReason.MessageFlood);
                break;
            case PexVerdict.Taken:
                Connector.Tick(NowMs);
                break;
            default:
                break;
        }
    }

    private void OnListenAddress(PeerConnection peer, IPEndPoint address)
    {
        peer.ListenAddress = address;
        PexFlags flags = peer.IsSeed ? PexFlags.Seed : PexFlags.None;
        pex?.OnConnected(address, peer.Incoming ? flags : flags | PexFlags.Reachable);
    }

    private void OnExtendedHandshake(PeerConnection peer, ExtendedHandshake handshake)
    {
        for (int i = 1; i < handshake.Ids.Count; i++)
        {
            if (handshake.Ids[i] >= 0) peer.ExtensionIds[i] = handshake.Ids[i];
        }
        if (!string.IsNullOrWhiteSpace(handshake.Client)) peer.Client = handshake.Client;
        if (handshake.RequestQueue is { } limit) peer.Window.PeerLimit = limit;
        if (handshake.UploadOnly is { } uploadOnly) peer.UploadOnly = uploadOnly;
        if (peer.Incoming && peer.Candidate is null && handshake.Port is { } port)
        {
            peer.Candidate = Candidates.Add(new IPEndPoint(peer.Remote.Address, port), CandidateSource.Incoming);
            if (peer.Candidate is not null) Candidates.OnConnected(peer.Candidate);
            if (peer.Candidate is not null && peer.CountedAsSeed) Candidates.MarkSeed(peer.Candidate, true);
            OnListenAddress(peer, new IPEndPoint(peer.Remote.Address, port));
        }
        if (handshake.YourAddress is { } ours) session.Addresses.Vote(ours, peer.Remote.Address);
        if (pex is not null && peer.ExtensionIds[(int)Extension.PeerExchange] != 0) peer.PexSender ??= new PexSender(pex, peer.ListenAddress);
        DropIfUseless(peer);
    }

    private void OnDontHave(PeerConnection peer, uint piece)
    {
        if (piece >= metainfo.PieceCount || !peer.Have[(int)piece]) return;
        if (peer.CountedAsSeed)
        {
            peer.CountedAsSeed = false;
            Picker.Availability.Seeds--;
            Picker.Availability.Count(peer.Have, arrives: true);
        }
        peer.Have.Clear((int)piece);
        Picker.Availability.Decrease((int)piece);
        Downloads.OnGone(peer, (int)piece);
        if (Picker.Missing[(int)piece]) peer.Interesting--;
        UpdateInterest(peer);
    }

    private void Tick(PeerConnection peer, long now)
    {
        peer.Downloaded.Sample(now);
        peer.Sender.Sent.Sample(now);
        if (peer.Receiver.TakeHeardFrom()) peer.LastHeardMs = now;
        if (peer.MessagesSinceBlock > MostMessagesPerTick) Disconnect(peer, DisconnectReason.MessageFlood);
        peer.MessagesSinceBlock = 0;
        if (peer.AmInterested || peer.PeerInterested) peer.LastUsefulMs = Math.Max(peer.LastUsefulMs, peer.LastHeardMs);
        int waiting = peer.Sender.WaitingSend;
        if (waiting != peer.Deaf.Number) peer.Deaf = (waiting, now);
        if (now - peer.LastHeardMs > IdleMs) Disconnect(peer, DisconnectReason.Idle);
        else if (waiting != 0 && now - peer.Deaf.SinceMs > DeafMs) Disconnect(peer, DisconnectReason.DoesNotRead);
        else if (now - peer.LastUsefulMs > UselessMs) Disconnect(peer, DisconnectReason.Useless);
        else if (now - peer.LastSentMs > KeepAliveMs) peer.SendKeepAlive();
        if (peer.IsClosed || peer.PexSender is not { } sender || now < sender.NextMs) return;
        pexMessage.Clear();
        if (sender.TryCompose(now, pexMessage)) peer.SendExtended(Extension.PeerExchange, pexMessage.Written);
    }

    private int Intersection(Bitfield have)
    {
        int count = 0;
        for (int piece = Picker.Missing.NextSet(0); piece >= 0; piece = Picker.Missing.NextSet(piece + 1))
        {
            if (have[piece]) count++;
        }
        return count;
    }

    private void UpdateInterest(PeerConnection peer)
    {
        bool interested = peer.Interesting > 0;
        if (interested == peer.AmInterested || peer.IsClosed) return;
        peer.AmInterested = interested;
        peer.SendBare(interested ? MessageId.Interested : MessageId.NotInterested);
        if (!interested) DropIfUseless(peer);
        else Downloads.Refill(peer);
    }

    // Two ends that both want nothing of each other have no reason to stay connected.
    private void DropIfUseless(PeerConnection peer)
    {
        if (!peer.IsClosed && Picker.IsFinished && (peer.IsSeed || (peer.UploadOnly && peer.ToldPieces && !peer.PeerInterested)))
            Disconnect(peer, DisconnectReason.BothSeeds);
    }

    private void UpdateFinished()
    {
        bool finished = Picker.IsFinished;
        Candidates.Seeding = Picker.Have.IsFull;
        if (finished == Choker.Seeding) return;
        Choker.Seeding = finished;
        if (!finished) Candidates.CallBackSeeds();
        byte[] state = [(byte)(finished ? 1 : 0)];
        foreach (PeerConnection peer in peers.ToList())
        {
            peer.SendExtended(Extension.UploadOnly, state);
            DropIfUseless(peer);
        }
        owner.OnFinishedChanged(finished);
    }

    private void OnGiven(PeerConnection peer, int piece)
    {
        if (given.Length == 0) given = new (int, long)[metainfo.PieceCount];
        (int serial, long ms) = given[piece];
        if (serial == peer.Serial) return;
        // Whose doing it is when the piece turns up elsewhere can be told only while one peer alone had it from us.
        bool forgotten = serial == 0 || NowMs - ms > SpreadMs;
        given[piece] = (forgotten ? peer.Serial : Several, NowMs);
        peer.Given++;
    }

    private void CreditSpread(int serial)
    {
        foreach (PeerConnection peer in peers)
        {
            if (peer.Serial != serial) continue;
            peer.Spread++;
            return;
        }
    }

    private void OnPieceJob(PieceJob job) => Downloads.OnPieceJob(job);

    private void OnUploadJob(UploadJob job)
    {
        if (job.Error is null && !job.IsDataGone) return; // the sender tells when it is out
        Uploads.OnUnread(job);
        owner.OnDiskError(job.Error ?? new FileNotFoundException("A file of the torrent is missing or shorter than it was."));
    }

    private void OnTurnEnd()
    {
        Downloads.OnTurnEnd();
        if (withOutbox.Count == 0) return;
        long now = NowMs;
        foreach (PeerConnection peer in withOutbox) peer.Flush(now);
        withOutbox.Clear();
    }
}

/// <summary>What a <see cref="Swarm"/> tells the torrent it belongs to.</summary>
internal interface ISwarmOwner
{
    /// <summary>All that is wanted is there, or no longer.</summary>
    void OnFinishedChanged(bool finished);

    void OnDiskError(Exception error);
}
