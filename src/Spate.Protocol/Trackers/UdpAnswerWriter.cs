using System.Buffers.Binary;

namespace Spate.Protocol.Trackers;

/// <summary>Writes what a UDP tracker answers (BEP 15). All methods return the bytes written.</summary>
public static class UdpAnswerWriter
{
    /// <summary>Gives a connection id: 16 bytes.</summary>
    public static int WriteConnect(Span<byte> packet, uint transactionId, ulong connectionId)
    {
        WriteHeader(packet, UdpTrackerAction.Connect, transactionId);
        BinaryPrimitives.WriteUInt64BigEndian(packet[8..], connectionId);
        return UdpTracker.ConnectAnswerSize;
    }

    /// <summary>Begins an announce answer: 20 bytes, to be followed by peers of 6 bytes (IPv4) or 18 bytes (IPv6).</summary>
    public static int WriteAnnounceHeader(Span<byte> packet, uint transactionId, int intervalSeconds, int leechers, int seeders)
    {
        WriteHeader(packet, UdpTrackerAction.Announce, transactionId);
        BinaryPrimitives.WriteInt32BigEndian(packet[8..], intervalSeconds);
        BinaryPrimitives.WriteInt32BigEndian(packet[12..], leechers);
        BinaryPrimitives.WriteInt32BigEndian(packet[16..], seeders);
        return UdpTracker.AnnounceAnswerHeaderSize;
    }

    /// <summary>Begins a scrape answer: 8 bytes, to be followed by one entry for each hash of the request.</summary>
    public static int WriteScrapeHeader(Span<byte> packet, uint transactionId) => WriteHeader(packet, UdpTrackerAction.Scrape, transactionId);

    /// <summary>Writes one torrent's counts: 12 bytes.</summary>
    public static int WriteScrapeEntry(Span<byte> packet, ScrapeEntry entry)
    {
        BinaryPrimitives.WriteInt32BigEndian(packet, entry.Seeders);
        BinaryPrimitives.WriteInt32BigEndian(packet[4..], entry.Completed);
        BinaryPrimitives.WriteInt32BigEndian(packet[8..], entry.Leechers);
        return UdpTracker.ScrapeEntrySize;
    }

    /// <summary>Refuses, with a message that is cut where the packet ends.</summary>
    public static int WriteError(Span<byte> packet, uint transactionId, ReadOnlySpan<byte> message)
    {
        int length = WriteHeader(packet, UdpTrackerAction.Error, transactionId);
        message = message[..Math.Min(message.Length, packet.Length - length)];
        message.CopyTo(packet[length..]);
        return length + message.Length;
    }

    private static int WriteHeader(Span<byte> packet, UdpTrackerAction action, uint transactionId)
    {
        BinaryPrimitives.WriteUInt32BigEndian(packet, (uint)action);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], transactionId);
        return UdpTracker.AnswerHeaderSize;
    }
}
