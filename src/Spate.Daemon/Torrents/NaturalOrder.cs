namespace Spate.Daemon.Torrents;

/// <summary>
/// Names as people put them in order: numbers in them count as numbers, so that <c>a13</c> comes before <c>a104</c>, and case does not
/// matter. A total order: only names that differ in nothing but case are equal.
/// </summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static readonly NaturalOrder Instance = new();

    private NaturalOrder()
    {
    }

    public int Compare(string? x, string? y) => Compare(x.AsSpan(), y.AsSpan());

    public static int Compare(ReadOnlySpan<char> x, ReadOnlySpan<char> y)
    {
        int zeros = 0; // of two numbers that are the same the one with fewer zeros in front comes first, where nothing else differs
        int i = 0, j = 0;
        while (i < x.Length && j < y.Length)
        {
            char a = x[i], b = y[j];
            if (char.IsAsciiDigit(a) && char.IsAsciiDigit(b))
            {
                ReadOnlySpan<char> first = NumberAt(x, ref i, out int zerosOfFirst), second = NumberAt(y, ref j, out int zerosOfSecond);
                int difference = first.Length != second.Length ? first.Length - second.Length : first.SequenceCompareTo(second);
                if (difference != 0) return difference;
                if (zeros == 0) zeros = zerosOfFirst - zerosOfSecond;
                continue;
            }
            if (a != b && char.ToUpperInvariant(a) - char.ToUpperInvariant(b) is not 0 and int order) return order;
            i++;
            j++;
        }
        int rest = (x.Length - i) - (y.Length - j);
        return rest != 0 ? rest : zeros;
    }

    // The digits from here on, without the zeros in front of them: a number of any length.
    private static ReadOnlySpan<char> NumberAt(ReadOnlySpan<char> text, ref int at, out int zeros)
    {
        int start = at;
        while (at < text.Length && text[at] == '0') at++;
        zeros = at - start;
        start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return text[start..at];
    }
}
