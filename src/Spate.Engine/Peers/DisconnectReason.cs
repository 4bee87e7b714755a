namespace Spate.Engine.Peers;

/// <summary>Why a connection to a peer ended. The first reason wins.</summary>
public enum DisconnectReason
{
    None,

    // What the network did.
    ClosedByPeer,
    ConnectionLost,
    ConnectFailed,
    ConnectTimeout,

    // What we decided.
    TorrentStopped,
    SessionClosed,
    BothSeeds,
    TooManyConnections,
    TooManyFromAddress,
    MadeRoom,
    DuplicatePeer,
    Ourselves,
    Banned,

    // Silence.
    HandshakeTimeout,
    Idle,
    Useless,
    DoesNotRead,

    // Broken protocol.
    NotBitTorrent,
    WrongInfoHash,
    MessageTooLong,
    MessageLength,
    NumberOutOfRange,
    BlockSize,
    PieceOutOfRange,
    BadBitfield,
    BadExtended,
    UnrequestedBlock,
    RequestOutOfRange,
    RequestTooLong,
    RequestFlood,
    RejectFlood,
    MessageFlood,
    BadData,
    Bug,
}

/// <summary>What to tell people about a <see cref="DisconnectReason"/>.</summary>
public static class DisconnectReasonText
{
    /// <summary>One short sentence, without a full stop.</summary>
    public static string Describe(this DisconnectReason reason) => reason switch
    {
        DisconnectReason.None => "connected",
        DisconnectReason.ClosedByPeer => "the peer closed the connection",
        DisconnectReason.ConnectionLost => "the connection broke",
        DisconnectReason.ConnectFailed => "nobody answered at that address",
        DisconnectReason.ConnectTimeout => "no answer in time",
        DisconnectReason.TorrentStopped => "the torrent was stopped",
        DisconnectReason.SessionClosed => "the session was closed",
        DisconnectReason.BothSeeds => "both ends have everything",
        DisconnectReason.TooManyConnections => "the connection limit is reached",
        DisconnectReason.TooManyFromAddress => "enough peers are connected from that address",
        DisconnectReason.MadeRoom => "made room for another peer",
        DisconnectReason.DuplicatePeer => "connected to this peer already",
        DisconnectReason.Ourselves => "the peer is this session itself",
        DisconnectReason.Banned => "the peer is banned",
        DisconnectReason.HandshakeTimeout => "no handshake within 10 s",
        DisconnectReason.Idle => "silent for 2 minutes",
        DisconnectReason.Useless => "neither end wanted anything for 10 minutes",
        DisconnectReason.DoesNotRead => "does not read what it is sent",
        DisconnectReason.NotBitTorrent => "does not speak BitTorrent",
        DisconnectReason.WrongInfoHash => "answered for another torrent",
        DisconnectReason.MessageTooLong => "sent a message over the size limit",
        DisconnectReason.MessageLength => "sent a message whose length does not fit its kind",
        DisconnectReason.NumberOutOfRange => "sent a negative number",
        DisconnectReason.BlockSize => "sent a block of a size that nobody asked for",
        DisconnectReason.PieceOutOfRange => "named a piece that the torrent does not have",
        DisconnectReason.BadBitfield => "sent a bitfield of the wrong length or with spare bits set",
        DisconnectReason.BadExtended => "sent an extension message that can't be read",
        DisconnectReason.UnrequestedBlock => "sent blocks that were not asked for",
        DisconnectReason.RequestOutOfRange => "asked for bytes outside the torrent",
        DisconnectReason.RequestTooLong => "asked for more than 128 KiB at once",
        DisconnectReason.RequestFlood => "asked for more blocks than we said we queue",
        DisconnectReason.RejectFlood => "rejected too many requests",
        DisconnectReason.MessageFlood => "sent far more messages than data",
        DisconnectReason.BadData => "sent bad data",
        _ => "an error in this program",
    };
}
