using Spate.Engine.Ports;

namespace Spate.Engine.Tests.Runtime;

/// <summary>The thread pool, for tests of what many threads do at once.</summary>
internal sealed class PoolScheduler : IScheduler
{
    public static readonly PoolScheduler Instance = new();

    public void Schedule(IWorkItem item) => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
}

internal static class Patience
{
    /// <summary>How long a test waits for something that must happen before it calls it lost.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Fails, instead of hanging, when the task does not end.</summary>
    public static async Task<T> Within<T>(this Task<T> task, string what)
    {
        if (await Task.WhenAny(task, Task.Delay(Limit)) != task) Assert.Fail($"{what} did not happen within {Limit.TotalSeconds} s.");
        return await task;
    }

    /// <inheritdoc cref="Within{T}"/>
    public static async Task Within(this Task task, string what)
    {
        if (await Task.WhenAny(task, Task.Delay(Limit)) != task) Assert.Fail($"{what} did not happen within {Limit.TotalSeconds} s.");
        await task;
    }
}
