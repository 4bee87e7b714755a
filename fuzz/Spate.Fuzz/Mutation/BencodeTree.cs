using System.Globalization;
using System.Text;

namespace Spate.Fuzz.Mutation;

/// <summary>A bencoded document taken apart, to be changed and put together again. Written apart from the parser under test.</summary>
internal sealed class BencodeTree
{
    public enum Kind { Number, Text, List, Dictionary }

    public required Kind Type { get; set; }

    /// <summary>Digits of a number (anything, when it was made odd), or the bytes of a string.</summary>
    public byte[] Value { get; set; } = [];

    /// <summary>Values of a list or dictionary.</summary>
    public List<BencodeTree> Children { get; } = [];

    /// <summary>Keys of a dictionary, as many as there are children.</summary>
    public List<byte[]> Keys { get; } = [];

    public static BencodeTree Text(byte[] value) => new() { Type = Kind.Text, Value = value };

    public static BencodeTree Number(long value) => new() { Type = Kind.Number, Value = Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)) };

    public BencodeTree Copy()
    {
        var copy = new BencodeTree { Type = Type, Value = Value };
        copy.Keys.AddRange(Keys);
        foreach (BencodeTree child in Children) copy.Children.Add(child.Copy());
        return copy;
    }

    /// <summary>Every node, this one first; at most some thousand.</summary>
    public List<BencodeTree> All()
    {
        var all = new List<BencodeTree> { this };
        for (int i = 0; i < all.Count && all.Count < 2000; i++) all.AddRange(all[i].Children);
        return all;
    }

    /// <summary>Takes a document apart; null when it is malformed or nested deeper than 60.</summary>
    public static BencodeTree? TryRead(ReadOnlySpan<byte> document)
    {
        int at = 0;
        return Read(document, ref at, 60) is { } tree && at == document.Length ? tree : null;
    }

    private static BencodeTree? Read(ReadOnlySpan<byte> data, ref int at, int depth)
    {
        if (at >= data.Length || depth == 0) return null;
        byte first = data[at];
        if (first is >= (byte)'0' and <= (byte)'9') return ReadString(data, ref at) is { } text ? Text(text) : null;
        at++;
        if (first == 'i')
        {
            int length = data[at..].IndexOf((byte)'e');
            if (length <= 0) return null;
            var number = new BencodeTree { Type = Kind.Number, Value = data.Slice(at, length).ToArray() };
            at += length + 1;
            return number;
        }
        if (first is not ((byte)'l' or (byte)'d')) return null;
        var container = new BencodeTree { Type = first == 'l' ? Kind.List : Kind.Dictionary };
        while (at < data.Length && data[at] != 'e')
        {
            if (container.Type == Kind.Dictionary)
            {
                if (ReadString(data, ref at) is not { } key) return null;
                container.Keys.Add(key);
            }
            if (Read(data, ref at, depth - 1) is not { } child) return null;
            container.Children.Add(child);
        }
        return at++ < data.Length ? container : null;
    }

    private static byte[]? ReadString(ReadOnlySpan<byte> data, ref int at)
    {
        int colon = data[at..].IndexOf((byte)':');
        if (colon is <= 0 or > 9 || !int.TryParse(data.Slice(at, colon), NumberStyles.None, null, out int length)) return null;
        int start = at + colon + 1;
        if (length > data.Length - start) return null;
        at = start + length;
        return data.Slice(start, length).ToArray();
    }

    /// <summary>Puts it together. Keys are sorted, and repeated ones left out, unless that is to be wrong.</summary>
    public void Write(List<byte> output, bool keepOrder)
    {
        switch (Type)
        {
            case Kind.Number:
                output.Add((byte)'i');
                output.AddRange(Value);
                break;
            case Kind.Text:
                WriteString(output, Value);
                return;
            case Kind.List:
                output.Add((byte)'l');
                foreach (BencodeTree child in Children) child.Write(output, keepOrder);
                break;
            case Kind.Dictionary:
                output.Add((byte)'d');
                IEnumerable<(byte[] Key, BencodeTree Child)> entries = Keys.Zip(Children);
                if (!keepOrder)
                {
                    entries = entries.DistinctBy(e => Convert.ToHexString(e.Key))
                        .Order(Comparer<(byte[] Key, BencodeTree)>.Create((a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key)));
                }
                foreach ((byte[] key, BencodeTree child) in entries)
                {
                    WriteString(output, key);
                    child.Write(output, keepOrder);
                }
                break;
        }
        output.Add((byte)'e');
    }

    private static void WriteString(List<byte> output, byte[] value)
    {
        output.AddRange(Encoding.ASCII.GetBytes(value.Length.ToString(CultureInfo.InvariantCulture)));
        output.Add((byte)':');
        output.AddRange(value);
    }
}
