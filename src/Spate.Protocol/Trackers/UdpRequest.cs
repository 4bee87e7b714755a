using System.Buffers.Binary;

namespace Spate.Protocol.Trackers;

/// <summary>A request as a UDP tracker got it (BEP 15): a view of the datagram, nothing is copied.</summary>
public readonly ref struct UdpRequest
{
    private readonly ReadOnlySpan<byte> packet;

    private UdpRequest(ReadOnlySpan<byte> packet)
    {
        this.packet = packet;
    }

    /// <summary>Looks at a datagram; false when it is shorter than any request.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out UdpRequest request)
    {
        request = new UdpRequest(datagram);
        return datagram.Length >= UdpTracker.RequestHeaderSize;
    }

    /// <summary>The connection id, or <see cref="UdpTracker.ProtocolId"/> in a connect request.</summary>
    public ulong ConnectionId => BinaryPrimitives.ReadUInt64BigEndian(packet);

    /// <summary>What is wanted; may be a number without a name.</summary>
    public UdpTrackerAction Action => (UdpTrackerAction)BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);

    /// <summary>To be repeated in the answer.</summary>
    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);

    /// <summary>True for the very bytes that ask for a connection id.</summary>
    public bool IsConnect => ConnectionId == UdpTracker.ProtocolId && Action == UdpTrackerAction.Connect;

    /// <summary>The content of an announce; false when the datagram is too short for one.</summary>
    public bool TryReadAnnounce(out UdpAnnounce announce)
    {
        announce = new UdpAnnounce(packet);
        return packet.Length >= UdpTracker.AnnounceRequestSize;
    }

    /// <summary>
    /// The torrents of a scrape, 20 bytes each; empty when there is none. At most <see cref="UdpTracker.MaxScrapeHashes"/> of them,
    /// further ones are left out, as is an incomplete last one.
    /// </summary>
    public ReadOnlySpan<byte> ScrapeHashes
    {
        get
        {
            int count = Math.Min((packet.Length - UdpTracker.RequestHeaderSize) / Sha1Hash.Size, UdpTracker.MaxScrapeHashes);
            return packet.Slice(UdpTracker.RequestHeaderSize, count * Sha1Hash.Size);
        }
    }
}

/// <summary>The fields of an announce request, read where they stand in the datagram.</summary>
public readonly ref struct UdpAnnounce
{
    private readonly ReadOnlySpan<byte> packet;

    internal UdpAnnounce(ReadOnlySpan<byte> packet)
    {
        this.packet = packet;
    }

    /// <summary>The torrent's twenty bytes.</summary>
    public ReadOnlySpan<byte> InfoHash => packet.Slice(16, Sha1Hash.Size);

    /// <summary>The client's twenty bytes.</summary>
    public ReadOnlySpan<byte> PeerId => packet.Slice(36, Protocol.PeerId.Size);

    /// <summary>Bytes received, as the client says.</summary>
    public ulong Downloaded => BinaryPrimitives.ReadUInt64BigEndian(packet[56..]);

    /// <summary>Bytes missing, as the client says; 0 makes a seed.</summary>
    public ulong Left => BinaryPrimitives.ReadUInt64BigEndian(packet[64..]);

    /// <summary>Bytes sent, as the client says.</summary>
    public ulong Uploaded => BinaryPrimitives.ReadUInt64BigEndian(packet[72..]);

    /// <summary>Why the client announces; an unknown number counts as <see cref="AnnounceEvent.None"/>.</summary>
    public AnnounceEvent Event
    {
        get
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(packet[80..]);
            return value <= (uint)AnnounceEvent.Paused ? (AnnounceEvent)value : AnnounceEvent.None;
        }
    }

    /// <summary>An IPv4 address that the client would have us take instead of the source address; 0 for none.</summary>
    public uint Address => BinaryPrimitives.ReadUInt32BigEndian(packet[84..]);

    /// <summary>The client's session number (BEP 7).</summary>
    public uint Key => BinaryPrimitives.ReadUInt32BigEndian(packet[88..]);

    /// <summary>Peers wanted; negative leaves it to the tracker.</summary>
    public int NumWant => BinaryPrimitives.ReadInt32BigEndian(packet[92..]);

    /// <summary>The port on which the client takes connections.</summary>
    public ushort Port => BinaryPrimitives.ReadUInt16BigEndian(packet[96..]);

    /// <summary>What follows the fixed fields: see <see cref="UdpOptions"/>.</summary>
    public ReadOnlySpan<byte> Options => packet[UdpTracker.AnnounceRequestSize..];
}
