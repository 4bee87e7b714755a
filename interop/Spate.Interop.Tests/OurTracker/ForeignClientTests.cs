using System.Net;
using System.Net.Http.Json;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;
using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Interop.Tests.OurTracker;

/// <summary>Clients of others meet through our tracker, and have no other way to find each other.</summary>
public class ForeignClientTests
{
    private const int LimitSeconds = 120; // transmission takes half a minute to find its first peer

    public static TheoryData<Client, string, bool> Ways()
    {
        var ways = new TheoryData<Client, string, bool>();
        foreach (Client client in Enum.GetValues<Client>())
        {
            foreach (string scheme in new[] { "http", "udp" })
            {
                ways.Add(client, scheme, false);
                if (scheme == "http" || client == Client.Libtorrent) ways.Add(client, scheme, true); // of the others see below
            }
        }
        return ways;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public Task Two_of_a_kind_meet(Client client, string scheme, bool v6) => Scene.RunAsync(async scene =>
    {
        TrackerScene tracker = await TrackerScene.StartAsync(scene, OwnAddress(v6));
        SampleContent content = SampleContent.Create(scene, Shape.Single);
        Sha1Hash hash = content.Metainfo.InfoHash.Wire;
        string torrent = content.WriteTorrent(scene, tracker.Url(scheme)), folder = scene.NewFolder();

        await ForeignPeer.StartAsync(client, scene, torrent, content.Folder, EndPoint(v6));
        await scene.WaitAsync(async () => (await tracker.ScrapeAsync(hash)).Seeders == 1, $"{client} to announce as a seed");
        ForeignPeer leech = await ForeignPeer.StartAsync(client, scene, torrent, folder, EndPoint(v6));
        if (v6 && client == Client.Transmission) // 3.00 announces over IPv6, and connects to no peer on the same machine there
        {
            await scene.WaitAsync(() => leech.Log.Contains("Got 1 peers from tracker"), $"{client} to get the seed's address");
            return;
        }
        await scene.WaitAsync(leech.IsCompleteAsync, $"{client} to complete");
        await scene.WaitAsync(async () => await tracker.ScrapeAsync(hash) == new ScrapeEntry(2, 1, 0, 0), $"{client} to say that it has completed");
        await leech.DisposeAsync();
        content.AssertSame(folder);
        Assert.Equal(0, tracker.Server.Status.FrontEnds.Single(f => f.Name == (scheme == "udp" ? "http" : "udp")).Announces);
        Assert.Equal(0, tracker.Server.Status.FrontEnds.Sum(f => f.Errors));
    }, LimitSeconds);

    /// <summary>Transmission 3.00 takes no IPv6 peers from a UDP tracker, but announces; aria2 1.36 sends to UDP trackers from an IPv4 socket alone.</summary>
    [Fact]
    public Task Transmission_announces_over_UDP_and_IPv6() => Scene.RunAsync(async scene =>
    {
        Installed.Find("transmission-daemon", "transmission-daemon");
        (string output, string errors) = await OwnNetwork.RunAsync("udp6_tracker.sh", TimeSpan.FromSeconds(100), scene.NewFolder());
        int content = output.IndexOf('{');
        Assert.True(content > 0, $"{output}\n{errors}");
        JsonElement stats = JsonDocument.Parse(output[content..]).RootElement, udp = stats.GetProperty("frontEnds").GetProperty("udp");
        Assert.True(stats.GetProperty("seeders").GetInt64() == 1, $"{output}\n{errors}");
        Assert.Equal(1, stats.GetProperty("peersV6").GetInt64());
        Assert.Equal((1, 0), (udp.GetProperty("announces").GetInt64(), udp.GetProperty("errors").GetInt64()));
    }, LimitSeconds);

    [Theory]
    [InlineData(Client.Libtorrent, "http")]
    [InlineData(Client.Libtorrent, "udp")] // the passkey travels as URL data (BEP 41)
    [InlineData(Client.Transmission, "http")]
    [InlineData(Client.Aria2, "http")]
    public Task On_a_private_tracker_the_users_traffic_is_added_up(Client client, string scheme) => Scene.RunAsync(async scene =>
    {
        const string key = "a key of enough characters";
        TrackerScene tracker = await TrackerScene.StartAsync(scene, OwnAddress(v6: false), o => o with
        {
            IsPrivate = true, AdminEndPoint = new IPEndPoint(IPAddress.Loopback, 0), AdminKey = key,
        });
        using var admin = new HttpClient { BaseAddress = new Uri($"http://{tracker.Server.AdminEndPoint}/api/v1/"), DefaultRequestHeaders = { { "X-API-Key", key } } };
        async Task<JsonElement> AddUserAsync(string name)
        {
            using HttpResponseMessage response = await admin.PostAsJsonAsync("users", new { name });
            return await response.Content.ReadFromJsonAsync<JsonElement>();
        }
        async Task<long> TotalAsync(JsonElement user, string name) =>
            (await admin.GetFromJsonAsync<JsonElement>($"users/{user.GetProperty("id").GetInt32()}")).GetProperty(name).GetInt64();
        JsonElement ann = await AddUserAsync("ann"), bob = await AddUserAsync("bob");

        SampleContent content = SampleContent.Create(scene, Shape.Single);
        string folder = scene.NewFolder();
        string TorrentOf(JsonElement user) => content.WriteTorrent(scene, tracker.Url(scheme, $"/{user.GetProperty("passkey").GetString()}/announce"));
        await ForeignPeer.StartAsync(client, scene, TorrentOf(ann), content.Folder, EndPoint(v6: false));
        await scene.WaitAsync(() => tracker.Server.Status.Seeders == 1, $"{client} to announce as a seed");
        ForeignPeer leech = await ForeignPeer.StartAsync(client, scene, TorrentOf(bob), folder, EndPoint(v6: false));
        await scene.WaitAsync(leech.IsCompleteAsync, $"{client} to complete");
        await scene.WaitAsync(async () => await TotalAsync(bob, "downloaded") >= content.Metainfo.TotalLength, "bob's download to be added up");
        Assert.Equal(0, await TotalAsync(ann, "downloaded"));
        Assert.Equal(2, tracker.Server.Status.Seeders);
    }, LimitSeconds);

    private static IPEndPoint EndPoint(bool v6) => Addresses.FreePort(OwnAddress(v6));

    // An address of this machine that is not loopback, where it has one: transmission takes no peers at loopback.
    private static IPAddress OwnAddress(bool v6)
    {
        if (!v6 && Addresses.LookGlobal) return Addresses.NextEndPoint().Address;
        AddressFamily family = v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        return NetworkInterface.GetAllNetworkInterfaces()
            .Where(nic => nic.OperationalStatus == OperationalStatus.Up && nic.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == family && !address.IsIPv6LinkLocal)
            ?? (v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback);
    }
}
