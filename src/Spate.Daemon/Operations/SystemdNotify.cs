using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Spate.Daemon.Operations;

/// <summary>
/// Tells systemd how the daemon fares (sd_notify): a datagram to the socket that <c>$NOTIFY_SOCKET</c> names. Without it nothing is
/// sent. What can't be sent is lost: the service manager must never hold up the service.
/// </summary>
internal sealed class SystemdNotify : IDisposable
{
    private readonly Socket? socket;
    private readonly UnixDomainSocketEndPoint? manager;
    private Timer? heart;

    private SystemdNotify(string? path, TimeSpan? watchdog)
    {
        WatchdogInterval = watchdog;
        if (string.IsNullOrEmpty(path) || (path[0] != '/' && path[0] != '@')) return;
        try
        {
            // "@" stands for the zero byte of the abstract namespace.
            manager = new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path);
            socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            manager = null;
        }
    }

    /// <summary>How often systemd wants to hear that all is well, half of its patience; null when it does not ask.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>As the environment says. The variables are taken away, so that no child speaks for us.</summary>
    public static SystemdNotify FromEnvironment()
    {
        string? path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), period = Environment.GetEnvironmentVariable("WATCHDOG_USEC"), process = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        bool forUs = string.IsNullOrEmpty(process) || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        TimeSpan? watchdog = forUs && long.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds / 2.0) : null;
        return new SystemdNotify(path, watchdog);
    }

    internal static SystemdNotify To(string? path, TimeSpan? watchdog = null) => new(path, watchdog);

    /// <summary>The daemon serves.</summary>
    /// <param name="status">What <c>systemctl status</c> shows.</param>
    /// <param name="isAlive">Asked before each heartbeat: while it says no, or does not answer, systemd hears nothing and restarts us in the end.</param>
    public void Ready(string status, Func<bool> isAlive)
    {
        Send($"READY=1\nSTATUS={OneLine(status)}\nMAINPID={Environment.ProcessId}");
        if (WatchdogInterval is not { } interval || socket is null) return;
        heart = new Timer(_ =>
        {
            if (isAlive()) Send("WATCHDOG=1");
        }, null, TimeSpan.Zero, interval);
    }

    /// <summary>What <c>systemctl status</c> shows from now on.</summary>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <summary>The daemon stops in order.</summary>
    public void Stopping()
    {
        heart?.Dispose();
        Send("STOPPING=1\nSTATUS=Saying goodbye to trackers and saving resume data.");
    }

    public void Dispose()
    {
        heart?.Dispose();
        socket?.Dispose();
    }

    private static string OneLine(string text) => text.Replace('\n', ' ');

    private void Send(string message)
    {
        if (socket is null || manager is null) return;
        try
        {
            socket.SendTo(Encoding.UTF8.GetBytes(message), manager);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { } // nobody listens any more
    }
}
