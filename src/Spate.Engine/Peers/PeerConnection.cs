using System.Net;
using Spate.Engine.Discovery;
using Spate.Engine.Limits;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Peers;

/// <summary>A request of the peer that we have not answered.</summary>
internal readonly record struct BlockRequest(int Piece, int Offset, int Length);

/// <summary>
/// Everything we know of one connected peer. Lives on the torrent's strand; its two pumps have their own threads and touch only
/// what they own. Messages to the peer are gathered here during a turn and go out together at its end.
/// </summary>
internal sealed class PeerConnection
{
    private readonly Action<PeerConnection> onOutbox;
    private byte[]? outbox;
    private int outboxLength;

    /// <param name="onOutbox">Told when the first message of a turn is written: call <see cref="Flush"/> at its end.</param>
    public PeerConnection(int serial, IConnection connection, Handshake handshake, bool incoming, int pieceCount, Action<PeerConnection> onOutbox, long nowMs)
    {
        Connection = connection;
        Id = handshake.PeerId;
        Incoming = incoming;
        UsesFast = handshake.Features.HasFlag(HandshakeFeatures.Fast);
        UsesExtended = handshake.Features.HasFlag(HandshakeFeatures.Extended);
        UsesDht = handshake.Features.HasFlag(HandshakeFeatures.Dht);
        Pick = new PickState(serial, new Bitfield(pieceCount));
        Client = ClientName.Of(handshake.PeerId);
        this.onOutbox = onOutbox;
        (ConnectedMs, LastHeardMs, LastSentMs, LastBlockMs, LastUsefulMs) = (nowMs, nowMs, nowMs, nowMs, nowMs);
    }

    // Who it is.
    public IConnection Connection { get; }

    public int Serial => Pick.Serial;

    public IPEndPoint Remote => Connection.Remote;

    public PeerId Id { get; }

    public string Client { get; set; }

    public bool Incoming { get; }

    public bool UsesFast { get; }

    public bool UsesExtended { get; }

    public bool UsesDht { get; }

    /// <summary>Its entry in the candidate list, where it has one.</summary>
    public Candidate? Candidate { get; set; }

    /// <summary>By our number of an extension: the peer's, or 0.</summary>
    public int[] ExtensionIds { get; } = new int[ExtendedHandshake.ExtensionCount];

    public PeerReceiver Receiver { get; set; } = null!;

    public PeerSender Sender { get; set; } = null!;

    // What it has, and what either end wants.
    public PickState Pick { get; }

    public Bitfield Have => Pick.Have;

    public bool IsSeed => Have.IsFull;

    /// <summary>It said which pieces it has, in a bitfield or in its place.</summary>
    public bool ToldPieces { get; set; }

    /// <summary>Pieces that it has and we want.</summary>
    public int Interesting { get; set; }

    public bool AmChoking { get; set; } = true;

    public bool AmInterested { get; set; }

    public bool PeerChoking { get; set; } = true;

    public bool PeerInterested { get; set; }

    /// <summary>It wants nothing (BEP 21), as far as it says.</summary>
    public bool UploadOnly { get; set; }

    // Downloading from it.
    public RequestWindow Window { get; } = new();

    /// <summary>Requests that we took back: as many blocks may still come unasked.</summary>
    public int Forgiven { get; set; }

    /// <summary>Pieces that it lets us ask for while choked (BEP 6).</summary>
    public List<int>? AllowedByPeer { get; set; }

    public int Rejects { get; set; }

    public long LastBlockMs { get; set; }

    public bool IsSnubbed { get; set; }

    public RateMeter Downloaded { get; } = new();

    /// <summary>Bytes of blocks received up to the last choking round.</summary>
    public long DownloadedAtRound { get; set; }

    // Uploading to it.
    public Queue<BlockRequest> Uploads { get; } = new();

    /// <summary>Requests in a row over what we queue for it.</summary>
    public int OverLimit { get; set; }

    /// <summary>Buffers with blocks for it that are being read or sent.</summary>
    public int BuffersInFlight { get; set; }

    /// <summary>Pieces that it may ask for while choked (BEP 6).</summary>
    public List<int>? AllowedToPeer { get; set; }

    /// <summary>Bytes of these pieces that it may still ask for while choked: each once.</summary>
    public long AllowanceBytes { get; set; }

    /// <summary>Waits for a send buffer.</summary>
    public bool WaitsForBuffer { get; set; }

    public long UploadedAtRound { get; set; }

    public long UnchokedMs { get; set; } = long.MinValue;

    /// <summary>Pieces that we sent it last and then saw at others, and pieces that we sent it: how well it spreads what it gets.</summary>
    public double Spread { get; set; }

    public double Given { get; set; }

    // Extensions.
    /// <summary>Where others can reach it, once that is known.</summary>
    public IPEndPoint? ListenAddress { get; set; }

    /// <summary>Bytes of the metadata, as it says (BEP 9); 0 while it has none.</summary>
    public int MetadataSize { get; set; }

    /// <summary>How often it said where its DHT node is.</summary>
    public int PortsSaid { get; set; }

    /// <summary>Parts of the metadata that it was sent.</summary>
    public int MetadataPartsSent { get; set; }

    public PexSender? PexSender { get; set; }

    public PexReceiver? PexReceiver { get; set; }

    // Time.
    public long ConnectedMs { get; }

    public long LastHeardMs { get; set; }

    public long LastSentMs { get; set; }

    /// <summary>When either end last wanted something of the other.</summary>
    public long LastUsefulMs { get; set; }

    /// <summary>The send that waited for it to read at the last tick, and since when.</summary>
    public (int Number, long SinceMs) Deaf { get; set; }

    public int MessagesSinceBlock { get; set; }

    /// <summary>It is one of the seeds in the picker's counts.</summary>
    public bool CountedAsSeed { get; set; }

    /// <summary>What its pumps said when they ended; written by them.</summary>
    public DisconnectReason PumpEnd { get; set; }

    /// <summary>Why it was disconnected; the first reason wins.</summary>
    public DisconnectReason Closed { get; set; }

    public bool IsClosed => Closed != DisconnectReason.None;

    // Messages to the peer.
    public void SendBare(MessageId id) => outboxLength += MessageWriter.Bare(Reserve(5), id);

    public void SendPiece(MessageId id, int piece) => outboxLength += MessageWriter.Piece(Reserve(9), id, piece);

    public void SendBlock(MessageId id, int piece, int offset, int length) =>
        outboxLength += MessageWriter.Block(Reserve(MessageWriter.RequestLength), id, piece, offset, length);

    public void SendBitfield(Bitfield bits) => outboxLength += MessageWriter.Bits(Reserve(5 + bits.WireLength), bits);

    public void SendKeepAlive() => outboxLength += MessageWriter.KeepAlive(Reserve(4));

    public void SendPort(int port) => outboxLength += MessageWriter.Port(Reserve(7), port);

    /// <summary>Sends an extended message when the peer has that extension.</summary>
    public void SendExtended(Extension extension, ReadOnlySpan<byte> payload)
    {
        int id = extension == Extension.Handshake ? 0 : ExtensionIds[(int)extension];
        if (extension != Extension.Handshake && id == 0) return;
        outboxLength += MessageWriter.Extended(Reserve(6 + payload.Length), (byte)id, payload);
    }

    /// <summary>Hands what was gathered to the sending pump.</summary>
    public void Flush(long nowMs)
    {
        if (outboxLength == 0) return;
        byte[] bytes = outbox!;
        int length = outboxLength;
        (outbox, outboxLength) = (null, 0);
        LastSentMs = nowMs;
        if (IsClosed) ControlBuffers.Return(bytes);
        else Sender.SendControl(bytes, length);
    }

    private Span<byte> Reserve(int length)
    {
        if (outbox is null)
        {
            outbox = ControlBuffers.Rent(Math.Max(512, length));
            onOutbox(this);
        }
        else if (outbox.Length - outboxLength < length)
        {
            byte[] larger = ControlBuffers.Rent(Math.Max(outbox.Length * 2, outboxLength + length));
            outbox.AsSpan(0, outboxLength).CopyTo(larger);
            ControlBuffers.Return(outbox);
            outbox = larger;
        }
        return outbox.AsSpan(outboxLength, length);
    }
}
