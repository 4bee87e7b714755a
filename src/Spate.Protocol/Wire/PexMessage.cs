using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Spate.Protocol.Bencode;
using Spate.Protocol.Trackers;

namespace Spate.Protocol.Wire;

/// <summary>What is said of a peer in an exchange (BEP 11).</summary>
[Flags]
public enum PexFlags : byte
{
    None = 0,

    /// <summary>Wants its connections encrypted.</summary>
    PrefersEncryption = 0x01,

    /// <summary>Has everything, or all that it wants.</summary>
    Seed = 0x02,

    /// <summary>Takes connections over uTP.</summary>
    SupportsUtp = 0x04,

    /// <summary>Helps to get through NATs (BEP 55).</summary>
    SupportsHolepunch = 0x08,

    /// <summary>Was dialled, so it can be reached.</summary>
    Reachable = 0x10,
}

/// <summary>A peer in an exchange.</summary>
/// <param name="EndPoint">Where it listens.</param>
/// <param name="Flags">What is said of it.</param>
public readonly record struct PexPeer(IPEndPoint EndPoint, PexFlags Flags);

/// <summary>The payload of a <c>ut_pex</c> message (BEP 11): peers that came and went since the message before.</summary>
public static class PexMessage
{
    /// <summary>Peers in one of our messages at most, added and dropped each; the first message is exempt but needs no more either.</summary>
    public const int MaxPeers = 50;

    private const int SizeV4 = UdpTracker.PeerSizeV4, SizeV6 = UdpTracker.PeerSizeV6;

    /// <summary>
    /// Reads a message. Peers with port 0, incomplete ones and those beyond the limit are left out; missing flags are none.
    /// </summary>
    /// <param name="payload">What follows the extended message's id.</param>
    /// <param name="limit">Added and dropped peers to take at most, each.</param>
    /// <param name="added">Gets the peers that came.</param>
    /// <param name="dropped">Gets the peers that went.</param>
    /// <returns>False when it is no bencoded dictionary or one of its values is no string.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, int limit, List<PexPeer> added, List<IPEndPoint> dropped)
    {
        if (!BencodeReader.TryOpen(payload, BencodeLimits.PeerExtension, out BencodeReader reader, out _)) return false;
        if (!reader.TryEnterDictionary()) return false;
        ReadOnlySpan<byte> added4 = default, flags4 = default, added6 = default, flags6 = default, dropped4 = default, dropped6 = default;
        while (reader.TryReadKey(out ReadOnlySpan<byte> key))
        {
            bool isString = true;
            if (key.SequenceEqual("added"u8)) isString = reader.TryReadBytes(out added4);
            else if (key.SequenceEqual("added.f"u8)) isString = reader.TryReadBytes(out flags4);
            else if (key.SequenceEqual("added6"u8)) isString = reader.TryReadBytes(out added6);
            else if (key.SequenceEqual("added6.f"u8)) isString = reader.TryReadBytes(out flags6);
            else if (key.SequenceEqual("dropped"u8)) isString = reader.TryReadBytes(out dropped4);
            else if (key.SequenceEqual("dropped6"u8)) isString = reader.TryReadBytes(out dropped6);
            else reader.Skip();
            if (!isString) return false;
        }
        ReadAdded(added4, SizeV4, flags4, limit, added);
        ReadAdded(added6, SizeV6, flags6, limit, added);
        CompactPeers.Read(dropped4, isIPv6: false, limit, dropped);
        CompactPeers.Read(dropped6, isIPv6: true, limit, dropped);
        return true;
    }

    /// <summary>Writes a message.</summary>
    public static void Write(BencodeWriter writer, IReadOnlyList<PexPeer> added, IReadOnlyList<IPEndPoint> dropped)
    {
        writer.BeginDictionary();
        WriteAdded(writer, "added"u8, "added.f"u8, AddressFamily.InterNetwork, SizeV4, added, evenIfNone: true);
        WriteAdded(writer, "added6"u8, "added6.f"u8, AddressFamily.InterNetworkV6, SizeV6, added, evenIfNone: false);
        WriteDropped(writer, "dropped"u8, AddressFamily.InterNetwork, SizeV4, dropped);
        WriteDropped(writer, "dropped6"u8, AddressFamily.InterNetworkV6, SizeV6, dropped);
        writer.End();
    }

    private static void ReadAdded(ReadOnlySpan<byte> peers, int size, ReadOnlySpan<byte> flags, int limit, List<PexPeer> added)
    {
        for (int i = 0; peers.Length >= size && added.Count < limit; i++, peers = peers[size..])
        {
            ushort port = BinaryPrimitives.ReadUInt16BigEndian(peers[(size - 2)..]);
            if (port == 0) continue;
            var flag = i < flags.Length ? (PexFlags)flags[i] : PexFlags.None;
            added.Add(new PexPeer(new IPEndPoint(new IPAddress(peers[..(size - 2)]), port), flag));
        }
    }

    private static void WriteAdded(
        BencodeWriter writer, ReadOnlySpan<byte> key, ReadOnlySpan<byte> flagsKey, AddressFamily family, int size,
        IReadOnlyList<PexPeer> peers, bool evenIfNone)
    {
        int count = 0;
        foreach (PexPeer peer in peers)
        {
            if (FamilyOf(peer.EndPoint) == family) count++;
        }
        if (count == 0 && !evenIfNone) return;
        Span<byte> place = writer.Key(key).BytesToFill(count * size);
        foreach (PexPeer peer in peers)
        {
            if (FamilyOf(peer.EndPoint) == family) place = place[CompactPeers.Write(place, peer.EndPoint)..];
        }
        place = writer.Key(flagsKey).BytesToFill(count);
        foreach (PexPeer peer in peers)
        {
            if (FamilyOf(peer.EndPoint) != family) continue;
            place[0] = (byte)peer.Flags;
            place = place[1..];
        }
    }

    private static void WriteDropped(BencodeWriter writer, ReadOnlySpan<byte> key, AddressFamily family, int size, IReadOnlyList<IPEndPoint> peers)
    {
        int count = 0;
        foreach (IPEndPoint peer in peers)
        {
            if (FamilyOf(peer) == family) count++;
        }
        if (count == 0) return;
        Span<byte> place = writer.Key(key).BytesToFill(count * size);
        foreach (IPEndPoint peer in peers)
        {
            if (FamilyOf(peer) == family) place = place[CompactPeers.Write(place, peer)..];
        }
    }

    // An IPv4 address that a socket wrote as an IPv6 one is told as what it is.
    private static AddressFamily FamilyOf(IPEndPoint peer) =>
        peer.Address.IsIPv4MappedToIPv6 ? AddressFamily.InterNetwork : peer.AddressFamily;
}
