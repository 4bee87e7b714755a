using Spate.Api;
using Xunit.Abstractions;

namespace Spate.Daemon.Tests.Operations;

/// <summary>A whole daemon in a process of its own is killed at random moments while users change things over the API.</summary>
public sealed class KilledDaemonTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 100, Owners = 4;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task All_that_the_api_acknowledged_survives_a_hundred_kills()
    {
        var random = new Random(4711);
        TorrentOwner[] owners = [.. Enumerable.Range(0, Owners).Select(i => new TorrentOwner(i, folder["downloads"]))];
        var administrator = new SettingsOwner();
        int acknowledged = 0;
        for (int round = 0; round <= Kills; round++)
        {
            using DaemonChild daemon = await DaemonChild.StartAsync(folder["state"], folder["downloads"]);
            TorrentPage page = await SettledAsync(daemon.Client);
            await Task.WhenAll(owners.Select(owner => owner.CheckAsync(daemon.Client, page)).Append(administrator.CheckAsync(daemon.Client, daemon.Address)));
            if (round == Kills) break;
            int killAfter = random.Next(1, 60), done = 0;
            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Action onDone = () =>
            {
                if (Interlocked.Increment(ref done) >= killAfter) enough.TrySetResult();
            };
            int seed = round;
            Task changing = Task.WhenAll(owners.Select((owner, i) => Task.Run(() => owner.ChangeForEverAsync(daemon.Client, new Random((seed * 8) + i), onDone)))
                .Append(Task.Run(() => administrator.ChangeForEverAsync(daemon.Client, new Random((seed * 8) + Owners), onDone))));
            Task first = await Task.WhenAny(enough.Task, changing).WaitAsync(TimeSpan.FromSeconds(60));
            if (first == changing) await changing; // says what went wrong
            await daemon.KillAsync();
            await changing;
            acknowledged += done;
        }
        output.WriteLine($"{acknowledged} changes were acknowledged");
        Assert.False(Directory.Exists(folder["state", "aside"]), "something was damaged");
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
