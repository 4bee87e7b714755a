using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Spate.Protocol.Bencode;

/// <summary>
/// Writes canonical bencode (BEP 3) into a buffer that grows and is used again: a writer that is kept and cleared allocates
/// nothing in steady state. Not safe for several threads.
/// </summary>
/// <remarks>
/// The caller writes dictionary keys in order. Keys out of order, values without keys and ends without starts are bugs of the
/// caller and throw <see cref="InvalidOperationException"/>.
/// </remarks>
public sealed class BencodeWriter
{
    private struct Level
    {
        public bool IsDictionary;
        public bool KeyWritten;
        public int KeyStart; // in the buffer; -1 before the first key
        public int KeyLength;
    }

    private byte[] buffer;
    private int used;
    private Level[] levels = new Level[8];
    private int depth;

    /// <param name="capacity">Bytes to start with.</param>
    public BencodeWriter(int capacity = 256) => buffer = new byte[Math.Max(capacity, 32)];

    /// <summary>What has been written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, used);

    /// <summary>What has been written; valid until the next write.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => buffer.AsMemory(0, used);

    /// <summary>Bytes written.</summary>
    public int Length => used;

    /// <summary>A copy of what has been written.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Clear() => (used, depth) = (0, 0);

    /// <summary>Writes the key of the value that comes next.</summary>
    public BencodeWriter Key(ReadOnlySpan<byte> key)
    {
        if (depth == 0 || !levels[depth - 1].IsDictionary) throw new InvalidOperationException("A key outside of a dictionary.");
        ref Level level = ref levels[depth - 1];
        if (level.KeyWritten) throw new InvalidOperationException("Two keys without a value between them.");
        if (level.KeyStart >= 0 && buffer.AsSpan(level.KeyStart, level.KeyLength).SequenceCompareTo(key) >= 0)
            throw new InvalidOperationException($"The key \"{Encoding.UTF8.GetString(key)}\" is out of order.");
        PutString(key);
        (level.KeyWritten, level.KeyStart, level.KeyLength) = (true, used - key.Length, key.Length);
        return this;
    }

    /// <summary>Writes an integer.</summary>
    public BencodeWriter Integer(long value)
    {
        BeforeValue();
        Reserve(22);
        buffer[used++] = (byte)'i';
        PutDigits(value);
        buffer[used++] = (byte)'e';
        return this;
    }

    /// <summary>Writes a string of bytes.</summary>
    public BencodeWriter Bytes(ReadOnlySpan<byte> value)
    {
        BeforeValue();
        PutString(value);
        return this;
    }

    /// <summary>Writes a string as UTF-8.</summary>
    public BencodeWriter Text(ReadOnlySpan<char> value)
    {
        BeforeValue();
        int length = Encoding.UTF8.GetByteCount(value);
        Reserve(length + 12);
        PutDigits(length);
        buffer[used++] = (byte)':';
        used += Encoding.UTF8.GetBytes(value, buffer.AsSpan(used));
        return this;
    }

    /// <summary>Writes a value that is bencoded already. It is not checked.</summary>
    public BencodeWriter Raw(ReadOnlySpan<byte> bencoded)
    {
        BeforeValue();
        Reserve(bencoded.Length);
        bencoded.CopyTo(buffer.AsSpan(used));
        used += bencoded.Length;
        return this;
    }

    /// <summary>
    /// Writes the head of a string of <paramref name="length"/> bytes and returns the place for the bytes, to be filled before the
    /// next write: spares the copy of what is made in place, such as compact peers.
    /// </summary>
    public Span<byte> BytesToFill(int length)
    {
        BeforeValue();
        Reserve(length + 12);
        PutDigits(length);
        buffer[used++] = (byte)':';
        Span<byte> place = buffer.AsSpan(used, length);
        used += length;
        return place;
    }

    /// <summary>Starts a list.</summary>
    public BencodeWriter BeginList() => Begin((byte)'l', dictionary: false);

    /// <summary>Starts a dictionary.</summary>
    public BencodeWriter BeginDictionary() => Begin((byte)'d', dictionary: true);

    /// <summary>Ends the list or dictionary that was started last.</summary>
    public BencodeWriter End()
    {
        if (depth == 0) throw new InvalidOperationException("An end without a list or dictionary.");
        if (levels[depth - 1].KeyWritten) throw new InvalidOperationException("A key without a value.");
        depth--;
        Reserve(1);
        buffer[used++] = (byte)'e';
        return this;
    }

    /// <summary>Writes a key and an integer.</summary>
    public BencodeWriter Integer(ReadOnlySpan<byte> key, long value) => Key(key).Integer(value);

    /// <summary>Writes a key and a string of bytes.</summary>
    public BencodeWriter Bytes(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Key(key).Bytes(value);

    /// <summary>Writes a key and a string as UTF-8.</summary>
    public BencodeWriter Text(ReadOnlySpan<byte> key, ReadOnlySpan<char> value) => Key(key).Text(value);

    private BencodeWriter Begin(byte start, bool dictionary)
    {
        BeforeValue();
        Reserve(1);
        buffer[used++] = start;
        if (depth == levels.Length) Array.Resize(ref levels, depth * 2);
        levels[depth++] = new Level { IsDictionary = dictionary, KeyStart = -1 };
        return this;
    }

    private void BeforeValue()
    {
        if (depth == 0)
        {
            if (used > 0) throw new InvalidOperationException("A second value after the end of the document.");
            return;
        }
        ref Level level = ref levels[depth - 1];
        if (!level.IsDictionary) return;
        if (!level.KeyWritten) throw new InvalidOperationException("A dictionary value without a key.");
        level.KeyWritten = false;
    }

    private void PutString(ReadOnlySpan<byte> value)
    {
        Reserve(value.Length + 12);
        PutDigits(value.Length);
        buffer[used++] = (byte)':';
        value.CopyTo(buffer.AsSpan(used));
        used += value.Length;
    }

    private void PutDigits(long value)
    {
        Utf8Formatter.TryFormat(value, buffer.AsSpan(used), out int written);
        used += written;
    }

    private void Reserve(int count)
    {
        if (buffer.Length - used >= count) return;
        Array.Resize(ref buffer, Math.Max(checked(used + count), (int)Math.Min(2L * buffer.Length, Array.MaxLength)));
    }
}
