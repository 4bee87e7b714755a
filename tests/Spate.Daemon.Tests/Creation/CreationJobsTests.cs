using Spate.Create;
using Spate.Daemon.Creation;
using Spate.Protocol;

namespace Spate.Daemon.Tests.Creation;

public sealed class CreationJobsTests : IAsyncLifetime
{
    private readonly TempFolder folder = new();
    private readonly CreationJobs jobs = new(TimeProvider.System);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await jobs.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_torrent_is_made_and_kept_until_it_is_dropped()
    {
        File.WriteAllBytes(folder["a"], new byte[100_000]);
        CreatedTorrent? handed = null;
        CreationJob job = jobs.Start(folder["a"], new CreateOptions { Source = "x" }, made =>
        {
            handed = made;
            return Task.CompletedTask;
        })!;
        await OverAsync(job);
        Assert.Equal((CreationStage.Done, 1.0, 100_000L), (job.Status.Stage, job.Status.Progress, job.Status.BytesTotal));
        Assert.Equal(Metainfo.Parse(job.Torrent!).InfoHash, handed!.Metainfo.InfoHash);
        Assert.Same(job, jobs.Find(job.Id));
        Assert.True(jobs.Drop(job.Id));
        Assert.Null(jobs.Find(job.Id));
        Assert.False(jobs.Drop(job.Id));
    }

    [Fact]
    public async Task Failures_say_why()
    {
        CreationJob missing = jobs.Start(folder["missing"], new CreateOptions())!;
        File.WriteAllBytes(folder["a"], [1]);
        CreationJob refused = jobs.Start(folder["a"], new CreateOptions(), _ => throw new IOException("it is here already"))!;
        await OverAsync(missing);
        await OverAsync(refused);
        Assert.Equal(CreationStage.Failed, missing.Status.Stage);
        Assert.Contains(folder["missing"], missing.Status.Error, StringComparison.Ordinal);
        Assert.Equal("it is here already", refused.Status.Error);
        Assert.Null(refused.Torrent);
    }

    [Fact]
    public async Task Jobs_run_one_after_the_other_are_bounded_and_can_be_stopped()
    {
        File.WriteAllBytes(folder["a"], [1]);
        var first = new TaskCompletionSource();
        CreationJob running = jobs.Start(folder["a"], new CreateOptions(), _ => first.Task)!;
        var waiting = new List<CreationJob>();
        while (jobs.Start(folder["a"], new CreateOptions()) is { } job) waiting.Add(job);
        Assert.Equal(CreationJobs.MostOpen - 1, waiting.Count);
        Assert.All(waiting, job => Assert.Equal(CreationStage.Queued, job.Status.Stage));
        Assert.True(jobs.Drop(waiting[0].Id));
        first.SetResult();
        await OverAsync(running);
        foreach (CreationJob job in waiting) await OverAsync(job);
        Assert.Equal(CreationStage.Cancelled, waiting[0].Status.Stage);
        Assert.All(waiting[1..], job => Assert.Equal(CreationStage.Done, job.Status.Stage));
        for (int i = 0; i < 30; i++) await OverAsync(jobs.Start(folder["a"], new CreateOptions())!);
        Assert.Equal(CreationJobs.MostKept, jobs.All.Count);
    }

    [Fact]
    public async Task One_that_reads_can_be_stopped()
    {
        using (FileStream big = File.Create(folder["big"])) big.SetLength(20L << 30); // a hole: costs no space, and many seconds to read
        CreationJob job = jobs.Start(folder["big"], new CreateOptions())!;
        await UntilAsync(() => job.Status.BytesDone > 0);
        Assert.Equal(20L << 30, job.Status.BytesTotal);
        Assert.True(jobs.Drop(job.Id));
        await OverAsync(job);
        Assert.Equal(CreationStage.Cancelled, job.Status.Stage);
    }

    private static Task OverAsync(CreationJob job) => UntilAsync(() => job.IsOver);

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; i < 6000; i++)
        {
            if (condition()) return;
            await Task.Delay(10);
        }
        Assert.Fail("It did not happen.");
    }
}
