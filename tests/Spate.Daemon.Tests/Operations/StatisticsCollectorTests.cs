using Spate.Daemon.Operations;
using Spate.Daemon.State;
using Spate.Protocol;

namespace Spate.Daemon.Tests.Operations;

public sealed class StatisticsCollectorTests : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private readonly FakeTime time = new();
    private DaemonState state = null!;
    private StatisticsCollector statistics = null!;

    public async Task InitializeAsync()
    {
        state = await DaemonState.OpenAsync(folder.Path);
        statistics = new StatisticsCollector(state, time);
    }

    public async Task DisposeAsync()
    {
        await state.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task What_was_transferred_before_this_run_is_not_counted_again()
    {
        await SampleAsync(Torrent("a", 0, 0, known: false));
        await SampleAsync(Torrent("a", 5000, 7000)); // resume data was read
        await SampleAsync(Torrent("a", 5100, 7010), Torrent("b", 900, 900));
        await SampleAsync(Torrent("a", 5100, 7010), Torrent("b", 950, 900));
        Assert.Equal((150L, 10L), (statistics.Run.Downloaded, statistics.Run.Uploaded));
        await SampleAsync(Torrent("b", 950, 900)); // removed: its bytes were transferred all the same
        await SampleAsync(Torrent("b", 950, 900), Torrent("a", 0, 0));
        Assert.Equal((150L, 10L), (statistics.Run.Downloaded, statistics.Run.Uploaded));
    }

    [Fact]
    public async Task Totals_and_the_day_survive_a_restart()
    {
        await SampleAsync(Torrent("a", 0, 0));
        for (int i = 1; i <= 90; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await SampleAsync(Torrent("a", i * 600, i * 60));
        }
        statistics.CountCompleted();
        await statistics.SaveAsync();
        await state.DisposeAsync();
        state = await DaemonState.OpenAsync(folder.Path);
        statistics = new StatisticsCollector(state, time);
        Assert.Equal(new SavedTotals { Downloaded = 54_000, Uploaded = 5_400, Seconds = 90, Completed = 1 }, statistics.AllTime);
        Assert.Equal(new SavedTotals(), statistics.Run);
        await SampleAsync(Torrent("a", 54_000, 5_400));
        await SampleAsync(Torrent("a", 54_600, 5_400));
        time.Advance(TimeSpan.FromMinutes(1));
        await SampleAsync(Torrent("a", 54_600, 5_400));
        RateHistory day = statistics.Day();
        Assert.Equal(1440, day.Download.Count);
        Assert.Equal(new long[] { 0, 590, 320 }, day.Download.TakeLast(3)); // 59 samples of 600 in the first minute, 31 and one more in the second
        Assert.Equal(time.GetUtcNow().AddDays(-1).AddSeconds(-30), day.From);
    }

    [Fact]
    public async Task A_crash_costs_ten_seconds_of_the_totals_and_no_torrent_that_was_completed()
    {
        await SampleAsync(Torrent("a", 0, 0));
        for (int i = 1; i <= 25; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            if (i == 24) statistics.CountCompleted();
            await SampleAsync(Torrent("a", i * 100, i * 10));
        }
        Assert.Equal((2400, 240, 1), (state.Totals.Downloaded, state.Totals.Uploaded, state.Totals.Completed));
        time.Advance(TimeSpan.FromSeconds(20));
        await SampleAsync(Torrent("a", 2500, 250));
        Assert.Equal((2500, 250), (state.Totals.Downloaded, state.Totals.Uploaded));
        SavedTotals kept = state.Totals;
        time.Advance(TimeSpan.FromSeconds(11));
        await SampleAsync(Torrent("a", 2500, 250));
        Assert.Same(kept, state.Totals); // nothing was transferred, nothing is written
    }

    [Fact]
    public async Task The_live_graph_has_a_value_for_each_second_and_zeros_for_gaps()
    {
        await SampleAsync(Torrent("a", 0, 0));
        time.Advance(TimeSpan.FromSeconds(1));
        await SampleAsync(Torrent("a", 100, 1));
        await SampleAsync(Torrent("a", 150, 2)); // twice within a second
        time.Advance(TimeSpan.FromSeconds(3));
        await SampleAsync(Torrent("a", 160, 2));
        time.Advance(TimeSpan.FromSeconds(1));
        RateHistory live = statistics.Live();
        Assert.Equal(new long[] { 150, 0, 0, 10 }, live.Download.TakeLast(4));
        Assert.Equal(new long[] { 2, 0, 0, 0 }, live.Upload.TakeLast(4));
        time.Advance(TimeSpan.FromHours(1));
        Assert.All(statistics.Live().Download, value => Assert.Equal(0, value));
    }

    private static TorrentTotals Torrent(string name, long down, long up, bool known = true) =>
        new(Sha1Hash.Of(System.Text.Encoding.ASCII.GetBytes(name)), known, down, up, 0);

    private Task SampleAsync(params TorrentTotals[] torrents) => statistics.SampleAsync(torrents, 3);
}
