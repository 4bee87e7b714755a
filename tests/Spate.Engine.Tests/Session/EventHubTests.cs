using Spate.Engine.Session;
using Spate.Protocol;

namespace Spate.Engine.Tests.Session;

public sealed class EventHubTests
{
    private static readonly InfoHash torrent = InfoHash.FromV1(Sha1Hash.Of("torrent"u8));

    // It reads one event, sleeps through more than is kept for it, and wakes up.
    [Fact]
    public async Task A_slow_watcher_loses_the_oldest_and_is_told_how_many()
    {
        const int Kept = 4096, Sent = 10_000;
        var hub = new EventHub();
        Assert.False(hub.IsWatched);
        long lost = 0;
        var seen = new List<int>();
        await using IAsyncEnumerator<SessionEvent> events = hub.WatchAsync(dropped => lost += dropped).GetAsyncEnumerator();
        ValueTask<bool> first = events.MoveNextAsync();
        Assert.True(hub.IsWatched);
        for (int i = 0; i < Sent; i++) hub.Publish(new PieceFailed(torrent, i));
        hub.Close();
        for (bool more = await first; more; more = await events.MoveNextAsync()) seen.Add(((PieceFailed)events.Current).Piece);
        Assert.Equal(Sent - seen.Count, lost);
        Assert.InRange(seen.Count, Kept, Kept + 1); // the one that it waited for may have been handed over before
        Assert.Equal(Enumerable.Range(Sent - Kept, Kept), seen.TakeLast(Kept));
        await events.DisposeAsync();
        Assert.False(hub.IsWatched);
    }

    [Fact]
    public async Task A_slow_watcher_costs_others_nothing()
    {
        var hub = new EventHub();
        await using IAsyncEnumerator<SessionEvent> slow = hub.WatchAsync().GetAsyncEnumerator(), quick = hub.WatchAsync().GetAsyncEnumerator();
        ValueTask<bool> ofSlow = slow.MoveNextAsync();
        for (int i = 0; i < 10_000; i++)
        {
            ValueTask<bool> next = quick.MoveNextAsync();
            hub.Publish(new PieceFailed(torrent, i));
            Assert.True(await next);
            Assert.Equal(i, ((PieceFailed)quick.Current).Piece);
        }
        Assert.True(await ofSlow);
    }
}
