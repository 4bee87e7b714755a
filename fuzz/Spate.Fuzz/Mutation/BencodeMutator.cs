using System.Globalization;
using System.Text;

namespace Spate.Fuzz.Mutation;

/// <summary>Changes bencoded documents as trees: what comes out is nearly always well-formed, and wrong in its meaning.</summary>
internal sealed class BencodeMutator(Random random, IReadOnlyList<byte[]> words)
{
    private static readonly string[] OddNumbers =
        ["0", "1", "-1", "2", "16383", "16384", "65535", "65536", "2147483647", "2147483648", "-2147483648", "4294967296",
         "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999", "-0", "00", "", "1.5"];

    private static readonly byte[][] OddStrings =
        [.. new[] { "", ".", "..", "/", "\\", "a/../b", "CON", "nul.txt", "\0", "\n", "é", "e\u0301", "\u202e", " ", "x ", "x.", ":", "http://", "udp://x:1/", "-1" }
            .Select(Encoding.UTF8.GetBytes), [0xff, 0xfe], [0xc0, 0xae], new byte[20], new byte[32], new byte[300]];

    /// <summary>Makes one change somewhere in the tree, perhaps with a part of another one.</summary>
    public void Change(BencodeTree tree, BencodeTree other)
    {
        List<BencodeTree> all = tree.All();
        BencodeTree node = all[random.Next(all.Count)];
        // Half the time a container: there is more to go wrong.
        for (int tries = random.Next(2) * 8; tries > 0 && node.Children.Count == 0; tries--) node = all[random.Next(all.Count)];
        switch (random.Next(9))
        {
            case 0:
                Replace(node, BencodeTree.Number(0));
                node.Value = Encoding.ASCII.GetBytes(OddNumbers[random.Next(OddNumbers.Length)]);
                break;
            case 1:
                Replace(node, BencodeTree.Text(SomeString()));
                break;
            case 2:
                Replace(node, Part(other));
                break;
            case 3 when node.Children.Count > 0:
                Remove(node, random.Next(node.Children.Count));
                break;
            case 4:
                Insert(node, Part(other));
                break;
            case 5 when node.Children.Count > 0:
                BencodeTree again = node.Children[random.Next(node.Children.Count)];
                for (int times = 1 << random.Next(6); times > 0; times--) Insert(node, again.Copy());
                break;
            case 6 when node.Keys.Count > 0:
                node.Keys[random.Next(node.Keys.Count)] = SomeString();
                break;
            case 7:
                Nest(node);
                break;
            case 8 when node.Type == BencodeTree.Kind.Number && long.TryParse(node.Value, NumberStyles.AllowLeadingSign, null, out long number):
                node.Value = Encoding.ASCII.GetBytes((random.Next(4) switch { 0 => number + 1, 1 => number - 1, 2 => number * 2, _ => -number }).ToString(CultureInfo.InvariantCulture));
                break;
            case 8 when node.Type == BencodeTree.Kind.Text:
                int length = random.Next(node.Value.Length + 1);
                node.Value = random.Next(2) == 0 ? node.Value[..length] : [.. node.Value, .. SomeString()];
                break;
        }
    }

    private byte[] SomeString() => words.Count > 0 && random.Next(2) == 0 ? words[random.Next(words.Count)] : OddStrings[random.Next(OddStrings.Length)];

    private BencodeTree Part(BencodeTree other)
    {
        List<BencodeTree> all = other.All();
        return all[random.Next(all.Count)].Copy();
    }

    private void Insert(BencodeTree node, BencodeTree child)
    {
        if (node.Type is BencodeTree.Kind.Number or BencodeTree.Kind.Text) return;
        int at = random.Next(node.Children.Count + 1);
        node.Children.Insert(at, child);
        if (node.Type == BencodeTree.Kind.Dictionary) node.Keys.Insert(at, SomeString());
    }

    private static void Remove(BencodeTree node, int index)
    {
        node.Children.RemoveAt(index);
        if (node.Type == BencodeTree.Kind.Dictionary) node.Keys.RemoveAt(index);
    }

    private static void Replace(BencodeTree node, BencodeTree by)
    {
        node.Type = by.Type;
        node.Value = by.Value;
        BencodeTree[] children = [.. by.Children];
        byte[][] keys = [.. by.Keys];
        node.Children.Clear();
        node.Children.AddRange(children);
        node.Keys.Clear();
        node.Keys.AddRange(keys);
    }

    private void Nest(BencodeTree node)
    {
        BencodeTree inner = node.Copy();
        for (int depth = random.Next(1, 40); depth > 0; depth--)
        {
            bool list = random.Next(2) == 0;
            var outer = new BencodeTree { Type = list ? BencodeTree.Kind.List : BencodeTree.Kind.Dictionary };
            outer.Children.Add(inner);
            if (!list) outer.Keys.Add(SomeString());
            inner = outer;
        }
        Replace(node, inner);
    }
}
