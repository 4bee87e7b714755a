namespace Spate.Fuzz;

/// <summary>
/// A parser under fire. A target is a file in Targets/ and a line in <see cref="Registry"/>. It must be deterministic: what it does
/// depends on its input alone, so that a saved input shows the fault again.
/// </summary>
internal abstract class FuzzTarget
{
    /// <summary>One word, for the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Well-formed inputs to start from, of every shape that the parser knows.</summary>
    public abstract IEnumerable<byte[]> Seeds();

    /// <summary>Words of the format, put in here and there: keys, magic numbers, odd values.</summary>
    public virtual IReadOnlyList<byte[]> Words => [];

    /// <summary>True when inputs are bencode: they are then also changed as trees, so that lengths stay right.</summary>
    public virtual bool IsBencode => false;

    /// <summary>Inputs are cut to so many bytes.</summary>
    public virtual int MaxLength => 4096;

    /// <summary>What one run may allocate.</summary>
    public virtual long MaxAllocation(int inputLength) => 4_000_000 + 2_000L * inputLength;

    /// <summary>
    /// Parses the input and checks what must hold. Any exception is a find; use <see cref="Check"/> for rules. Returns a number that
    /// stands for what the parser did with it (which error, which branch, roughly how much): inputs that give a new one are kept and
    /// changed further.
    /// </summary>
    public abstract int Run(ReadOnlySpan<byte> input);

    /// <summary>A rule that must hold, whatever the input.</summary>
    protected static void Check(bool holds, string rule)
    {
        if (!holds) throw new BrokenRuleException(rule);
    }

    /// <summary>Roughly how large a number is: 0 to 32. For <see cref="Run"/>'s answer.</summary>
    protected static int Magnitude(long number) => number <= 0 ? 0 : System.Numerics.BitOperations.Log2((ulong)number) + 1;
}

/// <summary>A parser did what it must not do.</summary>
internal sealed class BrokenRuleException(string rule) : Exception(rule);
