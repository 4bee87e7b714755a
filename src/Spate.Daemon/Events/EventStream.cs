using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Spate.Api;

namespace Spate.Daemon.Events;

/// <summary>
/// One reader's stream: events with growing numbers, the last of which are kept so that it can go on after a lost connection. A reader
/// that is slow is told less often, of more at a time: patches are made when he is ready for one.
/// </summary>
internal sealed class EventStream(string id, string view, EventView source)
{
    private const int MostKept = 64 * 1024; // bytes
    private const int Attempts = 40;
    private static readonly TimeSpan betweenAttempts = TimeSpan.FromMilliseconds(50);

    private readonly Queue<(long Number, byte[] Event)> kept = new();
    private int keptBytes;
    private long last;
    private int readers;

    public string Id => id;

    /// <summary>What it shows, as text: a reader that asks for something else does not get this stream.</summary>
    public string View => view;

    /// <summary>When its reader was lost.</summary>
    public DateTimeOffset Left { get; set; }

    /// <summary>Ends the reader that it has now.</summary>
    public CancellationTokenSource? Reader { get; set; }

    /// <summary>Makes way for a reader that comes back before it was noticed that he left; false when that does not work.</summary>
    public async Task<bool> EnterAsync(TimeProvider time)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            if (Interlocked.CompareExchange(ref readers, 1, 0) == 0) return true;
            try { Reader?.Cancel(); }
            catch (ObjectDisposedException) { } // he is just leaving
            await Task.Delay(betweenAttempts, time);
        }
        return false;
    }

    public void Leave(DateTimeOffset now)
    {
        Left = now;
        Reader = null;
        Volatile.Write(ref readers, 0);
    }

    public bool IsRead => Volatile.Read(ref readers) != 0;

    /// <summary>The events after this number; null when some of them are not kept any more.</summary>
    public IReadOnlyList<byte[]>? Since(long number)
    {
        if (number > last || number < 0) return null;
        long oldest = kept.Count > 0 ? kept.Peek().Number : last + 1;
        return number + 1 < oldest ? null : [.. kept.Where(one => one.Number > number).Select(static one => one.Event)];
    }

    public async Task<byte[]> SnapshotAsync()
    {
        ReadOnlyMemory<byte> data = await source.SnapshotAsync();
        // Nobody goes on from before a snapshot, and it may be large.
        kept.Clear();
        keptBytes = 0;
        return Frame(++last, EventKinds.Snapshot, data.Span);
    }

    /// <summary>What changed, or null.</summary>
    public async Task<byte[]?> PatchAsync()
    {
        ReadOnlyMemory<byte> data = await source.PatchAsync();
        if (data.IsEmpty) return null;
        byte[] made = Frame(++last, EventKinds.Patch, data.Span);
        kept.Enqueue((last, made));
        keptBytes += made.Length;
        while (keptBytes > MostKept) keptBytes -= kept.Dequeue().Event.Length;
        return made;
    }

    public byte[] Reset(string reason) =>
        Frame(last, EventKinds.Reset, JsonSerializer.SerializeToUtf8Bytes(new EventReset { Reason = reason }, ApiJson.Default.EventReset));

    /// <summary>Takes an event's id apart.</summary>
    public static bool TryParse(string text, out string stream, out long number)
    {
        int dash = text.LastIndexOf('-');
        stream = dash > 0 ? text[..dash] : "";
        number = 0;
        return dash > 0 && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private byte[] Frame(long number, string kind, ReadOnlySpan<byte> data)
    {
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {id}-{number}\nevent: {kind}\ndata: "));
        byte[] frame = new byte[head.Length + data.Length + 2];
        head.CopyTo(frame, 0);
        data.CopyTo(frame.AsSpan(head.Length));
        frame[^2] = frame[^1] = (byte)'\n';
        return frame;
    }
}
