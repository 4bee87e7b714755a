using Microsoft.Extensions.Logging;

namespace Spate.Daemon.Operations;

/// <summary>Runs a daemon as a program does: with a log, under systemd where that is, and to a stop in good time.</summary>
public static class DaemonRun
{
    /// <summary>How long an orderly stop may take: trackers that do not answer are given up.</summary>
    public static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(5);

    /// <summary>Makes the log of a daemon.</summary>
    /// <param name="level">Entries below this are not written.</param>
    /// <param name="json">Lines of JSON rather than text.</param>
    /// <param name="file">A file that rolls; null for none.</param>
    /// <param name="output">Where lines go beside it; null for nowhere.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static ILoggerFactory CreateLogs(LogLevel level, bool json, string? file, TextWriter? output)
    {
        var log = new DaemonLog(new DaemonLogOptions { Level = level, Json = json, File = file, Output = output }, TimeProvider.System);
        // The framework logs a line for each request, and where it listens, which whoever starts it is told anyway: only for who looks for faults.
        LogLevel framework = level < LogLevel.Information ? level : (LogLevel)Math.Max((int)level, (int)LogLevel.Warning);
        return LoggerFactory.Create(logging => logging.SetMinimumLevel(level)
            .AddFilter("Microsoft.AspNetCore", framework).AddFilter("Microsoft.Hosting.Lifetime", framework).AddProvider(log));
    }

    /// <summary>Starts a daemon, serves until it is told to stop, and stops it in order.</summary>
    /// <param name="options">What it is started with.</param>
    /// <param name="whenStarted">Told once it serves.</param>
    /// <param name="stop">Tells it to stop.</param>
    /// <returns>False when it did not stop in time and was left as it was; nothing that was acknowledged is lost.</returns>
    /// <exception cref="IOException">It can't start; the message says why.</exception>
    public static async Task<bool> RunAsync(DaemonOptions options, Func<DaemonHost, Task> whenStarted, CancellationToken stop)
    {
        using SystemdNotify manager = SystemdNotify.FromEnvironment();
        DaemonHost host = DaemonHost.Create(options);
        await host.StartAsync(stop);
        await whenStarted(host);
        manager.Ready($"Serving {string.Join(", ", host.Addresses)}", IsAlive);
        try { await Task.Delay(Timeout.Infinite, stop); }
        catch (OperationCanceledException) { }
        manager.Stopping();
        Task stopping = host.DisposeAsync().AsTask();
        return await Task.WhenAny(stopping, Task.Delay(StopDeadline, CancellationToken.None)) == stopping && await Ended(stopping);

        static async Task<bool> Ended(Task stopping)
        {
            await stopping;
            return true;
        }
    }

    // The heartbeat itself runs on the thread pool; a pool that is stuck does not get here.
    private static bool IsAlive() => ThreadPool.PendingWorkItemCount < 100_000;
}
