using System.Buffers.Binary;
using Spate.Protocol;
using Spate.Tracker.Store;

namespace Spate.Bench.Tracker;

/// <summary>Who announces what: peers numbered from 0, each with a torrent, a port and a role that follow from its number.</summary>
internal sealed class PeerPlan(LoadOptions options)
{
    private FastRandom random = new(4711);

    public int Torrents => options.Torrents;

    /// <summary>A peer by chance.</summary>
    public int AnyPeer() => (int)random.Next((uint)options.Peers);

    /// <summary>A kind of request by the weights of the mix.</summary>
    public RequestKind AnyKind()
    {
        int at = (int)random.Next((uint)(options.Connects + options.Announces + options.Scrapes));
        return at < options.Connects ? RequestKind.Connect : at < options.Connects + options.Announces ? RequestKind.Announce : RequestKind.Scrape;
    }

    /// <summary>The torrent of a peer: spread evenly, or so that the torrent of rank r has about r^-s of all peers.</summary>
    public int TorrentOf(int peer)
    {
        if (options.Zipf == 0) return (int)((long)peer * options.Torrents / options.Peers);
        double u = (Mix((ulong)peer) >> 11) * (1.0 / (1ul << 53)), n = options.Torrents;
        double rank = options.Zipf == 1
            ? Math.Exp(u * Math.Log(n + 1))
            : Math.Pow(1 + u * (Math.Pow(n + 1, 1 - options.Zipf) - 1), 1 / (1 - options.Zipf));
        return Math.Min(options.Torrents - 1, (int)rank - 1);
    }

    /// <summary>The socket that a peer sends from; with the port it makes the peer's identity.</summary>
    public int SocketOf(int peer) => peer % options.Sockets;

    public ushort PortOf(int peer) => (ushort)(1 + peer / options.Sockets % 65535);

    /// <summary>A quarter are seeds.</summary>
    public long LeftOf(int peer) => Mix((ulong)peer + 99) % 4 == 0 ? 0 : 1000;

    public Sha1Hash InfoHash(int torrent)
    {
        Span<byte> bytes = stackalloc byte[24];
        for (int i = 0; i < 3; i++) BinaryPrimitives.WriteUInt64BigEndian(bytes[(8 * i)..], Mix((ulong)torrent * 3 + (ulong)i + 77));
        return new Sha1Hash(bytes[..20]);
    }

    public static PeerId PeerIdOf(int peer)
    {
        Span<byte> bytes = stackalloc byte[20];
        "-SB0001-"u8.CopyTo(bytes);
        System.Buffers.Text.Utf8Formatter.TryFormat(peer, bytes[8..], out _, new System.Buffers.StandardFormat('D', 12));
        return new PeerId(bytes);
    }

    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}

internal enum RequestKind { Connect, Announce, Scrape }
