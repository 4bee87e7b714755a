using Spate.Engine.Ports;
using Spate.Engine.Session;
using Spate.Engine.Tests.Discovery;
using Spate.Engine.Tests.Disk;
using Spate.Engine.Torrents;

namespace Spate.Engine.Tests.Session;

public sealed class EventOrderTests
{
    // The strand may be quicker than whoever adds the torrent: here it always is.
    [Fact]
    public async Task A_torrent_is_added_before_anything_happens_to_it()
    {
        var world = new TestWorld();
        var atOnce = new AtOnce();
        var environment = new SessionEnvironment
        {
            Time = world, Random = world, Network = new TestNetwork(world), Storage = new MemoryStorage(), Http = null!, Scheduler = atOnce, Disk = atOnce,
        };
        var faults = new List<Exception>();
        var session = new TorrentSession(new SessionOptions { Dht = false, LocalDiscovery = false }, environment, new TestTrackers(world), faults.Add);
        await using IAsyncEnumerator<SessionEvent> events = session.Events.WatchAsync().GetAsyncEnumerator();
        ValueTask<bool> first = events.MoveNextAsync();

        Torrent torrent = session.Add(TestTorrents.Single(100_000).Metainfo, new TorrentOptions { SaveTo = "/dl", Paused = true });
        Assert.Equal(TorrentState.Paused, torrent.Status.State); // all of that has happened by now
        Assert.True(await first);
        Assert.IsType<TorrentAdded>(events.Current);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(TorrentState.Paused, Assert.IsType<TorrentStateChanged>(events.Current).To);
        await session.RemoveAsync(torrent);
        while (events.Current is not TorrentRemoved) Assert.True(await events.MoveNextAsync());
        Assert.Empty(faults);
    }

    private sealed class AtOnce : IScheduler, IWorkers
    {
        public int Count => 1;

        public int HashLanes => 1;

        public void Schedule(IWorkItem item) => item.Run();

        public void Queue(IWorkItem item) => item.Run();
    }
}
