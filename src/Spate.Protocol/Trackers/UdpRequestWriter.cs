using System.Buffers.Binary;

namespace Spate.Protocol.Trackers;

/// <summary>Writes what a client sends to a UDP tracker (BEP 15). All methods return the bytes written.</summary>
public static class UdpRequestWriter
{
    /// <summary>Asks for a connection id.</summary>
    /// <param name="packet">At least 16 bytes.</param>
    /// <param name="transactionId">Random; the answer repeats it.</param>
    public static int WriteConnect(Span<byte> packet, uint transactionId) =>
        WriteHeader(packet, UdpTracker.ProtocolId, UdpTrackerAction.Connect, transactionId);

    /// <summary>Announces.</summary>
    /// <param name="packet">At least <see cref="AnnounceSize"/> bytes.</param>
    /// <param name="connectionId">From a connect answer that is not older than a minute.</param>
    /// <param name="transactionId">Random; the answer repeats it.</param>
    /// <param name="request">What to tell.</param>
    /// <param name="urlData">Path and query of the tracker's URL, to be sent as options (BEP 41), or nothing.</param>
    public static int WriteAnnounce(
        Span<byte> packet, ulong connectionId, uint transactionId, AnnounceRequest request, ReadOnlySpan<byte> urlData = default)
    {
        WriteHeader(packet, connectionId, UdpTrackerAction.Announce, transactionId);
        request.InfoHash.AsSpan().CopyTo(packet[16..]);
        request.PeerId.AsSpan().CopyTo(packet[36..]);
        BinaryPrimitives.WriteInt64BigEndian(packet[56..], request.Downloaded);
        BinaryPrimitives.WriteInt64BigEndian(packet[64..], request.Left);
        BinaryPrimitives.WriteInt64BigEndian(packet[72..], request.Uploaded);
        BinaryPrimitives.WriteInt32BigEndian(packet[80..], (int)request.Event);
        BinaryPrimitives.WriteUInt32BigEndian(packet[84..], 0); // the tracker takes the packet's source address
        BinaryPrimitives.WriteUInt32BigEndian(packet[88..], request.Key);
        BinaryPrimitives.WriteInt32BigEndian(packet[92..], request.NumWant ?? -1);
        BinaryPrimitives.WriteUInt16BigEndian(packet[96..], request.Port);
        return UdpTracker.AnnounceRequestSize + UdpOptions.WriteUrlData(packet[UdpTracker.AnnounceRequestSize..], urlData);
    }

    /// <summary>Bytes that <see cref="WriteAnnounce"/> needs for URL data of this length.</summary>
    public static int AnnounceSize(int urlDataLength) => UdpTracker.AnnounceRequestSize + UdpOptions.UrlDataSize(urlDataLength);

    /// <summary>Asks for the counts of up to <see cref="UdpTracker.MaxScrapeHashes"/> torrents.</summary>
    /// <param name="packet">At least 16 bytes and 20 for each hash.</param>
    /// <param name="connectionId">From a connect answer that is not older than a minute.</param>
    /// <param name="transactionId">Random; the answer repeats it.</param>
    /// <param name="infoHashes">The torrents; the answer has them in this order.</param>
    /// <exception cref="ArgumentException">Too many hashes for one packet.</exception>
    public static int WriteScrape(Span<byte> packet, ulong connectionId, uint transactionId, ReadOnlySpan<Sha1Hash> infoHashes)
    {
        if (infoHashes.Length > UdpTracker.MaxScrapeHashes)
            throw new ArgumentException($"A scrape request holds {UdpTracker.MaxScrapeHashes} hashes, not {infoHashes.Length}.", nameof(infoHashes));
        int length = WriteHeader(packet, connectionId, UdpTrackerAction.Scrape, transactionId);
        foreach (ref readonly Sha1Hash hash in infoHashes)
        {
            hash.AsSpan().CopyTo(packet[length..]);
            length += Sha1Hash.Size;
        }
        return length;
    }

    private static int WriteHeader(Span<byte> packet, ulong connectionId, UdpTrackerAction action, uint transactionId)
    {
        BinaryPrimitives.WriteUInt64BigEndian(packet, connectionId);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], (uint)action);
        BinaryPrimitives.WriteUInt32BigEndian(packet[12..], transactionId);
        return UdpTracker.RequestHeaderSize;
    }
}
