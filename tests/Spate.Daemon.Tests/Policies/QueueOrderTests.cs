using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Daemon.Policies;
using Spate.Protocol;

namespace Spate.Daemon.Tests.Policies;

public sealed class QueueOrderTests
{
    [Fact]
    public void Moves_keep_the_order_of_what_is_moved()
    {
        QueueOrder order = Of("abcdef");
        order.MoveToTop([Id('e'), Id('c')]);
        Assert.Equal("ceabdf", Text(order));
        order.MoveToEnd([Id('a'), Id('e')]);
        Assert.Equal("cbdfea", Text(order));
        order.MoveUp([Id('d'), Id('f')]);
        Assert.Equal("cdfbea", Text(order));
        order.MoveUp([Id('c'), Id('d'), Id('b')]);
        Assert.Equal("cdbfea", Text(order));
        order.MoveDown([Id('c'), Id('d'), Id('a')]);
        Assert.Equal("bcdfea", Text(order));
        order.MoveTo([Id('a'), Id('b')], 2);
        Assert.Equal("cdbafe"[..2] + "ba" + "fe", Text(order));
        Assert.Equal(3, order.PositionOf(Id('a')));
        Assert.Equal(-1, order.PositionOf(Id('z')));
    }

    [Fact]
    public void Moving_one_among_ten_thousand_changes_one()
    {
        var order = new QueueOrder();
        Sha1Hash[] ids = [.. Enumerable.Range(0, 10_000).Select(i => Sha1Hash.Of(BitConverter.GetBytes(i)))];
        foreach (Sha1Hash id in ids) order.Set(id, order.RankAtEnd);
        Assert.Single(order.MoveToTop([ids[5000]]));
        Assert.Single(order.MoveToEnd([ids[5001]]));
        Assert.Single(order.MoveTo([ids[7]], 4000));
        Assert.Equal(4000, order.PositionOf(ids[7]));
        Assert.Equal(2, order.MoveUp([ids[9]]).Count);
    }

    [Fact]
    public void Any_moves_do_what_a_list_does_and_changes_are_told()
    {
        var move = Gen.Zip(Gen.Choose(0, 4), Gen.Zip(Gen.ListOf(Gen.Choose(0, 9)), Gen.Choose(0, 12)));
        Prop.ForAll(Arb.From(Gen.ListOf(move)), moves =>
        {
            var order = new QueueOrder();
            // Some with the same rank, as from a state that was damaged.
            for (int i = 0; i < 10; i++) order.Set(Id((char)('a' + i)), i / 3);
            List<Sha1Hash> list = [.. order.All];
            Dictionary<Sha1Hash, long> saved = list.ToDictionary(id => id, order.RankOf);
            foreach ((int kind, (IEnumerable<int> picks, int position)) in moves)
            {
                Sha1Hash[] ids = [.. picks.Distinct().Select(i => Id((char)('a' + i)))];
                List<Sha1Hash> moved = [.. list.Where(ids.Contains)];
                List<Sha1Hash> others = [.. list.Where(id => !ids.Contains(id))];
                IReadOnlyList<(Sha1Hash Id, long Rank)> changes;
                switch (kind)
                {
                    case 0: changes = order.MoveToTop(ids); list = [.. moved, .. others]; break;
                    case 1: changes = order.MoveToEnd(ids); list = [.. others, .. moved]; break;
                    case 2: changes = order.MoveUp(ids); Shift(list, ids); break;
                    case 3:
                        changes = order.MoveDown(ids);
                        list.Reverse();
                        Shift(list, ids);
                        list.Reverse();
                        break;
                    default:
                        changes = order.MoveTo(ids, position);
                        others.InsertRange(Math.Min(position, others.Count), moved);
                        list = others;
                        break;
                }
                foreach ((Sha1Hash id, long rank) in changes) saved[id] = rank;
                if (!list.SequenceEqual(order.All) || saved.Any(entry => order.RankOf(entry.Key) != entry.Value)) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static void Shift(List<Sha1Hash> list, Sha1Hash[] ids)
    {
        for (int i = 1; i < list.Count; i++)
        {
            if (ids.Contains(list[i]) && !ids.Contains(list[i - 1])) (list[i - 1], list[i]) = (list[i], list[i - 1]);
        }
    }

    private static Sha1Hash Id(char name) => Sha1Hash.Of([(byte)name]);

    private static QueueOrder Of(string names)
    {
        var order = new QueueOrder();
        foreach (char name in names) order.Set(Id(name), order.RankAtEnd);
        return order;
    }

    private static string Text(QueueOrder order)
    {
        var text = new StringBuilder();
        foreach (Sha1Hash id in order.All) text.Append(Enumerable.Range('a', 26).Select(i => (char)i).Single(name => Id(name) == id));
        return text.ToString();
    }
}
