using System.Net;
using Spate.Protocol;

namespace Spate.Interop.Tests.Programs;

/// <summary>opentracker, which serves the torrents it is told of (Debian's build takes no others).</summary>
internal sealed class Opentracker : IParticipant
{
    private readonly ForeignProcess process;
    private readonly IPEndPoint tcp, udp;

    private Opentracker(Scene scene, Sha1Hash infoHash)
    {
        tcp = Loopback.NextEndPoint();
        udp = Loopback.FreePort(tcp.Address);
        string work = scene.NewFolder();
        string whitelist = Path.Combine(work, "whitelist");
        File.WriteAllText(whitelist, $"{infoHash}\n");
        // Started by root it gives its rights up before it reads the list.
        File.SetUnixFileMode(whitelist, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        process = new ForeignProcess(Installed.Find("opentracker", "opentracker"),
            ["-i", tcp.Address.ToString(), "-p", tcp.Port.ToString(), "-P", udp.Port.ToString(), "-w", whitelist], work);
    }

    public string Name => "opentracker";

    public string Log => process.Log;

    public string HttpUrl => $"http://{tcp}/announce";

    public string UdpUrl => $"udp://{udp}/announce";

    public static async Task<Opentracker> StartAsync(Scene scene, Sha1Hash infoHash)
    {
        var tracker = new Opentracker(scene, infoHash);
        scene.Add(tracker);
        await scene.WaitAsync(() => Task.FromResult(
            tracker.process.HasEnded ? throw new InvalidOperationException("opentracker ended.") : Loopback.IsListening(tracker.tcp)), "opentracker to start");
        return tracker;
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
