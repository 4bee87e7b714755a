using System.Net;
using System.Text.RegularExpressions;
using Spate.Protocol;

namespace Spate.Interop.Tests.Programs;

/// <summary>opentracker, which serves the torrents it is told of (Debian's build takes no others).</summary>
internal sealed class Opentracker : IParticipant
{
    private static readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(20) };

    private readonly ForeignProcess process;
    private readonly Sha1Hash infoHash;
    private readonly IPEndPoint tcp, udp;

    private Opentracker(Scene scene, Sha1Hash infoHash)
    {
        this.infoHash = infoHash;
        tcp = Addresses.NextEndPoint();
        udp = Addresses.FreePort(tcp.Address);
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
            tracker.process.HasEnded ? throw new InvalidOperationException("opentracker ended.") : Addresses.IsListening(tracker.tcp)), "opentracker to start");
        return tracker;
    }

    /// <summary>How many peers it knows, by a scrape (BEP 48).</summary>
    public async Task<int> CountPeersAsync()
    {
        string escaped = string.Concat(infoHash.AsSpan().ToArray().Select(b => $"%{b:X2}"));
        string answer = await http.GetStringAsync(new Uri($"http://{tcp}/scrape?info_hash={escaped}"));
        return Regex.Matches(answer, "8:completei([0-9]+)e|10:incompletei([0-9]+)e")
            .Sum(count => int.Parse(count.Groups[1].Length > 0 ? count.Groups[1].Value : count.Groups[2].Value));
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
