using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Microsoft.Win32.SafeHandles;
using Spate.Files;

namespace Spate.Daemon.State;

/// <summary>
/// A file of checksummed lines that only grows, and is replaced as a whole when it has grown too much. Each line is eight hexadecimal
/// digits of CRC-32C, a space, and a text without line breaks. What was committed survives a power cut. A line that was being written
/// then is dropped; a line that was damaged later is set aside, and costs no other line.
/// </summary>
/// <remarks>Used by one thread at a time.</remarks>
internal sealed class Journal : IDisposable
{
    /// <summary>The longest line, in bytes of text.</summary>
    public const int MaxLine = 16 << 20;

    private const int PrefixLength = 9;
    private const int ReadChunk = 1 << 20;
    private static readonly byte[] head = "spate state 1"u8.ToArray();

    private readonly string path;
    private readonly ArrayBufferWriter<byte> pending = new();
    private SafeFileHandle file;

    private Journal(string path, SafeFileHandle file, long length)
    {
        this.path = path;
        this.file = file;
        Length = length;
    }

    /// <summary>Bytes that are safe.</summary>
    public long Length { get; private set; }

    /// <summary>
    /// True after a flush that failed: nobody knows then what the disk holds, and only <see cref="Rewrite"/> makes it known again.
    /// </summary>
    public bool IsDoubtful { get; private set; }

    /// <summary>How often it was flushed.</summary>
    public int Flushes { get; private set; }

    /// <summary>Opens or makes a journal, and hands out its lines in their order.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="apply">Takes the text of a line; false calls it damaged.</param>
    /// <param name="damaged">Told of each damaged line: its number, from 1, and its bytes as they are.</param>
    /// <exception cref="IOException">It can't be opened, or is no journal of this version.</exception>
    public static Journal Open(string path, Func<ReadOnlySpan<byte>, bool> apply, Action<int, ReadOnlySpan<byte>> damaged)
    {
        bool exists = File.Exists(path);
        SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            if (!exists) RestrictToOwner(file);
            var journal = new Journal(path, file, 0);
            journal.ReadAll(apply, damaged);
            if (journal.Length == 0) journal.Rewrite([]);
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes a line of at most <see cref="MaxLine"/> bytes; nothing is written before <see cref="Commit"/>.</summary>
    public void Append(ReadOnlySpan<byte> text) => Append(pending, text);

    /// <summary>Writes all that was appended and makes it survive a power cut.</summary>
    /// <exception cref="IOException">It could not be written, and none of it counts.</exception>
    public void Commit()
    {
        bool flushing = false;
        try
        {
            RandomAccess.Write(file, pending.WrittenSpan, Length);
            flushing = true;
            Flushes++;
            RandomAccess.FlushToDisk(file);
            Length += pending.WrittenCount;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            IsDoubtful |= flushing || !TryCutBack();
            throw;
        }
        finally
        {
            pending.ResetWrittenCount();
        }
    }

    /// <summary>Replaces all lines. After a power cut either the old or the new ones are there.</summary>
    /// <exception cref="IOException">It could not be written, and the old lines stand.</exception>
    public void Rewrite(IEnumerable<ReadOnlyMemory<byte>> lines)
    {
        string temporary = path + ".new";
        SafeFileHandle fresh = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            RestrictToOwner(fresh);
            var chunk = new ArrayBufferWriter<byte>();
            long length = 0;
            Append(chunk, head);
            foreach (ReadOnlyMemory<byte> line in lines)
            {
                Append(chunk, line.Span);
                if (chunk.WrittenCount < ReadChunk) continue;
                RandomAccess.Write(fresh, chunk.WrittenSpan, length);
                length += chunk.WrittenCount;
                chunk.ResetWrittenCount();
            }
            RandomAccess.Write(fresh, chunk.WrittenSpan, length);
            length += chunk.WrittenCount;
            RandomAccess.FlushToDisk(fresh);
            File.Move(temporary, path, overwrite: true);
            file.Dispose();
            (file, Length, IsDoubtful) = (fresh, length, true);
            FlushFolder(path);
            IsDoubtful = false;
        }
        catch
        {
            if (file != fresh) fresh.Dispose();
            throw;
        }
    }

    public void Dispose() => file.Dispose();

    /// <summary>Makes a new name in the folder of a file survive a power cut.</summary>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsLinux()) LinuxFiles.FlushFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>CRC-32C (Castagnoli), as iSCSI and ext4 use it.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0xFFFF_FFFF;
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static void RestrictToOwner(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static void Append(ArrayBufferWriter<byte> to, ReadOnlySpan<byte> text)
    {
        Span<byte> prefix = to.GetSpan(PrefixLength);
        Checksum(text).TryFormat(prefix, out _, "x8", CultureInfo.InvariantCulture);
        prefix[PrefixLength - 1] = (byte)' ';
        to.Advance(PrefixLength);
        to.Write(text);
        to.Write("\n"u8);
    }

    // What a write that failed left behind the last good line must not be read as a line one day.
    private bool TryCutBack()
    {
        try
        {
            RandomAccess.SetLength(file, Length);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void ReadAll(Func<ReadOnlySpan<byte>, bool> apply, Action<int, ReadOnlySpan<byte>> damaged)
    {
        byte[] buffer = new byte[ReadChunk];
        int kept = 0, number = 0, good = 0;
        bool headSeen = false;
        long at = 0, end = 0;
        while (true)
        {
            if (kept == buffer.Length) Array.Resize(ref buffer, GrownLength(buffer.Length));
            int read = RandomAccess.Read(file, buffer.AsSpan(kept), at);
            if (read == 0) break;
            at += read;
            int filled = kept + read, start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is >= 0 and int length)
            {
                ReadOnlySpan<byte> line = buffer.AsSpan(start, length);
                number++;
                if (!TryCheck(line, out ReadOnlySpan<byte> text)) damaged(number, line);
                else if (text.SequenceEqual(head)) headSeen = true;
                else if (number == 1 && text.StartsWith("spate state "u8))
                    throw new IOException($"{path} was written by a newer version of this program; use that one, or start with another state folder.");
                else if (apply(text)) good++;
                else damaged(number, line);
                start += length + 1;
                end += length + 1;
            }
            kept = filled - start;
            buffer.AsSpan(start, kept).CopyTo(buffer);
        }
        if (number > 0 && good == 0 && !headSeen) throw new IOException($"{path} is not the state of this program; move it away or name another state folder.");
        if (end < at) RandomAccess.SetLength(file, end); // was never acknowledged
        Length = end;
    }

    private int GrownLength(int length) => length < 2 * MaxLine
        ? 2 * length
        : throw new IOException($"{path} holds a line of more than {MaxLine:N0} bytes and is not the state of this program.");

    private static bool TryCheck(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (line.Length < PrefixLength || line[PrefixLength - 1] != (byte)' ') return false;
        text = line[PrefixLength..];
        Span<byte> checksum = stackalloc byte[PrefixLength - 1];
        Checksum(text).TryFormat(checksum, out _, "x8", CultureInfo.InvariantCulture);
        return line[..(PrefixLength - 1)].SequenceEqual(checksum);
    }
}
