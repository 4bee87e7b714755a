using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Pieces;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;

namespace Spate.Engine.Tests.Pieces;

public class AvailabilityTests
{
    private const int MostCounted = 511; // more peers than that: equally common

    /// <summary>The same by counting and sorting.</summary>
    private sealed class Model(int pieces)
    {
        public int[] Counts { get; } = new int[pieces];

        public PiecePriority[] Priorities { get; } = [.. Enumerable.Repeat(PiecePriority.Normal, pieces)];

        public HashSet<int> Listed { get; } = [.. Enumerable.Range(0, pieces)];

        public (int, int) Rank(int piece) => (PiecePriority.High - Priorities[piece], Math.Min(Counts[piece], MostCounted));
    }

    private static void AssertSame(Model model, Availability real)
    {
        int[] order = real.Startable.ToArray();
        Assert.Equal(model.Listed.Order(), order.Order());
        for (int i = 1; i < order.Length; i++) Assert.True(model.Rank(order[i - 1]).CompareTo(model.Rank(order[i])) <= 0, "The order is not that of rank.");
        for (int piece = 0; piece < model.Counts.Length; piece++)
        {
            Assert.Equal(model.Counts[piece] + real.Seeds, real.Of(piece));
            Assert.Equal(model.Priorities[piece], real.Priority(piece));
        }
    }

    private static Arbitrary<(int Pieces, (int Kind, int Piece, int Amount)[] Steps)> Histories() =>
        (from pieces in Gen.Choose(1, 40)
         from steps in (from kind in Gen.Choose(0, 9)
                        from piece in Gen.Choose(0, pieces - 1)
                        from amount in Gen.Frequency((5, Gen.Choose(1, 3)), (1, Gen.Choose(500, 600)))
                        select (kind, piece, amount)).ArrayOf()
         select (pieces, steps)).ToArbitrary();

    [Fact]
    public void Is_what_counting_and_sorting_would_give() => Prop.ForAll(Histories(), history =>
    {
        var real = new Availability(history.Pieces, new TestWorld());
        var model = new Model(history.Pieces);
        foreach ((int kind, int piece, int amount) in history.Steps)
        {
            Step(model, real, kind, piece, amount);
            AssertSame(model, real);
        }
    }).QuickCheckThrowOnFailure();

    private static void Step(Model model, Availability real, int kind, int piece, int amount)
    {
        switch (kind)
        {
            case < 3:
                for (int i = 0; i < amount; i++) real.Increase(piece);
                model.Counts[piece] += amount;
                break;
            case < 5:
                for (int i = 0; i < amount; i++) real.Decrease(piece);
                model.Counts[piece] = Math.Max(0, model.Counts[piece] - amount);
                break;
            case 5:
                var bits = new Bitfield(model.Counts.Length);
                for (int i = piece; i < model.Counts.Length; i += 3) bits.Set(i);
                real.Count(bits, arrives: true);
                for (int i = piece; i < model.Counts.Length; i += 3) model.Counts[i]++;
                break;
            case 6:
                var priority = (PiecePriority)(amount % 4);
                real.SetPriority(piece, priority);
                model.Priorities[piece] = priority;
                if (priority == PiecePriority.Skip) model.Listed.Remove(piece);
                break;
            case 7:
                real.Seeds = amount;
                break;
            case 8:
                real.Add(piece);
                if (model.Priorities[piece] != PiecePriority.Skip) model.Listed.Add(piece);
                break;
            default:
                real.Remove(piece);
                model.Listed.Remove(piece);
                break;
        }
    }

    [Fact]
    public void Pieces_as_common_as_can_be_and_wanted_least_are_taken_out_as_well()
    {
        var real = new Availability(3, new TestWorld());
        for (int piece = 0; piece < 3; piece++)
        {
            real.SetPriority(piece, PiecePriority.Low);
            for (int i = 0; i < MostCounted; i++) real.Increase(piece);
        }
        int first = real.Startable[0];
        real.Remove(first);
        Assert.Equal(2, real.Startable.Length);
        Assert.DoesNotContain(first, real.Startable.ToArray());
    }

    [Fact]
    public void Pieces_of_equal_rank_come_in_an_order_of_chance()
    {
        int[] one = new Availability(1000, new TestWorld(1)).Startable.ToArray(), two = new Availability(1000, new TestWorld(2)).Startable.ToArray();
        Assert.NotEqual(one, two);
        Assert.Equal(Enumerable.Range(0, 1000), one.Order());
    }

    [Fact]
    public void A_peer_that_leaves_takes_away_what_it_brought()
    {
        var real = new Availability(100, new TestWorld());
        var have = new Bitfield(100);
        for (int i = 0; i < 100; i += 7) have.Set(i);
        real.Count(have, arrives: true);
        Assert.All(Enumerable.Range(0, 100), piece => Assert.Equal(have[piece] ? 1 : 0, real.Of(piece)));
        real.Count(have, arrives: false);
        Assert.All(Enumerable.Range(0, 100), piece => Assert.Equal(0, real.Of(piece)));
    }
}
