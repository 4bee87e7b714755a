using System.Net.Sockets;
using System.Text;
using Spate.Daemon.Operations;

namespace Spate.Daemon.Tests.Operations;

public sealed class SystemdNotifyTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_manager_hears_of_ready_life_and_end(bool isAbstract)
    {
        if (!OperatingSystem.IsLinux()) return;
        string path = isAbstract ? $"@spate-test-{Environment.ProcessId}" : folder["notify"];
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path[1..] : path));
        using SystemdNotify notify = SystemdNotify.To(path, TimeSpan.FromMilliseconds(50));
        notify.Ready("serving\non http", () => true);
        string ready = Receive(manager);
        Assert.StartsWith("READY=1\nSTATUS=serving on http\nMAINPID=", ready, StringComparison.Ordinal);
        Assert.Equal("WATCHDOG=1", Receive(manager));
        Assert.Equal("WATCHDOG=1", Receive(manager));
        notify.Stopping();
        string last;
        do last = Receive(manager);
        while (last == "WATCHDOG=1");
        Assert.StartsWith("STOPPING=1\n", last, StringComparison.Ordinal);
    }

    [Fact]
    public void A_daemon_that_hangs_is_not_said_to_live()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        manager.Bind(new UnixDomainSocketEndPoint(folder["notify"]));
        int asked = 0;
        using SystemdNotify notify = SystemdNotify.To(folder["notify"], TimeSpan.FromMilliseconds(20));
        notify.Ready("up", () => Interlocked.Increment(ref asked) > 5);
        Receive(manager);
        Assert.Equal("WATCHDOG=1", Receive(manager));
        Assert.InRange(Volatile.Read(ref asked), 6, int.MaxValue);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("/there/is/no/such/socket")]
    public void Without_a_manager_nothing_happens(string? path)
    {
        using SystemdNotify notify = SystemdNotify.To(path, TimeSpan.FromMilliseconds(10));
        notify.Ready("up", () => true);
        notify.Status("still up");
        notify.Stopping();
    }

    private static string Receive(Socket manager)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, manager.Receive(buffer));
    }
}
