using System.Net;
using Spate.Engine.Peers;
using Spate.Engine.Torrents;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Peers that lie, stall, flood or break the protocol: the download completes, they go, and nobody innocent does.</summary>
public sealed class HostileTests(ITestOutputHelper output)
{
    private static readonly NodeOptions node = new()
    {
        Link = LinkOptions.Of(1_000_000, 4_000_000, TimeSpan.FromMilliseconds(50)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
    };

    [Theory]
    [InlineData(1UL, 1.0)]
    [InlineData(2UL, 0.3)]
    [InlineData(3UL, 0.05)]
    public void A_poisoner_among_honest_peers_is_banned_and_nobody_else(ulong seed, double share)
    {
        using var world = new SimWorld(seed, shuffle: true);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 8 << 20, PieceLength = 256 << 10 });
        SimHost liar = world.AddHost("liar", LinkOptions.Of(2_000_000, 2_000_000, TimeSpan.FromMilliseconds(20)));
        using var poisoner = new ScriptedSeed(liar, swarm.Content, new SeedManners
        {
            Tamper = (_, _, block) =>
            {
                if (world.Random.Chance(share)) block[world.Random.Next(block.Length)] ^= 1;
            },
        });
        swarm.Tracker!.Extra.Add(new IPEndPoint(liar.Address, 6881));
        swarm.Add("seed", node with { IsSeed = true });
        swarm.Add(7, "leech", node, TimeSpan.FromSeconds(1));
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
        int banned = 0;
        foreach (SimNode leech in swarm.Leeches)
        {
            foreach (SimNode other in swarm.Nodes)
            {
                Assert.False(leech.Torrent!.Lifecycle.Candidates.IsBanned(other.EndPoint), $"{leech.Host.Name} banned the innocent {other.Host.Name}.");
            }
            if (leech.Torrent!.Lifecycle.Candidates.IsBanned(new IPEndPoint(liar.Address, 6881))) banned++;
            else Assert.Equal(0, leech.Torrent.Lifecycle.Swarm.Downloads.Failed);
        }
        long failed = swarm.Leeches.Sum(n => n.Torrent!.Lifecycle.Swarm.Downloads.Failed);
        output.WriteLine($"{banned} of 7 banned it; last {swarm.Leeches.Max(n => n.Seconds):F1} s; {failed >> 10} KiB of pieces failed");
        Assert.True(banned > 0, "Nobody met the poisoner: the test shows nothing.");
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void Half_of_all_peers_poison_and_the_others_complete()
    {
        using var world = new SimWorld(4, shuffle: true);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 4 << 20, PieceLength = 128 << 10 });
        var liars = new List<ScriptedSeed>();
        for (int i = 0; i < 5; i++)
        {
            SimHost host = world.AddHost($"liar{i}", node.Link);
            liars.Add(new ScriptedSeed(host, swarm.Content, new SeedManners { Tamper = static (_, _, block) => block[0] ^= 1 }));
            swarm.Tracker!.Extra.Add(new IPEndPoint(host.Address, 6881));
        }
        swarm.Add("seed", node with { IsSeed = true });
        swarm.Add(4, "leech", node);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(20));
        foreach (SimNode leech in swarm.Leeches)
        {
            Assert.All(swarm.Nodes, other => Assert.False(leech.Torrent!.Lifecycle.Candidates.IsBanned(other.EndPoint)));
        }
        output.WriteLine($"last {swarm.Leeches.Max(n => n.Seconds):F1} s");
        swarm.StopAndCheckForLeaks();
    }

    [Fact]
    public void Peers_that_never_read_do_not_keep_a_seed_from_serving_others()
    {
        using var world = new SimWorld(41, shuffle: true);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 8 << 20, PieceLength = 128 << 10 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        for (int i = 0; i < 12; i++)
        {
            SimHost deaf = world.AddHost($"deaf{i}", new LinkOptions { ReceiveWindow = 128 << 10 });
            _ = RawPeer.Run(deaf, async () =>
            {
                while (true)
                {
                    using RawPeer peer = await RawPeer.ConnectAsync(deaf, seed.EndPoint);
                    await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id(deaf.Name));
                    await peer.SendMessageAsync(RawPeer.HaveNone);
                    await peer.SendMessageAsync(RawPeer.Interested);
                    await peer.ReceiveMessageAsync(RawPeer.Unchoke);
                    for (int piece = 0; piece < 60; piece++) await peer.SendNumbersAsync(RawPeer.Request, piece, 0, 16384);
                    for (int i = 0; i < 20; i++)
                    {
                        await world.Delay(TimeSpan.FromSeconds(60));
                        await peer.SendAsync(new byte[4]); // it is alive, it says
                    }
                }
            });
        }
        world.Run(TimeSpan.FromSeconds(40));
        SimNode leech = swarm.Add("leech", node);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(10));
        output.WriteLine($"{leech.Seconds:F1} s");
        Assert.True(leech.Seconds < 60, $"It took {leech.Seconds:F1} s where 8 would do.");
    }

    public static TheoryData<string> Behaviours => [.. All.Keys];

    /// <summary>One downloads from two honest seeds and one hostile peer: not much slower than without it, and within its memory.</summary>
    [Theory]
    [MemberData(nameof(Behaviours))]
    public void A_download_completes_beside(string behaviour)
    {
        double clean = Download(null), hostile = Download(All[behaviour]);
        output.WriteLine($"{behaviour}: {hostile:F1} s, without {clean:F1} s");
        Assert.True(hostile < clean / 0.8, $"{hostile:F1} s beside a hostile peer, {clean:F1} s without.");
    }

    private static double Download(Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?>? makeHostile)
    {
        using var world = new SimWorld(40, shuffle: true);
        var swarm = new SimSwarm(world, new ContentOptions { Length = 8 << 20, PieceLength = 128 << 10 });
        SimHost hostileHost = world.AddHost("hostile", LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(20)));
        // Only the leech hears of the hostile peer: what seeds would give to it is no harm but their choice.
        IReadOnlyList<IPEndPoint> known = makeHostile is null ? [] : [new IPEndPoint(hostileHost.Address, 6881)];
        SimNode leech = swarm.Prepare("leech", node with { Torrent = node.Torrent with { Peers = known } });
        swarm.Add("seed1", node with { IsSeed = true, Link = LinkOptions.Of(300_000, 0, TimeSpan.FromMilliseconds(50)) });
        swarm.Add("seed2", node with { IsSeed = true, Link = LinkOptions.Of(300_000, 0, TimeSpan.FromMilliseconds(50)) });
        leech.Start();
        using IDisposable? hostile = makeHostile?.Invoke(world, swarm.Content, new IPEndPoint(leech.Host.Address, 6881), hostileHost);
        swarm.RunUntilComplete(TimeSpan.FromMinutes(5));
        Assert.All(swarm.Nodes, other => Assert.False(leech.Torrent!.Lifecycle.Candidates.IsBanned(other.EndPoint)));
        swarm.StopAndCheckForLeaks();
        return leech.Seconds;
    }

    private static readonly SortedDictionary<string, Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?>> All = new(StringComparer.Ordinal)
    {
        ["a seed whose every block is wrong"] = Seed(new SeedManners { Tamper = static (_, _, block) => block.AsSpan().Reverse() }),
        ["a seed that never unchokes"] = Seed(new SeedManners { NeverUnchokes = true }),
        ["a seed that answers nothing"] = Seed(new SeedManners { AnswersAtMost = 0 }),
        ["a seed that answers ten requests and stops"] = Seed(new SeedManners { AnswersAtMost = 10 }),
        ["a seed that rejects half"] = Seed(new SeedManners { Rejects = 0.5 }),
        ["a seed that rejects everything"] = Seed(new SeedManners { Rejects = 1 }),
        ["a seed that takes two seconds for each block"] = Seed(new SeedManners { Delay = TimeSpan.FromSeconds(2) }),
        ["a bitfield that is too long"] = Says(static (peer, content) => peer.SendMessageAsync(RawPeer.Bitfield, new byte[content.PieceCount])),
        ["a bitfield that is too short"] = Says(static (peer, _) => peer.SendMessageAsync(RawPeer.Bitfield, 0)),
        ["a bitfield with spare bits"] = Says(static (peer, content) => peer.SendMessageAsync(RawPeer.Bitfield, Filled((content.PieceCount / 8) + 1, 0xff))),
        ["have-all and have-none in turn"] = Floods(static i => RawPeer.MessageBytes(i % 2 == 0 ? RawPeer.HaveAll : RawPeer.HaveNone, []), 100),
        ["a message of two gigabytes"] = Says(static (peer, _) => peer.SendAsync(new byte[] { 0x7f, 0xff, 0xff, 0xff, 7 })),
        ["a negative message length"] = Says(static (peer, _) => peer.SendAsync(new byte[] { 0xff, 0xff, 0xff, 0xff, 7 })),
        ["unknown messages"] = Floods(static i => RawPeer.MessageBytes((byte)(30 + (i % 100)), new byte[100]), 1000),
        ["a have of a piece that is not there"] = Says(static (peer, content) => peer.SendNumbersAsync(RawPeer.Have, content.PieceCount)),
        ["a have of a negative piece"] = Says(static (peer, _) => peer.SendNumbersAsync(RawPeer.Have, -1)),
        ["a flood of haves"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Have, RawPeer.Numbers(i % 64)), 100_000),
        ["a flood of requests while choked"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Request, RawPeer.Numbers(i % 64, 0, 16384)), 100_000),
        ["a flood of cancels"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Cancel, RawPeer.Numbers(i % 64, 0, 16384)), 100_000),
        ["interested and not interested in turn"] = Floods(static i => RawPeer.MessageBytes((byte)(RawPeer.Interested + (i % 2)), []), 50_000),
        ["choke and unchoke in turn"] = Floods(static i => RawPeer.MessageBytes((byte)(i % 2), []), 50_000),
        ["requests outside the torrent"] = Says(static (peer, content) => peer.SendNumbersAsync(RawPeer.Request, content.PieceCount, 0, 16384)),
        ["requests beyond a piece"] = Says(static (peer, content) => peer.SendNumbersAsync(RawPeer.Request, 0, content.PieceLength - 1, 16384)),
        ["requests of a megabyte"] = Says(static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 0, 0, 1 << 20)),
        ["requests with overflowing numbers"] = Says(static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 0, int.MaxValue, int.MaxValue)),
        ["blocks that nobody asked for"] = Says(static (peer, content) => peer.SendPieceAsync(0, 0, content.Block(0, 0, 16384))),
        ["blocks of odd sizes"] = Says(static (peer, _) => peer.SendPieceAsync(0, 7, new byte[333])),
        ["a block of a piece that is not there"] = Says(static (peer, content) => peer.SendPieceAsync(content.PieceCount + 5, 0, new byte[16384])),
        ["an empty block"] = Says(static (peer, _) => peer.SendPieceAsync(0, 0, [])),
        ["an extension handshake nested ten thousand deep"] = Says(static (peer, _) => peer.SendExtendedAsync(0, [.. "d1:m"u8, .. Filled(10_000, (byte)'l'), .. Filled(10_000, (byte)'e'), (byte)'e'])),
        ["an extension handshake that is garbage"] = Says(static (peer, _) => peer.SendExtendedAsync(0, "d1:md6:ut_pexi-99999999999999999999e"u8)),
        ["an extension handshake with a reqq of nothing"] = Says(static (peer, _) => peer.SendExtendedAsync(0, "d1:mde4:reqqi0ee"u8)),
        ["extension handshakes without end"] = Floods(static _ => RawPeer.MessageBytes(RawPeer.Extended, [0, .. "d1:mde4:reqqi250ee"u8]), 20_000),
        ["suggestions and allowed-fast spam"] = Floods(static i => RawPeer.MessageBytes(i % 2 == 0 ? RawPeer.Suggest : RawPeer.AllowedFast, RawPeer.Numbers(i % 64)), 20_000),
        ["rejects of what was never asked"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Reject, RawPeer.Numbers(i % 64, 0, 16384)), 20_000),
        ["peer exchange without end"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Extended, [2, .. "d5:added6:"u8, 20, 1, 1, (byte)i, 1, 1, (byte)'e']), 5_000),
        ["peer exchange that is garbage"] = Says(static (peer, _) => peer.SendExtendedAsync(2, "d5:addedi1e"u8)),
        ["requests for metadata without end"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Extended, [1, .. "d8:msg_typei0e5:piecei0ee"u8]), 60_000),
        ["metadata that is garbage"] = Floods(static i => RawPeer.MessageBytes(RawPeer.Extended, [1, .. "d8:msg_type"u8, (byte)i]), 20_000),
        ["ports of DHT nodes without end"] = Floods(static i => RawPeer.MessageBytes(9, [(byte)(i >> 8), (byte)i]), 50_000),
        ["keep-alives without end"] = Floods(static _ => new byte[4], 100_000),
        ["a handshake of one byte a second"] = Calls(async (world, peer, content) =>
        {
            foreach (byte b in RawPeer.HandshakeBytes(content.InfoHash, RawPeer.Id("slow"), RawPeer.FastOnly))
            {
                await peer.SendAsync(new[] { b });
                await world.Delay(TimeSpan.FromSeconds(1));
            }
        }),
        ["silence instead of a handshake"] = Calls(static async (world, peer, _) => await world.Delay(TimeSpan.FromMinutes(3))),
        ["a handshake for another torrent"] = Calls(static async (_, peer, _) =>
        {
            await peer.SendHandshakeAsync(Protocol.Sha1Hash.Of("another"u8), RawPeer.Id("other"));
            await peer.UntilClosedAsync();
        }),
        ["a handshake that is not BitTorrent"] = Calls(static async (_, peer, _) =>
        {
            await peer.SendAsync(Filled(500, (byte)'G'));
            await peer.UntilClosedAsync();
        }),
        ["a peer that never reads"] = Dials(static async (world, peer, content) =>
        {
            await peer.SendHandshakeAsync(content.InfoHash, RawPeer.Id("deaf"));
            await peer.SendMessageAsync(RawPeer.HaveNone);
            await peer.SendMessageAsync(RawPeer.Interested);
            for (int i = 0; i < 2000; i++) await peer.SendNumbersAsync(RawPeer.Request, i % content.PieceCount, 0, 16384);
            await world.Delay(TimeSpan.FromMinutes(3));
        }),
        ["two hundred connections at once"] = (world, content, target, host) =>
        {
            for (int i = 0; i < 200; i++)
            {
                string name = $"many{i}";
                _ = RawPeer.Run(host, async () =>
                {
                    using RawPeer peer = await RawPeer.ConnectAsync(host, target);
                    await peer.SendHandshakeAsync(content.InfoHash, RawPeer.Id(name));
                    await peer.SendMessageAsync(RawPeer.HaveNone);
                    await peer.UntilClosedAsync();
                });
            }
            return null;
        },
    };

    private static Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?> Seed(SeedManners manners) =>
        (_, content, _, host) => new ScriptedSeed(host, content, manners);

    // Says it has everything, then says the given thing, and again in each new connection.
    private static Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?> Says(Func<RawPeer, SimContent, ValueTask> thing) => (world, content, target, host) =>
    {
        _ = RawPeer.Run(host, async () =>
        {
            for (int i = 0; i < 20; i++)
            {
                using RawPeer peer = await RawPeer.ConnectAsync(host, target);
                await peer.SendHandshakeAsync(content.InfoHash, RawPeer.Id("hostile"), RawPeer.FastAndExtended);
                await peer.ReceiveHandshakeAsync();
                await thing(peer, content);
                await peer.UntilClosedAsync();
                await world.Delay(TimeSpan.FromMilliseconds(500));
            }
        });
        return null;
    };

    private static Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?> Floods(Func<int, byte[]> message, int count) => (world, content, target, host) =>
    {
        _ = RawPeer.Run(host, async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(host, target);
            await peer.SendHandshakeAsync(content.InfoHash, RawPeer.Id("hostile"), RawPeer.FastAndExtended);
            _ = RawPeer.Run(host, async () => await peer.UntilClosedAsync());
            for (int i = 0; i < count;)
            {
                var batch = new List<byte>();
                for (int j = 0; j < 100 && i < count; j++) batch.AddRange(message(i++));
                await peer.SendAsync(batch.ToArray());
                if (i % 1000 == 0) await world.Delay(TimeSpan.FromMilliseconds(10));
            }
            await world.Delay(TimeSpan.FromSeconds(30));
        });
        return null;
    };

    // Makes connections and does the given thing in each.
    private static Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?> Dials(Func<SimWorld, RawPeer, SimContent, Task> script) => (world, content, target, host) =>
    {
        for (int i = 0; i < 5; i++)
        {
            _ = RawPeer.Run(host, async () =>
            {
                using RawPeer peer = await RawPeer.ConnectAsync(host, target);
                await script(world, peer, content);
            });
        }
        return null;
    };

    // The same, and takes connections too.
    private static Func<SimWorld, SimContent, IPEndPoint, SimHost, IDisposable?> Calls(Func<SimWorld, RawPeer, SimContent, Task> script) => (world, content, target, host) =>
    {
        Dials(script)(world, content, target, host);
        return RawPeer.Serve(host, 6881, peer => script(world, peer, content));
    };

    private static byte[] Filled(int length, byte value)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
