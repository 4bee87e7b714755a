using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Spate.Protocol.Trackers;

/// <summary>An answer as a client of a UDP tracker got it (BEP 15): a view of the datagram.</summary>
public readonly ref struct UdpAnswer
{
    // What a failure message may have at most; the rest of the datagram is not worth keeping.
    private const int MaxMessage = 512;

    private readonly ReadOnlySpan<byte> packet;

    private UdpAnswer(ReadOnlySpan<byte> packet)
    {
        this.packet = packet;
    }

    /// <summary>Looks at a datagram; false when it is shorter than any answer.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out UdpAnswer answer)
    {
        answer = new UdpAnswer(datagram);
        return datagram.Length >= UdpTracker.AnswerHeaderSize;
    }

    /// <summary>What is answered; may be a number without a name.</summary>
    public UdpTrackerAction Action => (UdpTrackerAction)BinaryPrimitives.ReadUInt32BigEndian(packet);

    /// <summary>Must equal that of a request under way, or the datagram is not for us.</summary>
    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);

    /// <summary>The id in a connect answer; false when it is another answer or too short.</summary>
    public bool TryReadConnect(out ulong connectionId)
    {
        connectionId = 0;
        if (Action != UdpTrackerAction.Connect || packet.Length < UdpTracker.ConnectAnswerSize) return false;
        connectionId = BinaryPrimitives.ReadUInt64BigEndian(packet[8..]);
        return true;
    }

    /// <summary>
    /// The content of an announce answer, or of an error answer as <see cref="AnnounceAnswer.Failure"/>; false when it is another
    /// answer or too short.
    /// </summary>
    /// <param name="isIPv6">Whether the datagram came over IPv6, which decides what a peer looks like.</param>
    /// <param name="maxPeers">Further peers are left out.</param>
    /// <param name="answer">The content.</param>
    public bool TryReadAnnounce(bool isIPv6, int maxPeers, out AnnounceAnswer answer)
    {
        answer = null!;
        if (Action == UdpTrackerAction.Error)
        {
            answer = new AnnounceAnswer { Failure = Message };
            return true;
        }
        if (Action != UdpTrackerAction.Announce || packet.Length < UdpTracker.AnnounceAnswerHeaderSize) return false;
        var peers = new List<IPEndPoint>();
        CompactPeers.Read(packet[UdpTracker.AnnounceAnswerHeaderSize..], isIPv6, maxPeers, peers);
        int interval = BinaryPrimitives.ReadInt32BigEndian(packet[8..]);
        answer = new AnnounceAnswer
        {
            Interval = interval > 0 ? TimeSpan.FromSeconds(interval) : null,
            Leechers = Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(packet[12..])),
            Seeders = Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(packet[16..])),
            Peers = peers,
        };
        return true;
    }

    /// <summary>Reads a scrape answer into entries, in the order of the request's hashes. Returns how many there are, -1 for another answer.</summary>
    public int ReadScrape(Span<ScrapeEntry> entries)
    {
        if (Action != UdpTrackerAction.Scrape) return -1;
        ReadOnlySpan<byte> rest = packet[UdpTracker.AnswerHeaderSize..];
        int count = Math.Min(entries.Length, rest.Length / UdpTracker.ScrapeEntrySize);
        for (int i = 0; i < count; i++, rest = rest[UdpTracker.ScrapeEntrySize..])
        {
            entries[i] = new ScrapeEntry(
                Seeders: Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(rest)),
                Completed: Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(rest[4..])),
                Leechers: Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(rest[8..])));
        }
        return count;
    }

    /// <summary>The text of an error answer: UTF-8, at most 512 bytes of it; bytes that are none become U+FFFD.</summary>
    public string Message
    {
        get
        {
            ReadOnlySpan<byte> text = packet[UdpTracker.AnswerHeaderSize..];
            return Encoding.UTF8.GetString(text[..Math.Min(text.Length, MaxMessage)]).TrimEnd('\0');
        }
    }
}
