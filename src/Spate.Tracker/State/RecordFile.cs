using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;
using Spate.Tracker.Linux;

namespace Spate.Tracker.State;

/// <summary>
/// A file of checked records that only grows, and is replaced as a whole by a fresh one when it has grown too much. What was flushed
/// survives a power cut; a record that was being written then is dropped when the file is opened again. A write that fails leaves
/// the file as it was.
/// </summary>
internal sealed class RecordFile : IDisposable
{
    /// <summary>The longest record.</summary>
    public const int MaxRecord = 1 << 20;

    private const int RecordHeader = 8;
    private static readonly byte[] magic = "SPATE TRACKER 1\n"u8.ToArray();

    private readonly string path;
    private readonly ArrayBufferWriter<byte> pending = new();
    private SafeFileHandle file;
    private bool hasTail; // there may be bytes behind the last good record

    private RecordFile(string path, SafeFileHandle file, long length)
    {
        this.path = path;
        this.file = file;
        Length = length;
    }

    /// <summary>Bytes that are safe.</summary>
    public long Length { get; private set; }

    /// <summary>Opens or makes a file, and hands out its records from the first to the last whole one.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="apply">Called for each record; false ends the reading as if the record were damaged.</param>
    /// <param name="log">Told when something had to be dropped.</param>
    /// <exception cref="IOException">It can't be opened, or is no such file.</exception>
    public static RecordFile Open(string path, Func<ReadOnlyMemory<byte>, bool> apply, Action<string>? log)
    {
        Directory.CreateDirectory(FolderOf(path));
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            long length = RandomAccess.GetLength(file);
            if (length < magic.Length) // new, or cut off while it was made
            {
                RandomAccess.Write(file, magic, 0);
                RandomAccess.SetLength(file, magic.Length);
                RandomAccess.FlushToDisk(file);
                FlushFolder(path);
                return new RecordFile(path, file, magic.Length);
            }
            byte[] head = new byte[magic.Length];
            _ = RandomAccess.Read(file, head, 0);
            if (!head.AsSpan().SequenceEqual(magic)) throw new IOException($"{path} is no tracker state of this version.");
            long good = ReadAll(file, length, apply);
            if (good < length) DropTail(path, file, length, good, log);
            return new RecordFile(path, file, good);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes a record; nothing is written before <see cref="Flush"/>.</summary>
    public void Append(ReadOnlySpan<byte> record) => Write(pending, record);

    /// <summary>Writes all that was appended and makes it survive a power cut.</summary>
    /// <exception cref="IOException">It could not be written, and none of it counts.</exception>
    public void Flush()
    {
        try
        {
            // What a write that failed left behind must not look like a record one day.
            if (hasTail) RandomAccess.SetLength(file, Length);
            hasTail = true;
            RandomAccess.Write(file, pending.WrittenSpan, Length);
            RandomAccess.FlushToDisk(file);
            Length += pending.WrittenCount;
            hasTail = false;
        }
        finally
        {
            pending.ResetWrittenCount();
        }
    }

    /// <summary>Replaces the whole content. After a power cut either the old or the new one is there.</summary>
    public void Rewrite(IEnumerable<byte[]> records)
    {
        string temporary = path + ".new";
        SafeFileHandle fresh = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var content = new ArrayBufferWriter<byte>();
            content.Write(magic);
            long length = 0;
            foreach (byte[] record in records)
            {
                Write(content, record);
                if (content.WrittenCount < MaxRecord) continue;
                RandomAccess.Write(fresh, content.WrittenSpan, length);
                length += content.WrittenCount;
                content.ResetWrittenCount();
            }
            RandomAccess.Write(fresh, content.WrittenSpan, length);
            length += content.WrittenCount;
            RandomAccess.FlushToDisk(fresh);
            File.Move(temporary, path, overwrite: true);
            FlushFolder(path);
            file.Dispose();
            (file, Length, hasTail) = (fresh, length, false);
        }
        catch
        {
            fresh.Dispose();
            throw;
        }
    }

    public void Dispose() => file.Dispose();

    private static void Write(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> record)
    {
        Span<byte> header = to.GetSpan(RecordHeader);
        BinaryPrimitives.WriteInt32LittleEndian(header, record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Checksum(record));
        to.Advance(RecordHeader);
        to.Write(record);
    }

    // Returns where the last whole record ends.
    private static long ReadAll(SafeFileHandle from, long length, Func<ReadOnlyMemory<byte>, bool> apply)
    {
        byte[] header = new byte[RecordHeader];
        long at = magic.Length;
        while (at + RecordHeader <= length)
        {
            _ = RandomAccess.Read(from, header, at);
            int size = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (size is < 0 or > MaxRecord || at + RecordHeader + size > length) break;
            byte[] record = new byte[size];
            _ = RandomAccess.Read(from, record, at + RecordHeader);
            if (Checksum(record) != BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4)) || !apply(record)) break;
            at += RecordHeader + size;
        }
        return at;
    }

    private static void DropTail(string path, SafeFileHandle file, long length, long good, Action<string>? log)
    {
        string copy = path + ".damaged";
        File.Copy(path, copy, overwrite: true);
        log?.Invoke($"{path}: the last {length - good} bytes are incomplete and were dropped; the file as it was is kept as {copy}.");
        RandomAccess.SetLength(file, good);
        RandomAccess.FlushToDisk(file);
    }

    // A new name is safe only when the folder is.
    private static void FlushFolder(string path)
    {
        if (OperatingSystem.IsLinux()) Libc.FlushFolder(FolderOf(path));
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFF_FFFF ^ (uint)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
