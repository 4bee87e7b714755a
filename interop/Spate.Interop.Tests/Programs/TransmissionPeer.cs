using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Spate.Interop.Tests.Programs;

/// <summary>transmission-daemon, driven over its RPC. Encryption is "preferred", as it is by default.</summary>
internal sealed class TransmissionPeer : ForeignPeer
{
    private static readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(20) };

    private readonly ForeignProcess process;
    private readonly Uri rpc;
    private readonly string torrent, folder;
    private string sessionId = "";
    private bool isAdded;

    [SetsRequiredMembers]
    public TransmissionPeer(string torrent, string folder, IPEndPoint address, string work)
    {
        (this.torrent, this.folder, Address) = (torrent, folder, address);
        bool isV6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        IPEndPoint rpcAddress = Addresses.FreePort(isV6 ? IPAddress.Loopback : address.Address);
        rpc = new Uri($"http://{rpcAddress}/transmission/rpc");
        var settings = new Dictionary<string, object>
        {
            ["download-dir"] = folder,
            ["peer-port"] = address.Port,
            ["bind-address-ipv4"] = isV6 ? "0.0.0.0" : address.Address.ToString(),
            ["bind-address-ipv6"] = isV6 ? address.Address.ToString() : "::1",
            ["rpc-bind-address"] = rpcAddress.Address.ToString(),
            ["rpc-port"] = rpcAddress.Port,
            ["rpc-whitelist-enabled"] = false,
            ["rpc-host-whitelist-enabled"] = false,
            // It dials over uTP first, and where nobody answers there it does not turn to TCP for many minutes.
            ["utp-enabled"] = false,
            ["dht-enabled"] = false,
            ["lpd-enabled"] = false,
            ["port-forwarding-enabled"] = false,
            ["incomplete-dir-enabled"] = false,
            ["idle-seeding-limit-enabled"] = false,
            ["trash-original-torrent-files"] = false,
        };
        File.WriteAllText(Path.Combine(work, "settings.json"), JsonSerializer.Serialize(settings));
        string program = Installed.Find("transmission-daemon", "transmission-daemon");
        process = new ForeignProcess(program, ["--foreground", "--config-dir", work, "--log-debug"], work, ("TRANSMISSION_HOME", work));
    }

    public override string Name => "transmission";

    public override string Log => process.Log;

    public override async Task<bool> IsCompleteAsync()
    {
        JsonElement answer = await CallAsync("torrent-get", new { fields = new[] { "leftUntilDone", "status", "errorString" } });
        JsonElement state = answer.GetProperty("arguments").GetProperty("torrents").EnumerateArray().Single();
        const int seeding = 6;
        return state.GetProperty("leftUntilDone").GetInt64() == 0 && state.GetProperty("status").GetInt32() == seeding;
    }

    public override ValueTask DisposeAsync() => process.DisposeAsync();

    protected override async Task<bool> IsReadyAsync()
    {
        if (process.HasEnded) throw new InvalidOperationException("transmission-daemon ended.");
        if (!isAdded)
        {
            if (!Addresses.IsListening(IPEndPoint.Parse(rpc.Authority))) return false;
            JsonElement answer = await CallAsync("torrent-add", new Dictionary<string, object> { ["filename"] = torrent, ["download-dir"] = folder });
            if (answer.GetProperty("result").GetString() != "success") throw new InvalidOperationException($"transmission refused the torrent: {answer}");
            isAdded = true;
        }
        return await base.IsReadyAsync();
    }

    private async Task<JsonElement> CallAsync(string method, object arguments)
    {
        string body = JsonSerializer.Serialize(new { method, arguments });
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, rpc) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Add("X-Transmission-Session-Id", sessionId);
            using HttpResponseMessage response = await http.SendAsync(request);
            string text = await response.Content.ReadAsStringAsync();
            if (response.StatusCode == HttpStatusCode.Conflict && sessionId.Length == 0)
            {
                sessionId = response.Headers.GetValues("X-Transmission-Session-Id").Single();
                continue;
            }
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"transmission's RPC answered {response.StatusCode}: {text}");
            return JsonDocument.Parse(text).RootElement;
        }
    }
}
