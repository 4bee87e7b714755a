namespace Spate.Protocol.Wire;

/// <summary>What a peer message is about (BEP 3, 5, 6, 10, 52).</summary>
public enum MessageId : byte
{
    Choke = 0,
    Unchoke = 1,
    Interested = 2,
    NotInterested = 3,
    Have = 4,
    Bitfield = 5,
    Request = 6,
    Piece = 7,
    Cancel = 8,

    /// <summary>The UDP port of the peer's DHT node (BEP 5).</summary>
    Port = 9,

    /// <summary>BEP 6: a hint which piece is cheap to send.</summary>
    Suggest = 0x0d,

    /// <summary>BEP 6: the sender has every piece.</summary>
    HaveAll = 0x0e,

    /// <summary>BEP 6: the sender has no piece.</summary>
    HaveNone = 0x0f,

    /// <summary>BEP 6: this request will not be answered.</summary>
    Reject = 0x10,

    /// <summary>BEP 6: this piece may be requested while choked.</summary>
    AllowedFast = 0x11,

    /// <summary>BEP 10: the next byte says which extension.</summary>
    Extended = 20,

    /// <summary>BEP 52.</summary>
    HashRequest = 21,

    /// <summary>BEP 52.</summary>
    Hashes = 22,

    /// <summary>BEP 52.</summary>
    HashReject = 23,
}
