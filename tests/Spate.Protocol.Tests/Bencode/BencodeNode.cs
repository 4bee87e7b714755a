using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol.Bencode;

namespace Spate.Protocol.Tests.Bencode;

/// <summary>A bencoded value as a tree: what the tests make, write, and read back to compare.</summary>
internal abstract record BencodeNode
{
    public sealed record Integer(long Value) : BencodeNode;

    public sealed record Bytes(byte[] Value) : BencodeNode
    {
        public bool Equals(Bytes? other) => other is not null && Value.AsSpan().SequenceEqual(other.Value);

        public override int GetHashCode() => Value.Length;
    }

    public sealed record List(List<BencodeNode> Items) : BencodeNode
    {
        public bool Equals(List? other) => other is not null && Items.SequenceEqual(other.Items);

        public override int GetHashCode() => Items.Count;
    }

    public sealed record Dictionary(List<(byte[] Key, BencodeNode Value)> Entries) : BencodeNode
    {
        public bool Equals(Dictionary? other) => other is not null && Entries.Count == other.Entries.Count
            && Entries.Zip(other.Entries).All(p => p.First.Key.AsSpan().SequenceEqual(p.Second.Key) && p.First.Value.Equals(p.Second.Value));

        public override int GetHashCode() => Entries.Count;
    }

    public void Write(BencodeWriter writer)
    {
        switch (this)
        {
            case Integer i:
                writer.Integer(i.Value);
                break;
            case Bytes b:
                writer.Bytes(b.Value);
                break;
            case List l:
                writer.BeginList();
                foreach (BencodeNode item in l.Items) item.Write(writer);
                writer.End();
                break;
            case Dictionary d:
                writer.BeginDictionary();
                foreach ((byte[] key, BencodeNode value) in d.Entries) value.Write(writer.Key(key));
                writer.End();
                break;
        }
    }

    public byte[] Encode()
    {
        var writer = new BencodeWriter();
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads the next value, or null at an end and for integers of more than 64 bits.</summary>
    public static BencodeNode? Read(ref BencodeReader reader)
    {
        switch (reader.Kind)
        {
            case BencodeKind.Integer:
                return reader.TryReadInt64(out long number) ? new Integer(number) : null;
            case BencodeKind.Bytes:
                Assert.True(reader.TryReadBytes(out ReadOnlySpan<byte> bytes));
                return new Bytes(bytes.ToArray());
            case BencodeKind.List:
                var list = new List([]);
                Assert.True(reader.TryEnterList());
                while (!reader.TryLeave())
                {
                    if (Read(ref reader) is not { } item) return null;
                    list.Items.Add(item);
                }
                return list;
            case BencodeKind.Dictionary:
                var dictionary = new Dictionary([]);
                Assert.True(reader.TryEnterDictionary());
                while (reader.TryReadKey(out ReadOnlySpan<byte> key))
                {
                    byte[] copy = key.ToArray();
                    if (Read(ref reader) is not { } value) return null;
                    dictionary.Entries.Add((copy, value));
                }
                return dictionary;
            default:
                return null;
        }
    }

    public static Gen<BencodeNode> Any(int size)
    {
        Gen<byte[]> bytes = Gen.OneOf(
            Gen.Choose(0, 255).Select(i => (byte)i).ArrayOf(),
            Gen.Elements("a", "b", "info", "name", "path", "é", "").Select(Encoding.UTF8.GetBytes));
        Gen<BencodeNode> leaf = Gen.OneOf(
            ArbMap.Default.GeneratorFor<long>().Select(v => (BencodeNode)new Integer(v)),
            Gen.Elements(0L, -1, long.MaxValue, long.MinValue).Select(v => (BencodeNode)new Integer(v)),
            bytes.Select(v => (BencodeNode)new Bytes(v)));
        if (size <= 0) return leaf;
        Gen<BencodeNode> below = Any(size / 3);
        return Gen.OneOf(
            leaf,
            below.ListOf().Select(items => (BencodeNode)new List(items.Take(8).ToList())),
            Gen.Zip(bytes, below).ListOf().Select(entries => (BencodeNode)new Dictionary(entries
                .Take(8)
                .DistinctBy(e => Convert.ToHexString(e.Item1))
                .OrderBy(e => e.Item1, ByBytes)
                .Select(e => (e.Item1, e.Item2))
                .ToList())));
    }

    public static Arbitrary<BencodeNode> Arbitrary() => Gen.Sized(size => Any(Math.Min(size, 60))).ToArbitrary();

    private static readonly Comparer<byte[]> ByBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));
}
