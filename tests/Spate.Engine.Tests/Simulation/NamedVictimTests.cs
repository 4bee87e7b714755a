using System.Net;
using Spate.Engine.Discovery;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Hostile peers name a victim in the hope that we knock on its door without end.</summary>
public sealed class NamedVictimTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Peer_exchange_and_a_tracker_that_name_a_victim_on_every_port_have_it_dialled_a_few_times(bool victimListens)
    {
        using var world = new SimWorld(81);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 2 << 20 });
        SimHost victim = world.AddHost("victim");
        if (victimListens)
        {
            // A server of another kind: it takes connections and hangs up on what it does not understand.
            for (int port = 1; port <= 2000; port++) RawPeer.Serve(victim, port, static peer => Task.CompletedTask);
        }
        for (int port = 2001; port <= 2200; port++) swarm.Tracker!.Extra.Add(new IPEndPoint(victim.Address, port));
        int dials = 0;
        world.OnDial = (_, to) => dials += to.Address.Equals(victim.Address) ? 1 : 0;
        SimNode ours = swarm.Add("ours", new NodeOptions
        {
            Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false },
        });
        world.Run(TimeSpan.FromSeconds(5));
        for (int i = 0; i < 20; i++)
        {
            SimHost host = world.AddHost($"hostile{i}");
            int first = 1 + i * 100;
            _ = RawPeer.Run(host, async () =>
            {
                using RawPeer peer = await RawPeer.ConnectAsync(host, ours.EndPoint);
                await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id(host.Name), RawPeer.FastAndExtended);
                await peer.ReceiveHandshakeAsync();
                await peer.SendMessageAsync(RawPeer.HaveAll);
                await peer.SendExtendedAsync(0, "d1:md6:ut_pexi2eee"u8);
                for (int round = 0; round < 30; round++)
                {
                    byte[] contacts = [.. Enumerable.Range(0, 50).SelectMany(n =>
                    {
                        int port = first + (round * 50 + n) % 100;
                        return (byte[])[.. victim.Address.GetAddressBytes(), (byte)(port >> 8), (byte)port];
                    })];
                    await peer.SendExtendedAsync(2, [.. "d5:added300:"u8, .. contacts, .. "7:dropped300:"u8, .. contacts, (byte)'e']);
                    await world.Delay(TimeSpan.FromSeconds(61));
                }
            });
        }
        world.Run(TimeSpan.FromMinutes(30));
        int entries = ours.Torrent!.Lifecycle.Candidates.Entries.Count(c => c.EndPoint.Address.Equals(victim.Address));
        output.WriteLine($"dialled {dials} times in 30 minutes; {entries} entries in the list");
        Assert.InRange(entries, 1, CandidateList.MaxPerAddress);
        Assert.InRange(dials, 1, 10 + 4 * 31);
    }
}
