using System.Diagnostics;
using System.Text;
using Xunit.Sdk;

namespace Spate.Interop.Tests;

/// <summary>Somebody in a test whose side of the story is told when it fails.</summary>
internal interface IParticipant : IAsyncDisposable
{
    string Name { get; }

    string Log { get; }
}

/// <summary>
/// One test: a folder of its own, and those who take part. When it fails, the logs of all of them are in the message; afterwards they
/// are all ended and the folder is gone.
/// </summary>
internal sealed class Scene
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(50);

    private readonly string root = Path.Combine(TempFolder(), $"spate-interop-{Guid.NewGuid():N}");
    private readonly List<IParticipant> participants = [];
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly TimeSpan limit;
    private int folders;

    private Scene(TimeSpan limit) => this.limit = limit;

    /// <summary>Runs a test.</summary>
    /// <param name="act">The test.</param>
    /// <param name="limitSeconds">All its waits together take no longer.</param>
    public static async Task RunAsync(Func<Scene, Task> act, int limitSeconds = 60)
    {
        var scene = new Scene(TimeSpan.FromSeconds(limitSeconds));
        Directory.CreateDirectory(scene.root);
        try
        {
            await act(scene);
        }
        catch (Exception e)
        {
            throw new XunitException($"{e.Message}\n{e.StackTrace}\n{scene.Story()}");
        }
        finally
        {
            foreach (IParticipant participant in scene.participants) await participant.DisposeAsync();
            Directory.Delete(scene.root, recursive: true);
        }
    }

    public string NewFolder() => Directory.CreateDirectory(Path.Combine(root, $"{Interlocked.Increment(ref folders)}")).FullName;

    public void Add(IParticipant participant) => participants.Add(participant);

    /// <summary>Waits until something is so; fails when the time of the test is up.</summary>
    public async Task WaitAsync(Func<Task<bool>> isSo, string what)
    {
        while (!await isSo())
        {
            if (clock.Elapsed > limit) throw new TimeoutException($"Waited in vain for {what}: {limit.TotalSeconds} s are over.");
            await Task.Delay(pause);
        }
    }

    public Task WaitAsync(Func<bool> isSo, string what) => WaitAsync(() => Task.FromResult(isSo()), what);

    // In memory where there is room for it: with tens of thousands of files a disk is most of the time that a test takes.
    private static string TempFolder()
    {
        const string memory = "/dev/shm";
        return Directory.Exists(memory) && new DriveInfo(memory).AvailableFreeSpace > 2L << 30 ? memory : Path.GetTempPath();
    }

    private string Story()
    {
        var story = new StringBuilder();
        foreach (IParticipant participant in participants) story.Append($"\n--- {participant.Name}\n{participant.Log}\n");
        return story.ToString();
    }
}
