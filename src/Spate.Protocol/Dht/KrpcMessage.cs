using System.Net;
using Spate.Protocol.Bencode;
using Spate.Protocol.Trackers;

namespace Spate.Protocol.Dht;

/// <summary>
/// A DHT message as it came (BEP 5, 32, 33, 42, 43, 44, 51): a view of the datagram. Fields that are missing, of the wrong type or of
/// the wrong length are empty or null, so whoever needs one checks it; nothing here throws.
/// </summary>
public ref struct KrpcMessage
{
    // Careless nodes write keys out of order; what is signed or hashed is checked apart.
    private static readonly BencodeLimits limits = new(KrpcLimits.MaxReceived, 10, 500, AllowUnsortedKeys: true);

    private BencodeReader values;

    public KrpcKind Kind { get; private set; }

    /// <summary>To be repeated in the answer.</summary>
    public ReadOnlySpan<byte> TransactionId { get; private set; }

    /// <summary>The sender's software (<c>v</c>), if it says.</summary>
    public ReadOnlySpan<byte> Version { get; private set; }

    /// <summary>What a query asks for.</summary>
    public KrpcMethod Method { get; private set; }

    /// <summary>The sender answers no queries and is not to be remembered (BEP 43).</summary>
    public bool IsReadOnly { get; private set; }

    /// <summary>Where the sender of a response saw our query come from (BEP 42): 6 or 18 bytes.</summary>
    public ReadOnlySpan<byte> Ip { get; private set; }

    /// <summary>The sender's node id, 20 bytes.</summary>
    public ReadOnlySpan<byte> Id { get; private set; }

    /// <summary>The node id, torrent or key that a query is about (<c>target</c> or <c>info_hash</c>), 20 bytes.</summary>
    public ReadOnlySpan<byte> Target { get; private set; }

    /// <summary>Proves that the sender holds the address it writes from.</summary>
    public ReadOnlySpan<byte> Token { get; private set; }

    /// <summary>IPv4 nodes.</summary>
    public ReadOnlySpan<byte> Nodes { get; private set; }

    /// <summary>IPv6 nodes.</summary>
    public ReadOnlySpan<byte> Nodes6 { get; private set; }

    /// <summary>The family of nodes that are wanted.</summary>
    public KrpcWant Want { get; private set; }

    /// <summary>Where the announced peer listens.</summary>
    public long? Port { get; private set; }

    /// <summary>The announced peer listens where the query came from.</summary>
    public bool ImpliedPort { get; private set; }

    /// <summary>The announced peer has everything (BEP 33).</summary>
    public bool IsSeed { get; private set; }

    /// <summary>Seeds are not wanted (BEP 33).</summary>
    public bool NoSeed { get; private set; }

    /// <summary>Filters are wanted (BEP 33).</summary>
    public bool WantsScrape { get; private set; }

    /// <summary>The seeds of the torrent (BEP 33), 256 bytes.</summary>
    public ReadOnlySpan<byte> SeedFilter { get; private set; }

    /// <summary>The other peers of the torrent (BEP 33), 256 bytes.</summary>
    public ReadOnlySpan<byte> PeerFilter { get; private set; }

    /// <summary>The value of an item, bencoded, as it stands in the message (BEP 44).</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The public key of a mutable item, 32 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey { get; private set; }

    /// <summary>The signature of a mutable item, 64 bytes.</summary>
    public ReadOnlySpan<byte> Signature { get; private set; }

    /// <summary>The salt of a mutable item.</summary>
    public ReadOnlySpan<byte> Salt { get; private set; }

    /// <summary>The version of a mutable item; in a query, the one that is known already.</summary>
    public long? Sequence { get; private set; }

    /// <summary>The version that is to be replaced.</summary>
    public long? Cas { get; private set; }

    /// <summary>Seconds until new samples are to be had (BEP 51).</summary>
    public long? Interval { get; private set; }

    /// <summary>Torrents that the sender knows of (BEP 51).</summary>
    public long? Count { get; private set; }

    /// <summary>Torrents, 20 bytes each (BEP 51); null where the sender does not know the method.</summary>
    public ReadOnlySpan<byte> Samples { get; private set; }

    /// <summary>True when the sender knows of samples, even if it has none.</summary>
    public bool HasSamples { get; private set; }

    /// <summary>Why a query was refused.</summary>
    public long ErrorCode { get; private set; }

    /// <summary>The reason in words.</summary>
    public ReadOnlySpan<byte> ErrorText { get; private set; }

    /// <summary>Reads a message. False for what can't be one: no bencode, no kind, no transaction id of a sensible length.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out KrpcMessage message)
    {
        message = default;
        if (!BencodeReader.TryOpen(datagram, limits, out BencodeReader reader, out _) || !reader.TryEnterDictionary()) return false;
        BencodeReader arguments = default, results = default, error = default;
        bool hasKind = false, hasTransaction = false;
        ReadOnlySpan<byte> name = default;
        while (reader.TryReadKey(out ReadOnlySpan<byte> key))
        {
            BencodeReader value = reader;
            reader.Skip();
            ReadOnlySpan<byte> bytes;
            if (key.Length == 1)
            {
                switch (key[0])
                {
                    // Which of these counts depends on the kind, which comes last; some nodes send more than one.
                    case (byte)'a':
                        arguments = value;
                        break;
                    case (byte)'r':
                        results = value;
                        break;
                    case (byte)'e':
                        error = value;
                        break;
                    case (byte)'q':
                        if (value.TryReadBytes(out bytes)) name = bytes;
                        break;
                    case (byte)'t':
                        hasTransaction = value.TryReadBytes(out bytes) && bytes.Length is > 0 and <= KrpcLimits.MaxTransactionId;
                        message.TransactionId = bytes;
                        break;
                    case (byte)'v':
                        if (value.TryReadBytes(out bytes)) message.Version = bytes;
                        break;
                    case (byte)'y':
                        hasKind = value.TryReadBytes(out bytes) && bytes.Length == 1 && bytes[0] is (byte)'q' or (byte)'r' or (byte)'e';
                        if (hasKind) message.Kind = bytes[0] == 'q' ? KrpcKind.Query : bytes[0] == 'r' ? KrpcKind.Response : KrpcKind.Error;
                        break;
                }
            }
            else if (key.SequenceEqual("ip"u8))
            {
                if (value.TryReadBytes(out bytes) && bytes.Length is UdpTracker.PeerSizeV4 or UdpTracker.PeerSizeV6) message.Ip = bytes;
            }
            else if (key.SequenceEqual("ro"u8)) message.IsReadOnly = IsOne(ref value);
        }
        if (!hasKind || !hasTransaction) return false;
        if (message.Kind == KrpcKind.Error) return message.ReadError(error);
        if (message.Kind == KrpcKind.Query) message.Method = MethodOf(name);
        return message.ReadBody(message.Kind == KrpcKind.Query ? arguments : results);
    }

    /// <summary>Adds the peers of the list <c>values</c> (BEP 5) until <paramref name="peers"/> holds <paramref name="maxCount"/>.</summary>
    public readonly void ReadPeers(int maxCount, ICollection<IPEndPoint> peers)
    {
        BencodeReader list = values;
        if (!list.TryEnterList()) return;
        while (!list.TryLeave() && peers.Count < maxCount)
        {
            if (!list.TryReadBytes(out ReadOnlySpan<byte> peer)) list.Skip();
            else if (peer.Length == UdpTracker.PeerSizeV4) CompactPeers.Read(peer, isIPv6: false, maxCount, peers);
            else if (peer.Length == UdpTracker.PeerSizeV6) CompactPeers.Read(peer, isIPv6: true, maxCount, peers);
        }
    }

    /// <summary>True when there is a list of peers, even an empty one.</summary>
    public readonly bool HasPeers => values.Kind == BencodeKind.List;

    private bool ReadBody(BencodeReader body)
    {
        if (!body.TryEnterDictionary()) return false;
        while (body.TryReadKey(out ReadOnlySpan<byte> key))
        {
            BencodeReader value = body;
            body.Skip();
            Take(key, value);
        }
        return true;
    }

    private void Take(ReadOnlySpan<byte> key, BencodeReader value)
    {
        ReadOnlySpan<byte> bytes;
        if (key.SequenceEqual("id"u8))
        {
            if (value.TryReadBytes(Sha1Hash.Size, out bytes)) Id = bytes;
        }
        else if (key.SequenceEqual("target"u8) || key.SequenceEqual("info_hash"u8))
        {
            if (value.TryReadBytes(Sha1Hash.Size, out bytes)) Target = bytes;
        }
        else if (key.SequenceEqual("nodes"u8))
        {
            if (value.TryReadBytes(out bytes)) Nodes = bytes;
        }
        else if (key.SequenceEqual("nodes6"u8))
        {
            if (value.TryReadBytes(out bytes)) Nodes6 = bytes;
        }
        else if (key.SequenceEqual("token"u8))
        {
            if (value.TryReadBytes(out bytes) && bytes.Length <= KrpcLimits.MaxToken) Token = bytes;
        }
        else if (key.SequenceEqual("values"u8)) values = value;
        else if (key.SequenceEqual("want"u8)) Want = WantOf(ref value);
        else if (key.SequenceEqual("port"u8)) Port = NumberOf(ref value);
        else if (key.SequenceEqual("implied_port"u8)) ImpliedPort = NumberOf(ref value) is not null and not 0;
        else if (key.SequenceEqual("seed"u8)) IsSeed = IsOne(ref value);
        else if (key.SequenceEqual("noseed"u8)) NoSeed = IsOne(ref value);
        else if (key.SequenceEqual("scrape"u8)) WantsScrape = IsOne(ref value);
        else if (key.SequenceEqual("BFsd"u8))
        {
            if (value.TryReadBytes(ScrapeFilter.Size, out bytes)) SeedFilter = bytes;
        }
        else if (key.SequenceEqual("BFpe"u8))
        {
            if (value.TryReadBytes(ScrapeFilter.Size, out bytes)) PeerFilter = bytes;
        }
        else if (key.SequenceEqual("v"u8)) Value = value.ReadRaw();
        else if (key.SequenceEqual("k"u8))
        {
            if (value.TryReadBytes(KrpcLimits.PublicKeySize, out bytes)) PublicKey = bytes;
        }
        else if (key.SequenceEqual("sig"u8))
        {
            if (value.TryReadBytes(KrpcLimits.SignatureSize, out bytes)) Signature = bytes;
        }
        else if (key.SequenceEqual("salt"u8))
        {
            if (value.TryReadBytes(out bytes)) Salt = bytes;
        }
        else if (key.SequenceEqual("seq"u8)) Sequence = NumberOf(ref value);
        else if (key.SequenceEqual("cas"u8)) Cas = NumberOf(ref value);
        else if (key.SequenceEqual("interval"u8)) Interval = NumberOf(ref value);
        else if (key.SequenceEqual("num"u8)) Count = NumberOf(ref value);
        else if (key.SequenceEqual("samples"u8))
        {
            HasSamples = value.TryReadBytes(out bytes) && bytes.Length % Sha1Hash.Size == 0;
            if (HasSamples) Samples = bytes;
        }
    }

    private bool ReadError(BencodeReader body)
    {
        if (!body.TryEnterList()) return true; // an error without a reason is still one
        if (body.TryReadInt64(out long code)) ErrorCode = code;
        if (body.TryReadBytes(out ReadOnlySpan<byte> text)) ErrorText = text;
        return true;
    }

    private static KrpcMethod MethodOf(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("ping"u8)) return KrpcMethod.Ping;
        if (name.SequenceEqual("find_node"u8)) return KrpcMethod.FindNode;
        if (name.SequenceEqual("get_peers"u8)) return KrpcMethod.GetPeers;
        if (name.SequenceEqual("announce_peer"u8)) return KrpcMethod.AnnouncePeer;
        if (name.SequenceEqual("get"u8)) return KrpcMethod.Get;
        if (name.SequenceEqual("put"u8)) return KrpcMethod.Put;
        if (name.SequenceEqual("sample_infohashes"u8)) return KrpcMethod.SampleInfohashes;
        return KrpcMethod.Unknown;
    }

    private static KrpcWant WantOf(ref BencodeReader list)
    {
        KrpcWant want = KrpcWant.Unsaid;
        if (!list.TryEnterList()) return want;
        while (!list.TryLeave())
        {
            if (!list.TryReadBytes(out ReadOnlySpan<byte> family)) list.Skip();
            else if (family.SequenceEqual("n4"u8)) want |= KrpcWant.V4;
            else if (family.SequenceEqual("n6"u8)) want |= KrpcWant.V6;
        }
        return want;
    }

    private static long? NumberOf(ref BencodeReader value) => value.TryReadInt64(out long number) ? number : null;

    private static bool IsOne(ref BencodeReader value) => value.TryReadInt64(out long number) && number == 1;
}
