using Spate.Protocol;

namespace Spate.Daemon.Policies;

/// <summary>
/// The order of torrents in the queue. Each has a rank with room between it and the next, so that moving one changes one. What a move
/// returns is what must be saved. Not safe for several threads.
/// </summary>
internal sealed class QueueOrder
{
    private const long Gap = 1L << 20;

    private readonly SortedSet<(long Rank, Sha1Hash Id)> order = [];
    private readonly Dictionary<Sha1Hash, long> ranks = [];
    private Dictionary<Sha1Hash, int>? positions; // made when somebody asks

    public int Count => order.Count;

    /// <summary>All, the first first.</summary>
    public IEnumerable<Sha1Hash> All => order.Select(static entry => entry.Id);

    /// <summary>The rank for one more at the end.</summary>
    public long RankAtEnd => order.Count == 0 ? 0 : order.Max.Rank + Gap;

    /// <summary>The rank for one more before all others.</summary>
    public long RankAtTop => order.Count == 0 ? 0 : order.Min.Rank - Gap;

    public long RankOf(Sha1Hash id) => ranks[id];

    /// <summary>The place of a torrent, from 0; -1 when it is not there.</summary>
    public int PositionOf(Sha1Hash id)
    {
        positions ??= order.Select(static (entry, i) => (entry.Id, i)).ToDictionary(static entry => entry.Id, static entry => entry.i);
        return positions.GetValueOrDefault(id, -1);
    }

    /// <summary>Puts a torrent in by its rank, or gives it another one.</summary>
    public void Set(Sha1Hash id, long rank)
    {
        if (ranks.TryGetValue(id, out long was))
        {
            if (was == rank) return;
            order.Remove((was, id));
        }
        ranks[id] = rank;
        order.Add((rank, id));
        positions = null;
    }

    public void Remove(Sha1Hash id)
    {
        if (!ranks.Remove(id, out long rank)) return;
        order.Remove((rank, id));
        positions = null;
    }

    /// <summary>Moves torrents before all others; they keep their order among themselves.</summary>
    public IReadOnlyList<(Sha1Hash Id, long Rank)> MoveToTop(IReadOnlyCollection<Sha1Hash> ids)
    {
        Sha1Hash[] moved = InOrder(ids);
        var changes = new List<(Sha1Hash, long)>();
        for (int i = moved.Length - 1; i >= 0; i--) Change(moved[i], RankAtTop, changes);
        return changes;
    }

    /// <summary>Moves torrents behind all others; they keep their order among themselves.</summary>
    public IReadOnlyList<(Sha1Hash Id, long Rank)> MoveToEnd(IReadOnlyCollection<Sha1Hash> ids)
    {
        var changes = new List<(Sha1Hash, long)>();
        foreach (Sha1Hash id in InOrder(ids)) Change(id, RankAtEnd, changes);
        return changes;
    }

    /// <summary>Moves each torrent one place up, those that stand at the top already stay.</summary>
    public IReadOnlyList<(Sha1Hash Id, long Rank)> MoveUp(IReadOnlyCollection<Sha1Hash> ids) => MoveByOne(ids, up: true);

    /// <summary>Moves each torrent one place down, those that stand at the end already stay.</summary>
    public IReadOnlyList<(Sha1Hash Id, long Rank)> MoveDown(IReadOnlyCollection<Sha1Hash> ids) => MoveByOne(ids, up: false);

    /// <summary>Moves torrents so that the first of them has this place, counted from 0 among the others; they keep their order.</summary>
    public IReadOnlyList<(Sha1Hash Id, long Rank)> MoveTo(IReadOnlyCollection<Sha1Hash> ids, int position)
    {
        Sha1Hash[] moved = InOrder(ids);
        if (moved.Length == 0) return [];
        var moving = moved.ToHashSet();
        (long Rank, Sha1Hash Id)[] others = [.. order.Where(entry => !moving.Contains(entry.Id))];
        position = Math.Clamp(position, 0, others.Length);
        if (position == 0) return MoveToTop(ids);
        if (position == others.Length) return MoveToEnd(ids);
        var changes = new List<(Sha1Hash, long)>();
        long before = others[position - 1].Rank, step = (others[position].Rank - before) / (moved.Length + 1);
        if (step > 0)
        {
            for (int i = 0; i < moved.Length; i++) Change(moved[i], before + step * (i + 1), changes);
            return changes;
        }
        // No room is left there: all get new ranks, which is rare.
        long rank = 0;
        foreach (Sha1Hash id in others[..position].Select(entry => entry.Id).Concat(moved).Concat(others[position..].Select(entry => entry.Id)).ToArray())
            Change(id, rank += Gap, changes);
        return changes;
    }

    private List<(Sha1Hash, long)> MoveByOne(IReadOnlyCollection<Sha1Hash> ids, bool up)
    {
        Sha1Hash[] moved = InOrder(ids);
        if (!up) Array.Reverse(moved);
        var moving = moved.ToHashSet();
        // Two of the same rank can't change places; only a state that was damaged holds such.
        bool same = order.Zip(order.Skip(1)).Any(static pair => pair.First.Rank == pair.Second.Rank);
        List<(Sha1Hash, long)> changes = same ? Renumber() : [];
        foreach (Sha1Hash id in moved)
        {
            (long Rank, Sha1Hash Id) here = (ranks[id], id);
            SortedSet<(long Rank, Sha1Hash Id)> side = up ? order.GetViewBetween(order.Min, here) : order.GetViewBetween(here, order.Max);
            (long Rank, Sha1Hash Id) neighbour = up ? side.Reverse().Skip(1).FirstOrDefault(here) : side.Skip(1).FirstOrDefault(here);
            // Nothing there, or one that could not move itself.
            if (neighbour == here || moving.Contains(neighbour.Id)) continue;
            Change(id, neighbour.Rank, changes);
            Change(neighbour.Id, here.Rank, changes);
        }
        return changes;
    }

    private List<(Sha1Hash, long)> Renumber()
    {
        var changes = new List<(Sha1Hash, long)>();
        long rank = 0;
        foreach (Sha1Hash id in All.ToArray()) Change(id, rank += Gap, changes);
        return changes;
    }

    private void Change(Sha1Hash id, long rank, List<(Sha1Hash, long)> changes)
    {
        if (ranks[id] == rank) return;
        Set(id, rank);
        changes.Add((id, rank));
    }

    private Sha1Hash[] InOrder(IReadOnlyCollection<Sha1Hash> ids) =>
        [.. ids.Distinct().Where(ranks.ContainsKey).Select(id => (ranks[id], id)).Order().Select(static entry => entry.id)];
}
