using System.Net;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// Peers that others announced to us (BEP 5, 33): bounded, one entry for each torrent and address, for three quarters of an hour.
/// When there are too many torrents, those farthest from our id go: they are stored elsewhere, or somebody makes them up.
/// </summary>
internal sealed class PeerStore(IRandom random)
{
    /// <summary>Torrents at most.</summary>
    public const int MaxTorrents = 2000;

    /// <summary>Peers of one torrent at most; the oldest go first.</summary>
    public const int MaxPeersPerTorrent = 500;

    /// <summary>How long an announce counts.</summary>
    public const long LifetimeMs = 45 * 60_000;

    private readonly Dictionary<Sha1Hash, Torrent> torrents = [];

    /// <summary>Our own id: what is near it is worth most.</summary>
    public Sha1Hash Self { get; set; }

    public int TorrentCount => torrents.Count;

    public int PeerCount => torrents.Values.Sum(static t => t.Peers.Count);

    /// <summary>True when a torrent is known here.</summary>
    public bool Contains(in Sha1Hash infoHash) => torrents.ContainsKey(infoHash);

    /// <summary>Keeps an announce; false when there is no room for a torrent so far away.</summary>
    public bool Add(in Sha1Hash infoHash, IPEndPoint peer, bool isSeed, long nowMs)
    {
        if (!torrents.TryGetValue(infoHash, out Torrent? torrent))
        {
            if (torrents.Count >= MaxTorrents && !MakeRoom(infoHash)) return false;
            torrent = new Torrent();
            torrents.Add(infoHash, torrent);
        }
        // On this machine many peers share an address, so there the port counts as well.
        IPEndPoint key = IPAddress.IsLoopback(peer.Address) ? peer : new IPEndPoint(peer.Address, 0);
        int known = torrent.Peers.FindIndex(p => p.Key.Equals(key));
        if (known >= 0) torrent.Peers.RemoveAt(known);
        else if (torrent.Peers.Count >= MaxPeersPerTorrent) torrent.Peers.RemoveAt(0);
        torrent.Peers.Add(new Entry(key, peer, isSeed, nowMs)); // the list is in the order of age
        return true;
    }

    /// <summary>Some peers of a torrent, chosen by chance.</summary>
    public List<IPEndPoint> Sample(in Sha1Hash infoHash, int count, bool noSeeds)
    {
        if (count <= 0 || !torrents.TryGetValue(infoHash, out Torrent? torrent)) return [];
        List<IPEndPoint> chosen = [.. torrent.Peers.Where(p => !(noSeeds && p.IsSeed)).Select(static p => p.Peer)];
        if (chosen.Count <= count) return chosen;
        for (int i = 0; i < count; i++)
        {
            int j = i + random.Next(chosen.Count - i);
            (chosen[i], chosen[j]) = (chosen[j], chosen[i]);
        }
        chosen.RemoveRange(count, chosen.Count - count);
        return chosen;
    }

    /// <summary>Fills the filters of a torrent (BEP 33); false when it is not known.</summary>
    public bool TryScrape(in Sha1Hash infoHash, Span<byte> seeds, Span<byte> peers)
    {
        if (!torrents.TryGetValue(infoHash, out Torrent? torrent)) return false;
        foreach (Entry entry in torrent.Peers) ScrapeFilter.Add(entry.IsSeed ? seeds : peers, entry.Peer.Address);
        return true;
    }

    /// <summary>Some torrents, chosen by chance (BEP 51).</summary>
    public List<Sha1Hash> SampleTorrents(int count)
    {
        Sha1Hash[] all = [.. torrents.Keys];
        count = Math.Min(count, all.Length);
        for (int i = 0; i < count; i++)
        {
            int j = i + random.Next(all.Length - i);
            (all[i], all[j]) = (all[j], all[i]);
        }
        return [.. all.AsSpan(0, count)];
    }

    /// <summary>Drops what is too old.</summary>
    public void Expire(long nowMs)
    {
        List<Sha1Hash>? empty = null;
        foreach ((Sha1Hash hash, Torrent torrent) in torrents)
        {
            int old = 0;
            while (old < torrent.Peers.Count && nowMs - torrent.Peers[old].AtMs >= LifetimeMs) old++;
            torrent.Peers.RemoveRange(0, old);
            if (torrent.Peers.Count == 0) (empty ??= []).Add(hash);
        }
        if (empty is null) return;
        foreach (Sha1Hash hash in empty) torrents.Remove(hash);
    }

    private bool MakeRoom(in Sha1Hash newcomer)
    {
        Sha1Hash farthest = newcomer;
        foreach (Sha1Hash hash in torrents.Keys)
        {
            if (NodeIds.CompareDistance(Self, hash, farthest) > 0) farthest = hash;
        }
        return torrents.Remove(farthest);
    }

    private sealed class Torrent
    {
        public List<Entry> Peers { get; } = [];
    }

    private readonly record struct Entry(IPEndPoint Key, IPEndPoint Peer, bool IsSeed, long AtMs);
}
