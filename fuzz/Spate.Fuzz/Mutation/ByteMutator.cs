using System.Buffers.Binary;

namespace Spate.Fuzz.Mutation;

/// <summary>Changes bytes without knowing what they mean.</summary>
internal sealed class ByteMutator(Random random, IReadOnlyList<byte[]> words)
{
    private static readonly long[] OddNumbers =
        [0, 1, -1, 2, 15, 16, 17, 127, 128, 255, 256, 16383, 16384, 16385, 32767, 32768, 65535, 65536, 131072, 131073,
         int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue];

    /// <summary>Makes one change.</summary>
    public void Change(List<byte> bytes, byte[] other)
    {
        int at = random.Next(bytes.Count + 1);
        switch (random.Next(bytes.Count == 0 ? 4 : 12))
        {
            case 0:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 1 when words.Count > 0:
                bytes.InsertRange(at, words[random.Next(words.Count)]);
                break;
            case 2:
                Splice(bytes, at, other);
                break;
            case 3:
                byte filler = (byte)random.Next(256);
                bytes.InsertRange(at, Enumerable.Repeat(filler, 1 << random.Next(11)));
                break;
            case 4:
                bytes[random.Next(bytes.Count)] ^= (byte)(1 << random.Next(8));
                break;
            case 5:
                bytes[random.Next(bytes.Count)] = (byte)random.Next(256);
                break;
            case 6:
                bytes[random.Next(bytes.Count)] += (byte)(random.Next(2) == 0 ? 1 : 255);
                break;
            case 7:
                Remove(bytes);
                break;
            case 8:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 9:
                Repeat(bytes);
                break;
            case 10:
                WriteOddNumber(bytes);
                break;
            case 11 when words.Count > 0:
                Overwrite(bytes, words[random.Next(words.Count)]);
                break;
        }
    }

    private void Splice(List<byte> bytes, int at, byte[] other)
    {
        if (other.Length == 0) return;
        int from = random.Next(other.Length);
        int length = random.Next(1, other.Length - from + 1);
        bytes.InsertRange(at, other.AsSpan(from, length));
        if (random.Next(2) == 0) bytes.RemoveRange(at + length, Math.Min(length, bytes.Count - at - length));
    }

    private void Remove(List<byte> bytes)
    {
        int from = random.Next(bytes.Count);
        bytes.RemoveRange(from, random.Next(1, Math.Min(32, bytes.Count - from) + 1));
    }

    private void Repeat(List<byte> bytes)
    {
        int from = random.Next(bytes.Count);
        byte[] piece = bytes.GetRange(from, random.Next(1, Math.Min(64, bytes.Count - from) + 1)).ToArray();
        for (int times = random.Next(1, 9); times > 0; times--) bytes.InsertRange(from, piece);
    }

    private void WriteOddNumber(List<byte> bytes)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(number, OddNumbers[random.Next(OddNumbers.Length)]);
        int width = 1 << random.Next(4);
        number = number[^width..];
        if (random.Next(4) == 0) number.Reverse();
        Overwrite(bytes, number);
    }

    private void Overwrite(List<byte> bytes, ReadOnlySpan<byte> piece)
    {
        int at = random.Next(bytes.Count);
        for (int i = 0; i < piece.Length && at + i < bytes.Count; i++) bytes[at + i] = piece[i];
    }
}
