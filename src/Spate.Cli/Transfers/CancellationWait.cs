namespace Spate.Cli.Transfers;

/// <summary>Waiting for Ctrl-C beside something else.</summary>
internal static class CancellationWait
{
    /// <summary>A task that completes, without an exception, when the token is cancelled.</summary>
    public static async Task WhenCancelled(this CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
        await cancelled.Task;
    }
}
