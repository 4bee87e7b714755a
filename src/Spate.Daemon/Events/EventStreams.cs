using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Spate.Api;
using Spate.Daemon.Security;

namespace Spate.Daemon.Events;

/// <summary>All readers of events. Bounded in number; each costs its view's rows and a few kilobytes of kept events.</summary>
internal sealed class EventStreams(EventSources sources, AccountBook accounts)
{
    /// <summary>Readers at once.</summary>
    public const int Most = 500;

    private static readonly TimeSpan interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan silence = TimeSpan.FromSeconds(15);      // between comments that keep the connection
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);     // with a reader that takes nothing
    private static readonly TimeSpan remembered = TimeSpan.FromSeconds(120);  // after its reader was lost
    private static readonly byte[] comment = ":\n\n"u8.ToArray();

    private readonly ConcurrentDictionary<string, EventStream> streams = new(StringComparer.Ordinal);
    private int readers;

    public int Readers => Volatile.Read(ref readers);

    /// <summary>Serves a reader until he leaves, or the daemon stops.</summary>
    /// <exception cref="ApiProblem">There are too many.</exception>
    public async Task ServeAsync(HttpContext context, TorrentQuery query, string? torrent, IReadOnlySet<EventPart> parts, string? lastId, CancellationToken stopping)
    {
        if (Interlocked.Increment(ref readers) > Most)
        {
            Interlocked.Decrement(ref readers);
            context.Response.Headers.RetryAfter = "10";
            throw ApiProblem.Of(StatusCodes.Status503ServiceUnavailable, "busy", "Too many readers.", $"{Most} readers watch already; try again later.");
        }
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        EventStream? stream = null;
        try
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers["X-Accel-Buffering"] = "no"; // nginx would hold events back
            string view = $"{query}|{torrent}|{string.Join(',', parts.Order())}";
            IReadOnlyList<byte[]>? missed = null;
            (stream, missed) = await FindAsync(lastId, view);
            if (stream is null)
            {
                stream = new EventStream(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), view, new EventView(sources, query, torrent, parts));
                await stream.EnterAsync(sources.Time);
                Remember(stream);
            }
            stream.Reader = ending;
            if (missed is not null)
            {
                foreach (byte[] one in missed) await WriteAsync(context, one, ending);
                await WriteAsync(context, comment, ending);
            }
            else
            {
                if (lastId is not null) await WriteAsync(context, stream.Reset("What happened since then is not kept any more."), ending);
                await WriteAsync(context, await stream.SnapshotAsync(), ending);
            }
            await FollowAsync(context, stream, ending);
        }
        catch (OperationCanceledException) { } // the reader left, takes nothing, or the daemon stops
        catch (IOException) { } // the connection broke
        finally
        {
            stream?.Leave(sources.Time.GetUtcNow());
            Interlocked.Decrement(ref readers);
        }
    }

    private async Task FollowAsync(HttpContext context, EventStream stream, CancellationTokenSource ending)
    {
        Caller caller = Caller.Of(context);
        long written = Environment.TickCount64;
        while (true)
        {
            await Task.Delay(interval, sources.Time, ending.Token);
            if (!accounts.IsStillKnown(caller)) return;
            byte[]? patch = await stream.PatchAsync();
            if (patch is null && Environment.TickCount64 - written < silence.TotalMilliseconds) continue;
            await WriteAsync(context, patch ?? comment, ending);
            written = Environment.TickCount64;
        }
    }

    private static async Task WriteAsync(HttpContext context, byte[] bytes, CancellationTokenSource ending)
    {
        ending.CancelAfter(patience);
        await context.Response.Body.WriteAsync(bytes, ending.Token);
        await context.Response.Body.FlushAsync(ending.Token);
        ending.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    private async Task<(EventStream?, IReadOnlyList<byte[]>?)> FindAsync(string? lastId, string view)
    {
        if (lastId is null || !EventStream.TryParse(lastId, out string name, out long number)) return (null, null);
        if (!streams.TryGetValue(name, out EventStream? stream) || stream.View != view || !await stream.EnterAsync(sources.Time)) return (null, null);
        return (stream, stream.Since(number));
    }

    private void Remember(EventStream stream)
    {
        DateTimeOffset now = sources.Time.GetUtcNow();
        foreach (EventStream old in streams.Values)
        {
            if (!old.IsRead && now - old.Left > remembered) streams.TryRemove(old.Id, out _);
        }
        // The longest forgotten go first.
        while (streams.Count >= 2 * Most && streams.Values.Where(static old => !old.IsRead).MinBy(static old => old.Left) is { } oldest) streams.TryRemove(oldest.Id, out _);
        streams[stream.Id] = stream;
    }
}
