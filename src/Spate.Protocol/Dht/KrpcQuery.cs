using Spate.Protocol.Bencode;

namespace Spate.Protocol.Dht;

/// <summary>A query to be sent: what is not set is left out.</summary>
public ref struct KrpcQuery
{
    public required KrpcMethod Method { get; init; }

    /// <summary>Our node id.</summary>
    public required Sha1Hash Id { get; init; }

    /// <summary>We answer no queries (BEP 43).</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>The node id, torrent or key that this is about.</summary>
    public Sha1Hash? Target { get; init; }

    public KrpcWant Want { get; init; }

    public ReadOnlySpan<byte> Token { get; init; }

    public int? Port { get; init; }

    public bool ImpliedPort { get; init; }

    public bool IsSeed { get; init; }

    public bool NoSeed { get; init; }

    public bool WantsScrape { get; init; }

    /// <summary>A bencoded value.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    public ReadOnlySpan<byte> PublicKey { get; init; }

    public ReadOnlySpan<byte> Signature { get; init; }

    public ReadOnlySpan<byte> Salt { get; init; }

    public long? Sequence { get; init; }

    public long? Cas { get; init; }

    /// <summary>Writes the whole message.</summary>
    public readonly void Write(BencodeWriter writer, ReadOnlySpan<byte> transactionId, ReadOnlySpan<byte> version)
    {
        bool isAboutTorrent = Method is KrpcMethod.GetPeers or KrpcMethod.AnnouncePeer;
        writer.BeginDictionary();
        writer.Key("a"u8).BeginDictionary();
        if (Cas is long cas) writer.Integer("cas"u8, cas);
        writer.Bytes("id"u8, Id.AsSpan());
        if (ImpliedPort) writer.Integer("implied_port"u8, 1);
        if (isAboutTorrent && Target is Sha1Hash torrent) writer.Bytes("info_hash"u8, torrent.AsSpan());
        if (!PublicKey.IsEmpty) writer.Bytes("k"u8, PublicKey);
        if (NoSeed) writer.Integer("noseed"u8, 1);
        if (Port is int port) writer.Integer("port"u8, port);
        if (!Salt.IsEmpty) writer.Bytes("salt"u8, Salt);
        if (WantsScrape) writer.Integer("scrape"u8, 1);
        if (IsSeed) writer.Integer("seed"u8, 1);
        if (Sequence is long sequence) writer.Integer("seq"u8, sequence);
        if (!Signature.IsEmpty) writer.Bytes("sig"u8, Signature);
        if (!isAboutTorrent && Target is Sha1Hash target) writer.Bytes("target"u8, target.AsSpan());
        if (!Token.IsEmpty) writer.Bytes("token"u8, Token);
        if (!Value.IsEmpty) writer.Key("v"u8).Raw(Value);
        if (Want != KrpcWant.Unsaid)
        {
            writer.Key("want"u8).BeginList();
            if ((Want & KrpcWant.V4) != 0) writer.Bytes("n4"u8);
            if ((Want & KrpcWant.V6) != 0) writer.Bytes("n6"u8);
            writer.End();
        }
        writer.End();
        writer.Bytes("q"u8, NameOf(Method));
        if (IsReadOnly) writer.Integer("ro"u8, 1);
        writer.Bytes("t"u8, transactionId);
        if (!version.IsEmpty) writer.Bytes("v"u8, version);
        writer.Bytes("y"u8, "q"u8).End();
    }

    private static ReadOnlySpan<byte> NameOf(KrpcMethod method) => method switch
    {
        KrpcMethod.Ping => "ping"u8,
        KrpcMethod.FindNode => "find_node"u8,
        KrpcMethod.GetPeers => "get_peers"u8,
        KrpcMethod.AnnouncePeer => "announce_peer"u8,
        KrpcMethod.Get => "get"u8,
        KrpcMethod.Put => "put"u8,
        KrpcMethod.SampleInfohashes => "sample_infohashes"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(method)),
    };
}
