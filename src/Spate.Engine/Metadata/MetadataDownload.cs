using System.Net;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Engine.Limits;
using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Metadata;

/// <summary>
/// A torrent of which only the hash is known (a magnet link): finds peers by every means, and gets the info dictionary from them (BEP 9),
/// or from the web where the link names a source. Then it is done, and the peers that it found go on to the torrent itself.
/// </summary>
public sealed class MetadataDownload : IAnnounceSubject
{
    private const int MostPeers = 40;
    private const long SilentMs = 30_000;
    private const int MostTorrentFile = 10_000_000;

    private readonly SessionResources session;
    private readonly Strand strand;
    private readonly CandidateList candidates;
    private readonly Connector connector;
    private readonly AnnounceSchedule announces;
    private readonly MetadataAssembly assembly;
    private readonly List<PeerConnection> peers = [];
    private readonly List<PeerConnection> withOutbox = [];
    private readonly TransferLimits unlimited = new(new RateLimit(), new RateLimit());
    private readonly RateMeter sent = new();
    private readonly CancellationTokenSource ended = new();
    private readonly TaskCompletionSource<Metainfo> completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<object?> tick;
    private volatile MetadataStatus status;
    private DhtTorrent? dht;
    private int ticking;
    private int nextSerial;
    private int failed;

    internal MetadataDownload(SessionResources session, MagnetLink link, Action<Exception> onFault, IReadOnlyList<IPEndPoint> peers)
    {
        (this.session, Link) = (session, link);
        strand = new Strand(session.Environment.Scheduler, onFault) { TurnEnd = OnTurnEnd };
        byte[] random = new byte[8];
        session.Environment.Random.Fill(random);
        Key = BitConverter.ToUInt32(random);
        candidates = new CandidateList(BitConverter.ToUInt32(random, 4));
        assembly = new MetadataAssembly(link.InfoHash);
        connector = new Connector(session, link.InfoHash.Wire, candidates, () => MostPeers - this.peers.Count, OnDialled, isPrivate: false);
        announces = new AnnounceSchedule(this, session.Trackers, session.Gate, session.Environment.Random, session.Environment.Time, session.Options.Announces);
        status = new MetadataStatus { InfoHash = link.InfoHash, Name = link.Name ?? link.InfoHash.ToString() };
        tick = _ =>
        {
            Volatile.Write(ref ticking, 0);
            Tick();
        };
        strand.Enqueue(_ => Begin(peers));
    }

    public MagnetLink Link { get; }

    public InfoHash InfoHash => Link.InfoHash;

    /// <summary>How it stood within the last second.</summary>
    public MetadataStatus Status => status;

    /// <summary>Completes with the torrent's description; fails when the search is ended before.</summary>
    public Task<Metainfo> WhenComplete(CancellationToken cancellation = default) => completed.Task.WaitAsync(cancellation);

    /// <summary>Adds a peer to ask.</summary>
    public void AddPeer(IPEndPoint peer) => strand.Enqueue(_ =>
    {
        candidates.Add(peer, CandidateSource.Manual);
        connector.Tick(session.Clock.NowMs);
    });

    // What announces say while nothing is known of the torrent.
    PeerId IAnnounceSubject.PeerId => session.PeerId;

    int IAnnounceSubject.Port => session.ListenPort;

    private uint Key { get; }

    uint IAnnounceSubject.Key => Key;

    long IAnnounceSubject.Uploaded => 0;

    long IAnnounceSubject.Downloaded => 0;

    long IAnnounceSubject.Left => 16 * 1024;

    bool IAnnounceSubject.IsPartialSeed => false;

    int IAnnounceSubject.PeersWanted => MostPeers * 2;

    void IAnnounceSubject.OnPeers(Uri tracker, IReadOnlyList<IPEndPoint> found) => OnPeersFound(found, CandidateSource.Tracker);

    void IAnnounceSubject.OnExternalAddress(Uri tracker, IPAddress address) => session.Addresses.Vote(address, IPAddress.None);

    internal void OnIncoming(IConnection connection, Handshake handshake) => strand.Enqueue(_ => _ = AcceptAsync(connection, handshake));

    internal void Beat()
    {
        if (Interlocked.Exchange(ref ticking, 1) == 0) strand.Enqueue(tick);
    }

    /// <summary>
    /// Peers that are worth asking for the content: those we were connected to, then others. When it turned out to be private (BEP 27), only
    /// those of its trackers and of the user.
    /// </summary>
    public Task<IReadOnlyList<KnownPeer>> KnownPeersAsync()
    {
        var answer = new TaskCompletionSource<IReadOnlyList<KnownPeer>>(TaskCreationOptions.RunContinuationsAsynchronously);
        strand.Enqueue(_ =>
        {
            CandidateSource allowed = completed.Task is { IsCompletedSuccessfully: true, Result.IsPrivate: true }
                ? CandidateSource.Tracker | CandidateSource.Manual
                : (CandidateSource)byte.MaxValue;
            answer.SetResult(
            [
                .. candidates.Entries.Where(c => (c.Sources & allowed) != 0 && (c.WasConnected || c.Fails == 0))
                    .OrderByDescending(static c => c.WasConnected).ThenBy(static c => c.Fails).ThenByDescending(static c => c.Priority)
                    .Take(300).Select(static c => new KnownPeer(c.EndPoint, c.WasConnected)),
            ]);
        });
        return answer.Task;
    }

    /// <summary>Ends the search; nothing is announced any more.</summary>
    internal void End() => strand.Enqueue(_ => Stop(null));

    private void Begin(IReadOnlyList<IPEndPoint> known)
    {
        foreach (IPEndPoint peer in known) candidates.Add(peer, CandidateSource.Manual);
        announces.SetTiers([.. Link.Trackers.Select(url => Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) ? uri : null).OfType<Uri>().Select(uri => (IReadOnlyList<Uri>)[uri])]);
        announces.Start();
        connector.Start();
        JoinDhtNow();
        session.LocalDiscovery?.Add(InfoHash.Wire, strand, peer => OnPeersFound([peer], CandidateSource.Lsd));
        foreach ((string host, int port) in Link.Peers) _ = ResolveAsync(host, port);
        _ = FetchAsync([.. Link.ExactSources, .. Link.AcceptableSources]);
        Tick();
    }

    internal void JoinDht() => strand.Enqueue(_ => JoinDhtNow());

    private void JoinDhtNow()
    {
        if (dht is null && session.Dht is { } client && !ended.IsCancellationRequested)
            dht = client.Add(InfoHash.Wire, session.ListenPort, strand, found => OnPeersFound(found, CandidateSource.Dht));
    }

    private void OnPeersFound(IReadOnlyList<IPEndPoint> found, CandidateSource source)
    {
        foreach (IPEndPoint peer in found) candidates.Add(peer, source);
        connector.Tick(session.Clock.NowMs);
    }

    private async Task ResolveAsync(string host, int port)
    {
        try
        {
            foreach (IPAddress address in await session.Environment.Network.ResolveAsync(host, ended.Token))
                OnPeersFound([new IPEndPoint(address, port)], CandidateSource.Magnet);
        }
        catch (IOException) { } // a name in a link that nobody knows
        catch (OperationCanceledException) { }
    }

    // BEP 9 has peers alone; where all that seeds is a web server, the .torrent file there is the only way.
    private async Task FetchAsync(IReadOnlyList<string> sources)
    {
        foreach (string source in sources)
        {
            if (!Uri.TryCreate(source, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https")) continue;
            try
            {
                HttpAnswer answer = await session.Environment.Http.GetAsync(new HttpRequest(address) { MaxBytes = MostTorrentFile }, ended.Token);
                if (ended.IsCancellationRequested) return;
                if (answer.Status == 200 && Metainfo.TryParse(answer.Body, out Metainfo? metainfo, out _) && metainfo.InfoHash.Wire == InfoHash.Wire)
                {
                    Stop(metainfo);
                    return;
                }
            }
            catch (IOException) { } // the next one, or peers
            catch (OperationCanceledException) { return; }
        }
    }

    private void Tick()
    {
        if (ended.IsCancellationRequested) return;
        long now = session.Clock.NowMs;
        announces.Tick(now);
        connector.Tick(now);
        foreach (PeerConnection peer in peers.ToList())
        {
            if (peer.Receiver.TakeHeardFrom()) peer.LastHeardMs = now;
            if (now - Math.Max(peer.LastHeardMs, peer.ConnectedMs) > SilentMs) Disconnect(peer, DisconnectReason.Idle);
            else if (peer.MessagesSinceBlock > 50_000) Disconnect(peer, DisconnectReason.MessageFlood);
            else if (assembly.IsUseless(peer.Serial, now)) Disconnect(peer, DisconnectReason.Useless);
            else Ask(peer);
            peer.MessagesSinceBlock = 0;
        }
        DhtStatus? nodes = session.Dht?.Status;
        status = new MetadataStatus
        {
            InfoHash = InfoHash,
            Name = Link.Name ?? InfoHash.ToString(),
            Candidates = candidates.Count,
            Dialling = connector.Dialling,
            Peers = peers.Count,
            Failed = failed + candidates.Entries.Count(c => c.Fails > 0),
            PeersWithMetadata = peers.Count(peer => peer.MetadataSize > 0),
            Parts = assembly.Progress,
            DhtNodesAsked = dht?.NodesAsked ?? 0,
            IsJoiningDht = nodes is { IsReady: false },
            DhtProblem = nodes?.Problem ?? "",
            Trackers = announces.Snapshot(),
        };
    }

    private async Task AcceptAsync(IConnection connection, Handshake handshake)
    {
        bool accepted = false;
        try
        {
            if (ended.IsCancellationRequested || peers.Count >= MostPeers || Knows(handshake.PeerId)) return;
            using (session.Deadlines.Set(Handshaker.DeadlineMs, connection.Abort)) await Handshaker.SendAsync(connection, InfoHash.Wire, session.PeerId);
            if (ended.IsCancellationRequested) return;
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

    private bool Knows(PeerId id) => id == session.PeerId || peers.Exists(peer => peer.Id == id);

    private void OnDialled(IConnection connection, Handshake handshake, Candidate candidate)
    {
        if (ended.IsCancellationRequested || Knows(handshake.PeerId))
        {
            connection.Dispose();
            session.ReturnConnection();
            candidates.OnFailed(candidate, handshake.PeerId == session.PeerId ? ConnectFailure.Self : ConnectFailure.Cancelled, session.Clock.NowMs);
            return;
        }
        candidates.OnConnected(candidate);
        Add(connection, handshake, candidate);
    }

    private void Add(IConnection connection, Handshake handshake, Candidate? candidate)
    {
        var peer = new PeerConnection(++nextSerial, connection, handshake, candidate is null, 0, withOutbox.Add, session.Clock.NowMs) { Candidate = candidate };
        peer.Sender = new PeerSender(connection, session.SendBuffers, unlimited, session.Environment.Scheduler, sent, static () => { }, reason => OnPumpEnd(peer, reason));
        peer.Receiver = new PeerReceiver(connection, session.Blocks, session.ReceiveBuffers, unlimited, strand, session.Environment.Scheduler,
            o => OnMessages((PeerConnection)o!), peer, reason => OnPumpEnd(peer, reason));
        peers.Add(peer);
        if (!peer.UsesExtended)
        {
            Disconnect(peer, DisconnectReason.Useless);
            return;
        }
        if (peer.UsesFast) peer.SendBare(MessageId.HaveNone);
        peer.SendExtended(Extension.Handshake, ExtendedHandshake.Write(
            session.Options.PeerExchange ? [Extension.Metadata, Extension.PeerExchange] : [Extension.Metadata], session.Options.ClientName,
            session.ListenPort, Uploads.QueueLimit, peer.Remote.Address, 0, uploadOnly: false));
        session.Environment.Scheduler.Schedule(peer.Receiver);
    }

    private void OnPumpEnd(PeerConnection peer, DisconnectReason reason) => strand.Enqueue(_ => Disconnect(peer, reason));

    private void Disconnect(PeerConnection peer, DisconnectReason reason)
    {
        if (peer.IsClosed) return;
        peer.Closed = reason;
        peer.Connection.Abort();
        peers.Remove(peer);
        failed++;
        assembly.Forget(peer.Serial);
        session.ReturnConnection();
        if (peer.Candidate is { } candidate) candidates.OnDisconnected(candidate, reason > DisconnectReason.DoesNotRead, session.Clock.NowMs);
    }

    private void OnMessages(PeerConnection peer)
    {
        foreach (PeerMessage message in peer.Receiver.Batch)
        {
            peer.MessagesSinceBlock++;
            if (message.Slot >= 0)
            {
                session.Blocks.Return(message.Slot);
                if (!peer.IsClosed) Disconnect(peer, DisconnectReason.UnrequestedBlock);
            }
            if (!peer.IsClosed && message.Id == MessageId.Extended) OnExtended(peer, message.Payload!);
        }
        peer.Receiver.Done();
    }

    private void OnExtended(PeerConnection peer, byte[] payload)
    {
        if (payload.Length == 0) return;
        ReadOnlySpan<byte> content = payload.AsSpan(1);
        switch ((Extension)payload[0])
        {
            case Extension.Handshake:
                if (!ExtendedHandshake.TryRead(content, out ExtendedHandshake? handshake))
                {
                    Disconnect(peer, DisconnectReason.BadExtended);
                    return;
                }
                for (int i = 1; i < handshake.Ids.Count; i++)
                {
                    if (handshake.Ids[i] >= 0) peer.ExtensionIds[i] = handshake.Ids[i];
                }
                if (handshake.MetadataSize is { } size)
                {
                    peer.MetadataSize = size;
                    if (!assembly.Offer(peer.Serial, size)) Disconnect(peer, DisconnectReason.BadExtended);
                    else Ask(peer);
                }
                break;
            case Extension.Metadata:
                OnMetadata(peer, content);
                break;
            case Extension.PeerExchange when session.Options.PeerExchange:
                peer.PexReceiver ??= new PexReceiver(peer.Remote.Address, candidates);
                if (peer.PexReceiver.Receive(content, session.Clock.NowMs) is PexVerdict.Malformed or PexVerdict.Abusive) Disconnect(peer, DisconnectReason.BadExtended);
                else connector.Tick(session.Clock.NowMs);
                break;
            default:
                break;
        }
    }

    private void OnMetadata(PeerConnection peer, ReadOnlySpan<byte> content)
    {
        if (!MetadataMessage.TryRead(content, out MetadataMessage message, out ReadOnlySpan<byte> data))
        {
            Disconnect(peer, DisconnectReason.BadExtended);
            return;
        }
        switch (message.Kind)
        {
            case MetadataMessageKind.Request:
                peer.SendExtended(Extension.Metadata, new MetadataMessage(MetadataMessageKind.Reject, message.Piece, 0).Write());
                break;
            case MetadataMessageKind.Reject:
                assembly.OnReject(peer.Serial, message.Piece, session.Clock.NowMs);
                break;
            case MetadataMessageKind.Data:
                byte[]? whole = assembly.OnData(peer.Serial, message, data, session.Clock.NowMs, out bool liar);
                if (liar)
                {
                    candidates.Ban(peer.Remote);
                    Disconnect(peer, DisconnectReason.BadData);
                }
                else if (whole is null) Ask(peer);
                else if (Metainfo.TryParseInfo(whole, [.. Link.Trackers.Select(url => (IReadOnlyList<string>)[url])], Link.WebSeeds, out Metainfo? metainfo, out MetainfoError? error)) Stop(metainfo);
                else Stop(null, $"The metadata has the right hash and can't be used: {error}.");
                break;
            default:
                break;
        }
    }

    private void Ask(PeerConnection peer)
    {
        if (peer.IsClosed || peer.MetadataSize == 0 || peer.ExtensionIds[(int)Extension.Metadata] == 0) return;
        for (int part; (part = assembly.Next(peer.Serial, session.Clock.NowMs)) >= 0;)
            peer.SendExtended(Extension.Metadata, new MetadataMessage(MetadataMessageKind.Request, part, 0).Write());
    }

    private void Stop(Metainfo? metainfo, string? problem = null)
    {
        if (ended.IsCancellationRequested) return;
        ended.Cancel();
        connector.Stop();
        announces.Dispose();
        session.LocalDiscovery?.Remove(InfoHash.Wire);
        if (dht is not null) session.Dht?.Remove(dht);
        foreach (PeerConnection peer in peers.ToList()) Disconnect(peer, DisconnectReason.TorrentStopped);
        if (metainfo is not null) completed.TrySetResult(metainfo);
        else completed.TrySetException(new InvalidOperationException(problem ?? "The search for the metadata was ended."));
    }

    private void OnTurnEnd()
    {
        if (withOutbox.Count == 0) return;
        foreach (PeerConnection peer in withOutbox) peer.Flush(session.Clock.NowMs);
        withOutbox.Clear();
    }
}

/// <summary>A peer that the search for metadata found.</summary>
/// <param name="EndPoint">Where it listens.</param>
/// <param name="WasConnected">We were connected to it.</param>
public readonly record struct KnownPeer(IPEndPoint EndPoint, bool WasConnected);
