using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Announcing;
using Spate.Tracker.Store;

namespace Spate.Tracker.WebTorrent;

/// <summary>Where a client asked for its WebSocket, and from where.</summary>
internal sealed record WebTorrentRequest(byte[] Address, byte[] Path, byte[] Query);

/// <summary>
/// WebTorrent's tracker protocol over WebSocket: browsers announce with WebRTC offers, which are passed on to others of the swarm, and
/// their answers are passed back.
/// </summary>
internal sealed class WebTorrentServer(AnnounceDesk desk, WebSwarms swarms, TrackerOptions options)
{
    private const int MaxMessage = 128 * 1024;
    private const int MaxSwarms = 1000;
    private const long MaxWaitingBytes = 256 << 20;
    private const int MessagesPerSecond = 50, MessageBurst = 500;

    // Silence for twice as long means that the client has gone without saying so.
    private static readonly TimeSpan pingInterval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan closeTimeout = TimeSpan.FromSeconds(5);

    private readonly int intervalSeconds = (int)options.WebSocketInterval.TotalSeconds;
    private readonly OutboxMemory outboxes = new(MaxWaitingBytes);
    private int connections;

    /// <summary>Counts of all WebSockets; their interlocked costs do not matter beside JSON.</summary>
    public FrontEndCounters Counters { get; } = new();

    /// <summary>Open connections.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>Serves one client from the end of the handshake to the end of its connection.</summary>
    public async Task ServeAsync(Stream stream, WebTorrentRequest request, CancellationToken cancellation)
    {
        using WebSocket socket = WebSocket.CreateFromStream(
            stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = pingInterval, KeepAliveTimeout = pingInterval });
        if (Interlocked.Increment(ref connections) > options.MaxWebSockets)
        {
            Interlocked.Decrement(ref connections);
            await socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, "too many connections", cancellation);
            return;
        }
        Interlocked.Increment(ref Counters.Connections);
        var peer = new WebTorrentPeer(outboxes);
        Task sending = SendAllAsync(socket, peer, cancellation);
        try
        {
            await ReceiveAllAsync(socket, peer, request, cancellation);
        }
        catch (WebSocketException) { } // gone without a word
        finally
        {
            Interlocked.Decrement(ref connections);
            foreach ((Sha1Hash hash, PeerId id) in peer.Swarms) swarms.Leave(hash, id, peer);
            peer.CompleteOutbox();
        }
        // Who does not read what is left for him does not hold us up.
        if (await Task.WhenAny(sending, Task.Delay(closeTimeout, CancellationToken.None)) != sending) socket.Abort();
        await sending;
    }

    private async Task ReceiveAllAsync(WebSocket socket, WebTorrentPeer peer, WebTorrentRequest request, CancellationToken cancellation)
    {
        double allowance = MessageBurst;
        long allowanceAt = options.Time.GetTimestamp();
        while (true)
        {
            // A buffer only for who has something to say.
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(Memory<byte>.Empty, cancellation);
            if (part.MessageType == WebSocketMessageType.Close) return;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
            int length = 0;
            do
            {
                if (length == buffer.Length) Grow(ref buffer);
                part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
                length += part.Count;
            }
            while (!part.EndOfMessage && length <= MaxMessage && part.MessageType != WebSocketMessageType.Close);
            if (part.MessageType == WebSocketMessageType.Close || length > MaxMessage) return;

            long now = options.Time.GetTimestamp();
            allowance = Math.Min(MessageBurst, allowance + options.Time.GetElapsedTime(allowanceAt, now).TotalSeconds * MessagesPerSecond);
            allowanceAt = now;
            if (--allowance < 0) return;
            Interlocked.Increment(ref Counters.Requests);
            Interlocked.Add(ref Counters.BytesIn, length);
            Handle(buffer.AsSpan(0, length), peer, request);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Grow(ref byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }

    private void Handle(ReadOnlySpan<byte> json, WebTorrentPeer peer, WebTorrentRequest request)
    {
        if (!WebTorrentMessage.TryRead(json, out WebTorrentMessage message, out string error))
        {
            Interlocked.Increment(ref Counters.Errors);
            Sha1Hash? hash = message.InfoHashes.Count == 1 ? message.InfoHashes[0] : null;
            peer.Send(WebTorrentReply.Failure(message.IsScrape, hash, Encoding.UTF8.GetBytes(error)));
        }
        else if (message.IsScrape) Scrape(message, peer, request);
        else Announce(message, peer, request);
    }

    private void Announce(WebTorrentMessage message, WebTorrentPeer peer, WebTorrentRequest request)
    {
        Sha1Hash hash = message.InfoHashes[0];
        PeerId id = message.PeerId;
        var announcement = new Announcement
        {
            Address = request.Address,
            InfoHash = hash.AsSpan(),
            PeerId = id.AsSpan(),
            Path = request.Path,
            Query = request.Query,
            Event = message.Event,
            Uploaded = message.Uploaded,
            Downloaded = message.Downloaded,
            Left = message.Left,
        };
        uint now = desk.Clock.NowSeconds;
        Refusal refusal = desk.Admit(announcement, now, out Access.TrackerUser? user);
        if (refusal == Refusal.None && message.Answer is not null)
        {
            // Only who is in the swarm under this id may speak for it.
            if (!peer.Swarms.Contains((hash, id))) return;
            swarms.Find(hash, message.ToPeerId)?.Send(WebTorrentReply.Answer(hash, id, message.OfferId, message.Answer));
            return;
        }
        if (refusal == Refusal.None && message.Event == AnnounceEvent.Stopped)
        {
            desk.Credit(user, announcement, now);
            if (peer.Swarms.Remove((hash, id))) swarms.Leave(hash, id, peer);
            ScrapeEntry left = desk.Scrape(hash.AsSpan());
            peer.Send(WebTorrentReply.Announce(hash, intervalSeconds, (uint)left.Seeders, (uint)left.Leechers));
            return;
        }
        AnnounceResult? result = refusal == Refusal.None ? Enter(message, hash, id, peer, out refusal) : null;
        if (result is not { } entered)
        {
            Interlocked.Increment(ref Counters.Errors);
            Interlocked.Increment(ref Counters.Refusals[(int)refusal]);
            peer.Send(WebTorrentReply.Failure(isScrape: false, hash, refusal.Reason()));
            return;
        }
        desk.Credit(user, announcement, now);
        Interlocked.Increment(ref Counters.Announces);
        peer.Send(WebTorrentReply.Announce(hash, intervalSeconds, entered.Counts.Seeders, entered.Counts.Leechers));
        if (message.Offers.Count == 0) return;
        List<WebTorrentPeer> others = swarms.Choose(hash, id, message.Left == 0, message.Offers.Count);
        for (int i = 0; i < others.Count; i++)
            others[i].Send(WebTorrentReply.Offer(hash, id, message.Offers[i].Id, message.Offers[i].Description));
    }

    private AnnounceResult? Enter(WebTorrentMessage message, Sha1Hash hash, PeerId id, WebTorrentPeer peer, out Refusal refusal)
    {
        refusal = Refusal.None;
        if (peer.Swarms.Count >= MaxSwarms && !peer.Swarms.Contains((hash, id)))
        {
            refusal = Refusal.TooOften;
            return null;
        }
        PeerRole role = message.Left == 0 ? PeerRole.Seed : message.Event == AnnounceEvent.Paused ? PeerRole.Partial : PeerRole.Leecher;
        AnnounceResult? result = swarms.Enter(hash, id, peer, role, message.Event == AnnounceEvent.Completed, out bool isFull);
        if (result is null)
        {
            refusal = isFull ? Refusal.TrackerFull : Refusal.PeerIdInUse;
            return null;
        }
        peer.Swarms.Add((hash, id));
        return result;
    }

    private void Scrape(WebTorrentMessage message, WebTorrentPeer peer, WebTorrentRequest request)
    {
        Refusal refusal = desk.CheckScrape(request.Path, request.Query);
        if (refusal != Refusal.None)
        {
            Interlocked.Increment(ref Counters.Errors);
            peer.Send(WebTorrentReply.Failure(isScrape: true, null, refusal.Reason()));
            return;
        }
        Interlocked.Increment(ref Counters.Scrapes);
        var torrents = message.InfoHashes.Distinct().Select(hash => (hash, desk.Scrape(hash.AsSpan()))).ToList();
        peer.Send(WebTorrentReply.Scrape(torrents, intervalSeconds));
    }

    private async Task SendAllAsync(WebSocket socket, WebTorrentPeer peer, CancellationToken cancellation)
    {
        try
        {
            await foreach (byte[] message in peer.Outbox.ReadAllAsync(cancellation))
            {
                Interlocked.Add(ref Counters.BytesOut, message.Length);
                try { await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellation); }
                finally { peer.Sent(message); }
            }
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            socket.Abort(); // ends the receiving half too
            peer.DropOutbox();
        }
    }
}
