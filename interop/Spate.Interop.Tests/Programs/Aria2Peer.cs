using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Spate.Interop.Tests.Programs;

/// <summary>aria2, which tells over its RPC how far it is. It can't be handed peers: they come to it, or from a tracker.</summary>
internal sealed class Aria2Peer : ForeignPeer
{
    private static readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(20) };

    private readonly ForeignProcess process;
    private readonly Uri rpc;

    [SetsRequiredMembers]
    public Aria2Peer(string torrent, string folder, IPEndPoint address, string work)
    {
        Address = address;
        IPEndPoint rpcAddress = Addresses.FreePort(IPAddress.Loopback); // its RPC is on 127.0.0.1 or everywhere
        rpc = new Uri($"http://{rpcAddress}/jsonrpc");
        bool isV6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        process = new ForeignProcess(Installed.Find("aria2c", "aria2"),
            [
                "--no-conf", $"--dir={folder}", $"--listen-port={address.Port}", $"--interface={address.Address}", $"--disable-ipv6={(isV6 ? "false" : "true")}",
                // Without its DHT aria2 speaks to no UDP tracker. It knows no node to start from.
                "--enable-dht=true", $"--dht-listen-port={address.Port}", $"--dht-file-path={work}/dht.dat", "--enable-dht6=false", "--bt-enable-lpd=false",
                "--seed-ratio=0.0", "--check-integrity=true", "--file-allocation=none", "--summary-interval=0", "--console-log-level=notice",
                "--enable-color=false", "--show-console-readout=false", "--enable-rpc=true", $"--rpc-listen-port={rpcAddress.Port}", torrent,
            ], work);
    }

    public override string Name => "aria2";

    public override string Log => process.Log;

    public override async Task<bool> IsCompleteAsync()
    {
        if (process.HasEnded) throw new InvalidOperationException("aria2 ended.");
        const string question = """{"jsonrpc":"2.0","id":"1","method":"aria2.tellActive","params":[["totalLength","completedLength","seeder","verifiedLength","bittorrent"]]}""";
        using HttpResponseMessage response = await http.PostAsync(rpc, new StringContent(question, Encoding.UTF8, "application/json"));
        JsonElement[] active = [.. JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("result").EnumerateArray()];
        return active is [var one] && one.TryGetProperty("seeder", out JsonElement seeder) && seeder.GetString() == "true"
            && !one.TryGetProperty("verifiedLength", out _)
            && one.GetProperty("bittorrent").TryGetProperty("info", out _) // else it is only a magnet link yet
            && one.GetProperty("totalLength").GetString() == one.GetProperty("completedLength").GetString();
    }

    public override ValueTask DisposeAsync() => process.DisposeAsync();

    protected override Task<bool> IsReadyAsync()
    {
        if (process.HasEnded) throw new InvalidOperationException("aria2 ended.");
        return Task.FromResult(Addresses.IsListening(Address) && Addresses.IsListening(new IPEndPoint(IPAddress.Loopback, rpc.Port)));
    }
}
