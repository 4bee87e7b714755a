using System.Net;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>
/// An announce to one tracker over both address families (BEP 7): two requests with the same key, one answer. A family that works
/// hides the failure of the other, and once one has answered the other gets little more time.
/// </summary>
internal static class MergedAnswers
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(3);

    public static async Task<AnnounceAnswer> OfBothAsync(
        Func<CancellationToken, ValueTask<AnnounceAnswer>> first, Func<CancellationToken, ValueTask<AnnounceAnswer>> second,
        TimeProvider time, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<AnnounceAnswer> a = first(limit.Token).AsTask();
        Task<AnnounceAnswer> b = second(limit.Token).AsTask();
        Task<AnnounceAnswer> early = await Task.WhenAny(a, b);
        Task<AnnounceAnswer> late = early == a ? b : a;
        if (early.IsCompletedSuccessfully && !late.IsCompleted)
        {
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
            await Task.WhenAny(late, Task.Delay(patience, time, pause.Token));
            pause.Cancel(); // not CancelAsync, which leaves the strand
            limit.Cancel();
        }
        try { await Task.WhenAll(a, b); }
        catch (Exception e) when (e is IOException or OperationCanceledException) { } // looked at below

        if (a.IsCompletedSuccessfully && b.IsCompletedSuccessfully) return Merge(a.Result, b.Result);
        if (a.IsCompletedSuccessfully) return a.Result;
        if (b.IsCompletedSuccessfully) return b.Result;
        return await early; // throws what the first to fail threw
    }

    private static AnnounceAnswer Merge(AnnounceAnswer a, AnnounceAnswer b)
    {
        if (a.Failure is not null) return b;
        if (b.Failure is not null) return a;
        return a with
        {
            Interval = Larger(a.Interval, b.Interval),
            MinInterval = Larger(a.MinInterval, b.MinInterval),
            Seeders = Larger(a.Seeders, b.Seeders),
            Leechers = Larger(a.Leechers, b.Leechers),
            Downloaded = Larger(a.Downloaded, b.Downloaded),
            Peers = [.. a.Peers.Concat(b.Peers).Distinct()],
            ExternalAddress = a.ExternalAddress ?? b.ExternalAddress,
            Warning = a.Warning ?? b.Warning,
            TrackerId = a.TrackerId.IsEmpty ? b.TrackerId : a.TrackerId,
        };
    }

    private static T? Larger<T>(T? a, T? b) where T : struct, IComparable<T> =>
        a is T x && b is T y ? (x.CompareTo(y) >= 0 ? a : b) : a ?? b;
}
