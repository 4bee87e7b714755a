using FsCheck;
using FsCheck.Fluent;

namespace Spate.Protocol.Tests.Wire;

public class BitfieldTests
{
    /// <summary>One change to a bitfield and to its model.</summary>
    private readonly record struct Step(int Kind, int Index);

    private static Arbitrary<(int Length, List<Step> Steps)> Histories() =>
        (from length in Gen.Choose(1, 200)
         from steps in (from kind in Gen.Choose(0, 20) from index in Gen.Choose(0, length - 1) select new Step(kind, index)).ListOf()
         select (length, steps.ToList())).ToArbitrary();

    [Fact]
    public void Behaves_as_an_array_of_flags() => Prop.ForAll(Histories(), history =>
    {
        var bits = new Bitfield(history.Length);
        bool[] model = new bool[history.Length];
        foreach (Step step in history.Steps)
        {
            switch (step.Kind)
            {
                case < 12:
                    Assert.Equal(!model[step.Index], bits.Set(step.Index));
                    model[step.Index] = true;
                    break;
                case < 19:
                    Assert.Equal(model[step.Index], bits.Clear(step.Index));
                    model[step.Index] = false;
                    break;
                case 19:
                    bits.SetAll();
                    Array.Fill(model, true);
                    break;
                default:
                    bits.ClearAll();
                    Array.Clear(model);
                    break;
            }
            AssertSame(model, bits);
        }
    }).QuickCheckThrowOnFailure();

    private static void AssertSame(bool[] model, Bitfield bits)
    {
        Assert.Equal(model.Count(set => set), bits.Count);
        Assert.Equal(model.All(set => set), bits.IsFull);
        for (int i = 0; i < model.Length; i++)
        {
            Assert.Equal(model[i], bits[i]);
            Assert.Equal(Array.IndexOf(model, true, i), bits.NextSet(i));
            Assert.Equal(Array.IndexOf(model, false, i), bits.NextClear(i));
        }
        Assert.Equal(-1, bits.NextSet(model.Length));
        Assert.Equal(-1, bits.NextClear(model.Length));
        Assert.Equal(-1, bits.NextSet(-1));

        byte[] wire = new byte[bits.WireLength];
        bits.CopyToWire(wire);
        Assert.Equal((model.Length + 7) / 8, wire.Length);
        for (int i = 0; i < wire.Length * 8; i++) Assert.Equal(i < model.Length && model[i], (wire[i / 8] & (0x80 >> (i % 8))) != 0);
        Assert.True(Bitfield.TryFromWire(wire, model.Length, out Bitfield? read));
        Assert.Equal(bits.Count, read.Count);
        for (int i = 0; i < model.Length; i++) Assert.Equal(model[i], read[i]);
    }

    [Fact]
    public void From_the_wire_only_with_the_right_length_and_no_spare_bit() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(), Gen.Choose(0, 80).ToArbitrary(), (wire, length) =>
        {
            bool spare = false;
            for (int i = length; i < wire.Length * 8; i++) spare |= (wire[i / 8] & (0x80 >> (i % 8))) != 0;
            Assert.Equal(wire.Length == (length + 7) / 8 && !spare, Bitfield.TryFromWire(wire, length, out Bitfield? read));
            if (read is not null) Assert.Equal(wire.Sum(b => System.Numerics.BitOperations.PopCount(b)), read.Count);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(128)]
    public void All_pieces_leave_no_bit_behind_the_end(int length)
    {
        var bits = new Bitfield(length);
        bits.SetAll();
        Assert.Equal(length, bits.Count);
        Assert.True(bits.IsFull);
        Assert.Equal(-1, bits.NextClear(0));
        Assert.False(bits.HasAnyNotIn(bits));
        byte[] wire = new byte[bits.WireLength];
        bits.CopyToWire(wire);
        Assert.True(Bitfield.TryFromWire(wire, length, out _)); // refuses spare bits
    }

    [Fact]
    public void Copies_are_independent_and_differences_are_found() => Prop.ForAll(Histories(), history =>
    {
        var one = new Bitfield(history.Length);
        foreach (Step step in history.Steps) one.Set(step.Index);
        var two = new Bitfield(one);
        Assert.False(one.HasAnyNotIn(two) || two.HasAnyNotIn(one));
        int first = one.NextSet(0);
        if (first < 0) return;
        two.Clear(first);
        Assert.True(one[first] && one.HasAnyNotIn(two) && !two.HasAnyNotIn(one));
        Assert.Equal(one.Count - 1, two.Count);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Indices_outside_are_a_bug_of_the_caller()
    {
        var bits = new Bitfield(10);
        foreach (int outside in (int[])[-1, 10, 63, int.MaxValue, int.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => bits.Set(outside));
            Assert.Throws<ArgumentOutOfRangeException>(() => bits.Clear(outside));
        }
        Assert.Equal(0, bits.Count);
    }
}
