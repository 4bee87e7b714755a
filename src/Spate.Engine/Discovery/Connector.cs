using System.Net;
using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Session;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Discovery;

/// <summary>
/// Dials candidates of one torrent, as many at a time as the session's budgets allow, and hands those that answer the handshake to
/// the swarm. Lives on the torrent's strand.
/// </summary>
internal sealed class Connector
{
    private const int MostDialling = 20;   // of one torrent
    private const int DialsPerTick = 15;
    private const long ConnectDeadlineMs = 15_000;

    private readonly SessionResources session;
    private readonly Sha1Hash infoHash;
    private readonly CandidateList candidates;
    private readonly Func<int> room;
    private readonly bool isPrivate;
    private readonly Action<IConnection, Handshake, Candidate> onConnected;
    private readonly Action<IPEndPoint, DisconnectReason>? onFailed;
    private CancellationTokenSource? running;
    private IPAddress? own4, own6;
    private int dialling;

    /// <param name="room">How many more peers are wanted.</param>
    /// <param name="onConnected">Takes the connection over, on the strand; the session's connection budget was charged for it.</param>
    /// <param name="isPrivate">Nothing is said of the DHT (BEP 27).</param>
    /// <param name="onFailed">Told, on the strand, of each peer that could not be connected to, and why.</param>
    public Connector(
        SessionResources session, Sha1Hash infoHash, CandidateList candidates, Func<int> room, Action<IConnection, Handshake, Candidate> onConnected,
        bool isPrivate, Action<IPEndPoint, DisconnectReason>? onFailed = null)
    {
        (this.session, this.infoHash, this.candidates, this.room, this.onConnected) = (session, infoHash, candidates, room, onConnected);
        (this.isPrivate, this.onFailed) = (isPrivate, onFailed);
    }

    /// <summary>Peers being dialled.</summary>
    public int Dialling => dialling;

    public void Start() => running ??= new CancellationTokenSource();

    public void Stop()
    {
        running?.Cancel();
        running = null;
    }

    /// <summary>Dials what there is room for.</summary>
    public void Tick(long nowMs)
    {
        FollowAddress();
        if (running is null) return;
        for (int i = 0; i < DialsPerTick && dialling < MostDialling && room() > dialling; i++)
        {
            if (!session.TryTakeConnection()) return;
            if (!session.TryTakeHalfOpen())
            {
                session.ReturnConnection();
                return;
            }
            if (!candidates.TryNext(nowMs, out Candidate? candidate))
            {
                session.ReturnHalfOpen();
                session.ReturnConnection();
                return;
            }
            if ((candidate.Sources & CandidateSource.Manual) == 0 && !session.Dials.TryKnock(candidate.EndPoint.Address, nowMs))
            {
                session.ReturnHalfOpen();
                session.ReturnConnection();
                candidates.Postpone(candidate, nowMs);
                continue;
            }
            _ = Dial(candidate, running.Token);
        }
    }

    // The ranking of peers follows our own address (BEP 40), once it is known.
    private void FollowAddress()
    {
        (IPAddress? v4, IPAddress? v6) = (session.Addresses.V4, session.Addresses.V6);
        if (v4 is not null && !ReferenceEquals(v4, own4)) candidates.SetExternal(new IPEndPoint(own4 = v4, session.ListenPort));
        if (v6 is not null && !ReferenceEquals(v6, own6)) candidates.SetExternal(new IPEndPoint(own6 = v6, session.ListenPort));
    }

    private async Task Dial(Candidate candidate, CancellationToken stop)
    {
        dialling++;
        IConnection? connection = null;
        bool handedOver = false;
        ConnectFailure failure = ConnectFailure.Unreachable;
        DisconnectReason reason = DisconnectReason.ConnectFailed, late = DisconnectReason.ConnectTimeout;
        bool isLate = false;
        try
        {
            using (var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stop))
            using (session.Deadlines.Set(ConnectDeadlineMs, () => { isLate = true; giveUp.Cancel(); }))
                connection = await session.Environment.Network.ConnectAsync(candidate.EndPoint, giveUp.Token);
            // Who does not have the torrent closes upon our handshake.
            (failure, reason, late) = (ConnectFailure.Handshake, DisconnectReason.ClosedByPeer, DisconnectReason.HandshakeTimeout);
            Handshake? answer;
            using (session.Deadlines.Set(Handshaker.DeadlineMs, () => { isLate = true; connection.Abort(); }))
            using (stop.Register(connection.Abort))
            {
                await Handshaker.SendAsync(connection, infoHash, session.PeerId, !isPrivate && session.Dht is not null);
                answer = await Handshaker.ReceiveAsync(connection);
            }
            if (stop.IsCancellationRequested) return;
            if (answer is not { } handshake) reason = DisconnectReason.NotBitTorrent;
            else if (handshake.InfoHash != infoHash) (failure, reason) = (ConnectFailure.WrongTorrent, DisconnectReason.WrongInfoHash);
            else if (handshake.PeerId == session.PeerId) (failure, reason) = (ConnectFailure.Self, DisconnectReason.Ourselves);
            else
            {
                handedOver = true;
                session.Dials.OnAnswered(candidate.EndPoint.Address);
                onConnected(connection, handshake, candidate);
            }
        }
        catch (IOException) { }
        catch (OperationCanceledException) { }
        catch (ObjectDisposedException) { }
        finally
        {
            dialling--;
            session.ReturnHalfOpen();
            if (!handedOver)
            {
                connection?.Dispose();
                session.ReturnConnection();
                candidates.OnFailed(candidate, stop.IsCancellationRequested ? ConnectFailure.Cancelled : failure, session.Clock.NowMs);
                if (!stop.IsCancellationRequested) onFailed?.Invoke(candidate.EndPoint, isLate ? late : reason);
            }
        }
    }
}
