using Spate.Protocol;
using Spate.Tracker.Announcing;
using Spate.Tracker.Store;

namespace Spate.Tracker.WebTorrent;

/// <summary>
/// Who can be reached over WebSocket, by torrent and peer id. Their counts go to the one store of all swarms; they themselves can only
/// be handed to each other, since a browser takes no connections.
/// </summary>
internal sealed class WebSwarms(SwarmStore store, TrackerClock clock)
{
    private const int Shards = 32;

    private sealed class Member(PeerId id, WebTorrentPeer peer, int position)
    {
        public readonly PeerId Id = id;
        public readonly WebTorrentPeer Peer = peer;
        public int Position = position; // in the list
        public PeerRole Role;
    }

    private sealed class Swarm
    {
        public readonly Dictionary<PeerId, Member> ById = [];
        public readonly List<Member> List = []; // for choosing by chance
        public SwarmCounts Counts;
    }

    private readonly Dictionary<Sha1Hash, Swarm>[] shards = [.. Enumerable.Range(0, Shards).Select(_ => new Dictionary<Sha1Hash, Swarm>())];

    /// <summary>
    /// Enters a client or changes its role. Null when somebody else is connected under this id: ids are seen by others, so they prove nothing.
    /// </summary>
    public AnnounceResult? Enter(Sha1Hash hash, PeerId id, WebTorrentPeer peer, PeerRole role, bool completed, out bool isFull)
    {
        isFull = false;
        Dictionary<Sha1Hash, Swarm> shard = ShardOf(hash);
        lock (shard)
        {
            bool isNew = !shard.TryGetValue(hash, out Swarm? swarm);
            swarm ??= new Swarm();
            if (!swarm.ById.TryGetValue(id, out Member? member)) member = new Member(id, peer, swarm.List.Count);
            else if (member.Peer != peer) return null;
            PeerRole before = member.Role;
            SwarmCounts counts = Change(Change(swarm.Counts, before, -1), role, +1);
            uint downloads = completed && before != PeerRole.Seed ? 1u : 0;
            isFull = store.SetWebPeers(hash.AsSpan(), counts, downloads, clock.NowSeconds, out AnnounceResult result) == AnnounceOutcome.Full;
            if (isFull) return null;
            swarm.Counts = counts;
            member.Role = role;
            if (before == PeerRole.None)
            {
                swarm.ById.Add(id, member);
                swarm.List.Add(member);
            }
            if (isNew) shard.Add(hash, swarm);
            return result;
        }
    }

    /// <summary>Takes a client out; nothing happens when it is not there, or somebody else is under its id.</summary>
    public void Leave(Sha1Hash hash, PeerId id, WebTorrentPeer peer)
    {
        Dictionary<Sha1Hash, Swarm> shard = ShardOf(hash);
        lock (shard)
        {
            if (!shard.TryGetValue(hash, out Swarm? swarm) || !swarm.ById.TryGetValue(id, out Member? member) || member.Peer != peer) return;
            swarm.ById.Remove(id);
            Member last = swarm.List[^1];
            swarm.List[member.Position] = last;
            last.Position = member.Position;
            swarm.List.RemoveAt(swarm.List.Count - 1);
            swarm.Counts = Change(swarm.Counts, member.Role, -1);
            store.SetWebPeers(hash.AsSpan(), swarm.Counts, 0, clock.NowSeconds, out _);
            if (swarm.List.Count == 0) shard.Remove(hash);
        }
    }

    /// <summary>Chooses up to so many others by chance; for a seed, only such as want something.</summary>
    public List<WebTorrentPeer> Choose(Sha1Hash hash, PeerId self, bool forSeed, int wanted)
    {
        var chosen = new List<WebTorrentPeer>(wanted);
        Dictionary<Sha1Hash, Swarm> shard = ShardOf(hash);
        lock (shard)
        {
            if (!shard.TryGetValue(hash, out Swarm? swarm)) return chosen;
            int start = Random.Shared.Next(swarm.List.Count);
            int looks = Math.Min(swarm.List.Count, wanted * 8 + 8); // in a swarm of seeds a seed finds nobody, without looking at all
            for (int i = 0; i < looks && chosen.Count < wanted; i++)
            {
                Member member = swarm.List[(start + i) % swarm.List.Count];
                if (member.Id == self || (forSeed && member.Role != PeerRole.Leecher)) continue;
                chosen.Add(member.Peer);
            }
        }
        return chosen;
    }

    /// <summary>The client that is in a swarm under an id.</summary>
    public WebTorrentPeer? Find(Sha1Hash hash, PeerId id)
    {
        Dictionary<Sha1Hash, Swarm> shard = ShardOf(hash);
        lock (shard) return shard.TryGetValue(hash, out Swarm? swarm) && swarm.ById.TryGetValue(id, out Member? member) ? member.Peer : null;
    }

    private Dictionary<Sha1Hash, Swarm> ShardOf(Sha1Hash hash) => shards[hash.AsSpan()[19] % Shards];

    private static SwarmCounts Change(SwarmCounts counts, PeerRole role, int by) => role switch
    {
        PeerRole.Seed => counts with { Seeders = counts.Seeders + (uint)by },
        PeerRole.Leecher => counts with { Leechers = counts.Leechers + (uint)by },
        PeerRole.Partial => counts with { Leechers = counts.Leechers + (uint)by, Partials = counts.Partials + (uint)by },
        _ => counts,
    };
}
