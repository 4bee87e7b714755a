using System.Net;
using System.Text;
using Spate.Protocol;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>
/// Private torrents (BEP 27) use their tracker alone, and so do all torrents of a session in which everything else is switched off. Each test is
/// made with a public torrent too, to see that it could fail.
/// </summary>
public sealed class PrivateTorrentTests(ITestOutputHelper output)
{
    private const int DhtPort = 6881, LsdPort = 6771;

    private static readonly NodeOptions node = new()
    {
        Link = LinkOptions.Of(1_000_000, 4_000_000, TimeSpan.FromMilliseconds(20)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, DhtNodes = [new DnsEndPoint("seed", DhtPort)] },
    };

    private static NodeOptions NodeOf(bool isSwitchedOff) => !isSwitchedOff ? node : node with
    {
        Session = node.Session with { Dht = false, LocalDiscovery = false, PeerExchange = false },
    };

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Nothing_of_it_leaves_by_the_DHT_or_local_discovery(bool isPrivate, bool isSwitchedOff)
    {
        using var world = new SimWorld(61);
        NodeOptions node = NodeOf(isSwitchedOff);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 2 << 20, Private = isPrivate });
        byte[] hash = swarm.Content.InfoHash.AsSpan().ToArray(), hex = Encoding.ASCII.GetBytes(swarm.Content.InfoHash.ToString());
        int byDht = 0, byLsd = 0, others = 0;
        world.OnDatagram = (_, to, payload) =>
        {
            bool names = payload.IndexOf(hash) >= 0 || Encoding.ASCII.GetString(payload).Contains(Encoding.ASCII.GetString(hex), StringComparison.OrdinalIgnoreCase);
            if (!names) others++;
            else if (to.Port == LsdPort) byLsd++;
            else byDht++;
        };
        swarm.Add("seed", node with { IsSeed = true });
        swarm.Add(3, "leech", node, TimeSpan.FromSeconds(5));
        swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
        world.Run(TimeSpan.FromMinutes(20));
        output.WriteLine($"{(isPrivate ? "private" : isSwitchedOff ? "switched off" : "public")}: named in {byDht} datagrams of the DHT and {byLsd} of local discovery; {others} others");
        if (isSwitchedOff) Assert.Equal(0, others);
        else Assert.True(others > 0, "The DHT did not run.");
        if (isPrivate || isSwitchedOff) Assert.Equal((0, 0), (byDht, byLsd));
        else Assert.True(byDht > 0 && byLsd > 0);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void A_peer_is_told_nothing_of_others_and_what_it_tells_is_not_followed(bool isPrivate, bool isSwitchedOff)
    {
        using var world = new SimWorld(62);
        NodeOptions node = NodeOf(isSwitchedOff);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 2 << 20, Private = isPrivate });
        SimHost named = world.AddHost("named"), peerHost = world.AddHost("peer");
        int dials = 0, asked = 0;
        world.OnDial = (_, to) => dials += to.Address.Equals(named.Address) ? 1 : 0;
        world.OnDatagram = (_, to, _) => asked += to.Address.Equals(peerHost.Address) && to.Port == 7777 ? 1 : 0;
        SimNode ours = swarm.Add("ours", node);
        swarm.Add("other", node); // whom peer exchange would tell of
        world.Run(TimeSpan.FromSeconds(20));

        var heard = new List<RawMessage>();
        byte[] reserved = [];
        _ = RawPeer.Run(peerHost, async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(peerHost, ours.EndPoint);
            await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id("peer"), [0, 0, 0, 0, 0, 0x10, 0, 5]);
            reserved = (await peer.ReceiveHandshakeAsync()).Reserved;
            await peer.SendMessageAsync(RawPeer.HaveAll);
            await peer.SendExtendedAsync(0, "d1:md11:ut_metadatai3e6:ut_pexi4ee1:pi5555ee"u8);
            const byte port = 9, theirPex = 2; // the number that our programs give it
            await peer.SendMessageAsync(port, 7777 >> 8, 7777 & 255);
            byte[] contact = [.. named.Address.GetAddressBytes(), 6881 >> 8, 6881 & 255];
            await peer.SendExtendedAsync(theirPex, [.. "d5:added6:"u8, .. contact, (byte)'e']);
            while (true) heard.Add(await peer.ReceiveMessageAsync());
        });
        world.Run(TimeSpan.FromMinutes(3));

        RawMessage introduction = heard.First(m => m.Id == RawPeer.Extended && m.Payload[0] == 0);
        bool offers = Encoding.Latin1.GetString(introduction.Payload).Contains("ut_pex", StringComparison.Ordinal);
        bool saysPort = heard.Exists(m => m.Id == 9), saysDht = (reserved[7] & 1) != 0;
        bool tells = heard.Exists(m => m.Id == RawPeer.Extended && m.Payload[0] == 4);
        output.WriteLine($"offers peer exchange {offers}, tells peers {tells}, says port {saysPort}, DHT bit {saysDht}; named peer dialled {dials} times, DHT node asked {asked} times");
        if (isPrivate || isSwitchedOff) Assert.Equal((false, false, false, false, 0, 0), (offers, tells, saysPort, saysDht, dials, asked));
        else Assert.True(offers && tells && saysPort && saysDht && dials > 0 && asked > 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_the_search_for_its_metadata_found_without_its_tracker_is_not_used(bool isPrivate)
    {
        using var world = new SimWorld(63);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 2 << 20, Private = isPrivate });
        swarm.Add("seed", node with { IsSeed = true });
        SimHost stranger = world.AddHost("stranger");
        stranger.IsOnline = false; // it is still being dialled when the metadata is there
        SimNode searching = swarm.Prepare("searching", node);
        Metainfo? found = null;
        IReadOnlyList<IPEndPoint>? known = null;
        searching.Start();
        world.Play(async () =>
        {
            // The torrent itself goes; only the link is left.
            await searching.Session!.RemoveAsync(searching.Torrent!, deleteData: true);
            var link = MagnetLink.Parse($"magnet:?xt=urn:btih:{swarm.Content.InfoHash}&x.pe={stranger.Address}:1&tr={Uri.EscapeDataString(swarm.Tracker!.Address)}");
            var search = searching.Session.Search(link);
            found = await search.WhenComplete();
            known = [.. (await search.KnownPeersAsync()).Select(static peer => peer.EndPoint)];
            searching.Session.EndSearch(search);
        }, TimeSpan.FromMinutes(5));
        Assert.Equal(isPrivate, found!.IsPrivate);
        Assert.Contains(swarm.Nodes[0].EndPoint, known!); // by its tracker
        Assert.Equal(!isPrivate, known!.Contains(new IPEndPoint(stranger.Address, 1)));
    }
}
