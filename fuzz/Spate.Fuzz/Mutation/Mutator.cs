namespace Spate.Fuzz.Mutation;

/// <summary>Makes a new input from those that are there.</summary>
internal sealed class Mutator
{
    private readonly Random random;
    private readonly ByteMutator bytes;
    private readonly BencodeMutator? trees;
    private readonly int maxLength;

    public Mutator(FuzzTarget target, Random random)
    {
        this.random = random;
        bytes = new ByteMutator(random, target.Words);
        trees = target.IsBencode ? new BencodeMutator(random, target.Words) : null;
        maxLength = target.MaxLength;
    }

    /// <summary>One to eight changes to an input, with parts of another.</summary>
    public byte[] Make(byte[] parent, byte[] other)
    {
        List<byte> result = [.. parent];
        // Most changes of bencode leave it well-formed; some do not, and some come on top.
        bool asBytes = trees is null || random.Next(5) == 0;
        if (trees is not null && BencodeTree.TryRead(parent) is { } tree && BencodeTree.TryRead(other) is { } donor)
        {
            for (int changes = 1 + Few(); changes > 0; changes--) trees.Change(tree, donor);
            result.Clear();
            tree.Write(result, keepOrder: random.Next(10) == 0);
        }
        else asBytes = true;
        if (asBytes)
        {
            for (int changes = 1 + Few(); changes > 0; changes--) bytes.Change(result, other);
        }
        if (result.Count > maxLength) result.RemoveRange(maxLength, result.Count - maxLength);
        return [.. result];
    }

    // 0 half of the time, at most 7.
    private int Few() => System.Numerics.BitOperations.TrailingZeroCount(random.Next(1, 129));
}
