namespace Spate.Protocol.Dht;

/// <summary>What a DHT message is (BEP 5, the key <c>y</c>).</summary>
public enum KrpcKind
{
    /// <summary>A question; wants exactly one answer.</summary>
    Query,

    /// <summary>The answer to a question.</summary>
    Response,

    /// <summary>The refusal of a question.</summary>
    Error,
}

/// <summary>What a query asks for (the key <c>q</c>).</summary>
public enum KrpcMethod
{
    /// <summary>Something that a later specification may have defined.</summary>
    Unknown,

    /// <summary>BEP 5: are you there?</summary>
    Ping,

    /// <summary>BEP 5: who is close to this id?</summary>
    FindNode,

    /// <summary>BEP 5: who has this torrent?</summary>
    GetPeers,

    /// <summary>BEP 5: I have this torrent.</summary>
    AnnouncePeer,

    /// <summary>BEP 44: what is stored under this key?</summary>
    Get,

    /// <summary>BEP 44: store this.</summary>
    Put,

    /// <summary>BEP 51: of which torrents do you know?</summary>
    SampleInfohashes,
}

/// <summary>Which nodes a query wants to hear of (BEP 32, the key <c>want</c>).</summary>
[Flags]
public enum KrpcWant : byte
{
    /// <summary>Not said: those of the family over which it came.</summary>
    Unsaid = 0,

    /// <summary>IPv4 nodes.</summary>
    V4 = 1,

    /// <summary>IPv6 nodes.</summary>
    V6 = 2,
}

/// <summary>Error codes (BEP 5, BEP 44).</summary>
public static class KrpcErrors
{
    public const int Generic = 201;
    public const int Server = 202;
    public const int Protocol = 203;
    public const int MethodUnknown = 204;
    public const int ValueTooBig = 205;
    public const int InvalidSignature = 206;
    public const int SaltTooBig = 207;
    public const int CasMismatch = 301;
    public const int SequenceTooOld = 302;
}

/// <summary>Numbers of the DHT.</summary>
public static class KrpcLimits
{
    /// <summary>Bytes of a message that we send at most (BEP 32).</summary>
    public const int MaxSent = 1024;

    /// <summary>Bytes of a message with an item at most: a value of 1000 bytes, its signature, and nodes where they fit.</summary>
    public const int MaxSentWithItem = 1400;

    /// <summary>Bytes of a message that we look at at most.</summary>
    public const int MaxReceived = 2048;

    /// <summary>Bytes of a transaction id that we answer to: what is longer only makes answers long.</summary>
    public const int MaxTransactionId = 32;

    /// <summary>Bytes of a write token at most, of others.</summary>
    public const int MaxToken = 64;

    /// <summary>Bytes of an item's bencoded value at most (BEP 44).</summary>
    public const int MaxValue = 1000;

    /// <summary>Bytes of a salt at most (BEP 44).</summary>
    public const int MaxSalt = 64;

    /// <summary>Bytes of an Ed25519 public key.</summary>
    public const int PublicKeySize = 32;

    /// <summary>Bytes of an Ed25519 signature.</summary>
    public const int SignatureSize = 64;

    /// <summary>Bytes of a node in a list: id, IPv4 address, port.</summary>
    public const int NodeSizeV4 = 26;

    /// <summary>Bytes of a node in a list: id, IPv6 address, port (BEP 32).</summary>
    public const int NodeSizeV6 = 38;
}
