namespace Spate.Protocol.Trackers;

/// <summary>
/// An announce as an HTTP tracker got it (BEP 3): the query behind <c>/announce?</c>, read in one pass and without allocation.
/// Unknown keys are ignored. Of a key that stands twice the last one counts, save for the hash, the id and the port, where a
/// second one is an error.
/// </summary>
public ref struct AnnounceQuery
{
    [Flags]
    private enum Seen { None = 0, InfoHash = 1, PeerId = 2, Port = 4 }

    private Sha1Hash infoHash;
    private PeerId peerId;

    /// <summary>The torrent.</summary>
    public readonly Sha1Hash InfoHash => infoHash;

    /// <summary>Who announces.</summary>
    public readonly PeerId PeerId => peerId;

    /// <summary>The port on which the client takes connections.</summary>
    public ushort Port { get; private set; }

    /// <summary>Bytes sent, as the client says.</summary>
    public ulong Uploaded { get; private set; }

    /// <summary>Bytes received, as the client says.</summary>
    public ulong Downloaded { get; private set; }

    /// <summary>Bytes missing; <see cref="ulong.MaxValue"/> where the client does not know (a magnet link without metadata).</summary>
    public ulong Left { get; private set; }

    public AnnounceEvent Event { get; private set; }

    /// <summary>Peers wanted; -1 leaves it to the tracker.</summary>
    public int NumWant { get; private set; }

    /// <summary>What the client said about compact answers (BEP 23): true unless it said <c>compact=0</c>.</summary>
    public bool Compact { get; private set; }

    /// <summary>The client can do without peer ids in a dictionary answer.</summary>
    public bool NoPeerId { get; private set; }

    /// <summary>The client's session key (BEP 7), as it stands in the query; empty for none.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>The address that the client would have us take, as it stands in the query; empty for none.</summary>
    public ReadOnlySpan<byte> Ip { get; private set; }

    /// <summary>What we gave as our tracker id, as it stands in the query; empty for none.</summary>
    public ReadOnlySpan<byte> TrackerId { get; private set; }

    /// <summary>Reads a query, without the question mark.</summary>
    /// <returns>What is wrong with it, or <see cref="AnnounceQueryError.None"/>.</returns>
    public static AnnounceQueryError Read(ReadOnlySpan<byte> query, out AnnounceQuery announce)
    {
        announce = default;
        announce.Left = ulong.MaxValue;
        announce.NumWant = -1;
        announce.Compact = true;
        Seen seen = Seen.None;
        var pairs = new QueryPairs(query);
        while (pairs.Next())
        {
            AnnounceQueryError error = announce.Take(pairs.Key, pairs.Value, ref seen);
            if (error != AnnounceQueryError.None) return error;
        }
        if ((seen & Seen.InfoHash) == 0) return AnnounceQueryError.InfoHashMissing;
        if ((seen & Seen.PeerId) == 0) return AnnounceQueryError.PeerIdMissing;
        return (seen & Seen.Port) == 0 ? AnnounceQueryError.PortMissing : AnnounceQueryError.None;
    }

    private AnnounceQueryError Take(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, scoped ref Seen seen)
    {
        ulong number;
        switch (key.Length)
        {
            case 9 when key.SequenceEqual("info_hash"u8):
                if ((seen & Seen.InfoHash) != 0) return AnnounceQueryError.InfoHashTwice;
                seen |= Seen.InfoHash;
                if (PercentEncoding.Decode(value, infoHash) != Sha1Hash.Size) return AnnounceQueryError.InfoHashInvalid;
                break;
            case 7 when key.SequenceEqual("peer_id"u8):
                if ((seen & Seen.PeerId) != 0) return AnnounceQueryError.PeerIdTwice;
                seen |= Seen.PeerId;
                if (PercentEncoding.Decode(value, peerId) != PeerId.Size) return AnnounceQueryError.PeerIdInvalid;
                break;
            case 4 when key.SequenceEqual("port"u8):
                if ((seen & Seen.Port) != 0) return AnnounceQueryError.PortTwice;
                seen |= Seen.Port;
                if (!TryNumber(value, out number) || number > ushort.MaxValue) return AnnounceQueryError.PortInvalid;
                Port = (ushort)number;
                break;
            case 4 when key.SequenceEqual("left"u8):
                Left = TryNumber(value, out number) ? number : ulong.MaxValue; // clients write -1 or worse while they have no metadata
                break;
            case 8 when key.SequenceEqual("uploaded"u8):
                if (!TryNumber(value, out number)) return AnnounceQueryError.UploadedInvalid;
                Uploaded = number;
                break;
            case 10 when key.SequenceEqual("downloaded"u8):
                if (!TryNumber(value, out number)) return AnnounceQueryError.DownloadedInvalid;
                Downloaded = number;
                break;
            case 5 when key.SequenceEqual("event"u8):
                Event = EventOf(value);
                break;
            case 7 when key.SequenceEqual("numwant"u8):
                NumWant = TryNumber(value, out number) ? (int)Math.Min(number, int.MaxValue) : -1;
                break;
            case 7 when key.SequenceEqual("compact"u8):
                Compact = !value.SequenceEqual("0"u8);
                break;
            case 10 when key.SequenceEqual("no_peer_id"u8):
                NoPeerId = !value.SequenceEqual("0"u8);
                break;
            case 3 when key.SequenceEqual("key"u8):
                Key = value;
                break;
            case 2 when key.SequenceEqual("ip"u8):
                Ip = value;
                break;
            case 9 when key.SequenceEqual("trackerid"u8):
                TrackerId = value;
                break;
        }
        return AnnounceQueryError.None;
    }

    private static AnnounceEvent EventOf(ReadOnlySpan<byte> value) => value.Length switch
    {
        7 when value.SequenceEqual("started"u8) => AnnounceEvent.Started,
        7 when value.SequenceEqual("stopped"u8) => AnnounceEvent.Stopped,
        9 when value.SequenceEqual("completed"u8) => AnnounceEvent.Completed,
        6 when value.SequenceEqual("paused"u8) => AnnounceEvent.Paused,
        _ => AnnounceEvent.None,
    };

    private static bool TryNumber(ReadOnlySpan<byte> text, out ulong number)
    {
        number = 0;
        if (text.IsEmpty || text.Length > 19) return false; // nineteen digits always fit
        foreach (byte b in text)
        {
            uint digit = (uint)b - '0';
            if (digit > 9) return false;
            number = number * 10 + digit;
        }
        return true;
    }
}

/// <summary>What can be wrong with the query of an announce.</summary>
public enum AnnounceQueryError
{
    None,
    InfoHashMissing,
    InfoHashInvalid,
    InfoHashTwice,
    PeerIdMissing,
    PeerIdInvalid,
    PeerIdTwice,
    PortMissing,
    PortInvalid,
    PortTwice,
    UploadedInvalid,
    DownloadedInvalid,
}

/// <summary>Failure reasons for the client's log.</summary>
public static class AnnounceQueryErrors
{
    /// <summary>A sentence in UTF-8 that names the key at fault.</summary>
    public static ReadOnlySpan<byte> Reason(this AnnounceQueryError error) => error switch
    {
        AnnounceQueryError.InfoHashMissing => "info_hash is missing"u8,
        AnnounceQueryError.InfoHashInvalid => "info_hash is not 20 percent-encoded bytes"u8,
        AnnounceQueryError.InfoHashTwice => "info_hash stands twice: an announce is for one torrent"u8,
        AnnounceQueryError.PeerIdMissing => "peer_id is missing"u8,
        AnnounceQueryError.PeerIdInvalid => "peer_id is not 20 percent-encoded bytes"u8,
        AnnounceQueryError.PeerIdTwice => "peer_id stands twice"u8,
        AnnounceQueryError.PortMissing => "port is missing"u8,
        AnnounceQueryError.PortInvalid => "port is not a number up to 65535"u8,
        AnnounceQueryError.PortTwice => "port stands twice"u8,
        AnnounceQueryError.UploadedInvalid => "uploaded is not a number"u8,
        AnnounceQueryError.DownloadedInvalid => "downloaded is not a number"u8,
        _ => "invalid request"u8,
    };
}
