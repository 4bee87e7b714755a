using Spate.Api;
using Xunit.Abstractions;

namespace Spate.Daemon.Tests.Operations;

/// <summary>A whole daemon in a process of its own is killed at random moments while users change things over the API.</summary>
public sealed class KilledDaemonTests(ITestOutputHelper output) : IDisposable
{
    private const int Daemons = 4, Kills = 25, Owners = 4;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task All_that_the_api_acknowledged_survives_a_hundred_kills()
    {
        int[] acknowledged = await Task.WhenAll(Enumerable.Range(0, Daemons).Select(number => Task.Run(() => KillOftenAsync(folder[$"{number}"], new Random(4711 + number)))));
        output.WriteLine($"{acknowledged.Sum()} changes were acknowledged");
    }

    private static async Task<int> KillOftenAsync(string folder, Random random)
    {
        string state = Path.Combine(folder, "state"), downloads = Path.Combine(folder, "downloads");
        TorrentOwner[] owners = [.. Enumerable.Range(0, Owners).Select(i => new TorrentOwner(i, downloads))];
        var administrator = new SettingsOwner();
        int acknowledged = 0;
        for (int round = 0; ; round++)
        {
            using DaemonChild daemon = await DaemonChild.StartAsync(state, downloads);
            TorrentPage page = await SettledAsync(daemon.Client);
            await Task.WhenAll(owners.Select(owner => owner.CheckAsync(daemon.Client, page)).Append(administrator.CheckAsync(daemon.Client, daemon.Address)));
            Assert.False(Directory.Exists(Path.Combine(state, "aside")), "something was damaged");
            if (round == Kills) return acknowledged;
            int killAfter = random.Next(1, 60), done = 0;
            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task changing = Task.WhenAll(owners.Select(owner => owner.ChangeForEverAsync(daemon.Client, new Random(random.Next()), OnDone))
                .Append(administrator.ChangeForEverAsync(daemon.Client, new Random(random.Next()), OnDone)));
            Task first = await Task.WhenAny(enough.Task, changing).WaitAsync(TimeSpan.FromSeconds(60));
            if (first == changing) await changing; // says what went wrong
            await daemon.KillAsync();
            await changing;
            acknowledged += done;

            void OnDone()
            {
                if (Interlocked.Increment(ref done) >= killAfter) enough.TrySetResult();
            }
        }
    }

    // Checks and moves that a kill interrupted are made anew after a start.
    private static async Task<TorrentPage> SettledAsync(SpateClient client)
    {
        TorrentPage page = null!;
        await UntilAsync(async () =>
        {
            page = await client.GetTorrentsAsync(new TorrentQuery { Limit = TorrentQuery.MaxLimit });
            return page.Rows.All(static row => row.State is not (TorrentState.Checking or TorrentState.Moving));
        });
        return page;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 6000; i++)
        {
            if (await condition()) return;
            await Task.Delay(20);
        }
        Assert.Fail("It did not happen.");
    }
}
