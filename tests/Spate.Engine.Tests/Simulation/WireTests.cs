using System.Net;
using Spate.Engine.Peers;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using Spate.Protocol.Wire;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>What a node says on the wire and what it makes of what it hears, told by a peer of which a script says every byte.</summary>
public sealed class WireTests : IDisposable
{
    private const int PieceLength = 256 << 10, BlockLength = 16 << 10;

    private static readonly TimeSpan minute = TimeSpan.FromMinutes(1);

    private static readonly NodeOptions node = new()
    {
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 4 << 20, ReadMemory = 2 << 20 },
    };

    private static readonly ContentOptions content = new() { Length = 8 << 20, PieceLength = PieceLength };

    private readonly SimWorld world = new(61);
    private readonly SimHost host;

    public WireTests() => host = world.AddHost("script", LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(20)));

    public void Dispose() => world.Dispose();

    private delegate ValueTask Breach(RawPeer peer, SimWorld world);

    // What breaks the protocol, and what people are told.
    private static readonly SortedDictionary<string, (Breach Do, DisconnectReason Reason)> breaches = new(StringComparer.Ordinal)
    {
        ["a request of 128 KiB and a byte"] = (static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 0, 0, (128 << 10) + 1), DisconnectReason.RequestTooLong),
        ["a request of another piece than there are"] = (static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 32, 0, BlockLength), DisconnectReason.RequestOutOfRange),
        ["a request over the end of a piece"] = (static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 0, PieceLength - BlockLength + 1, BlockLength), DisconnectReason.RequestOutOfRange),
        ["a request of nothing"] = (static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 0, 0, 0), DisconnectReason.RequestOutOfRange),
        ["a request with a negative number"] = (static (peer, _) => peer.SendNumbersAsync(RawPeer.Request, 0, -1, BlockLength), DisconnectReason.NumberOutOfRange),
        ["a block that nobody asked for"] = (static (peer, _) => peer.SendPieceAsync(3, 0, new byte[BlockLength]), DisconnectReason.UnrequestedBlock),
        ["a block of 16 KiB and a byte"] = (static (peer, _) => peer.SendPieceAsync(3, 0, new byte[BlockLength + 1]), DisconnectReason.BlockSize),
        ["a block of a piece that is not there"] = (static (peer, _) => peer.SendPieceAsync(32, 0, new byte[BlockLength]), DisconnectReason.PieceOutOfRange),
        ["a have of a piece that is not there"] = (static (peer, _) => peer.SendNumbersAsync(RawPeer.Have, 32), DisconnectReason.PieceOutOfRange),
        ["a bitfield of a byte too few"] = (static (peer, _) => peer.SendMessageAsync(RawPeer.Bitfield, 0, 0, 0), DisconnectReason.BadBitfield),
        ["a have of three bytes"] = (static (peer, _) => peer.SendMessageAsync(RawPeer.Have, 0, 0, 0), DisconnectReason.MessageLength),
        ["a message of two gigabytes"] = (static (peer, _) => peer.SendAsync(new byte[] { 0x7f, 0xff, 0xff, 0xff, 7 }), DisconnectReason.MessageTooLong),
        ["an extension handshake that is garbage"] = (static (peer, _) => peer.SendExtendedAsync(0, "le"u8), DisconnectReason.BadExtended),
        ["more requests than are queued"] = (static async (peer, _) =>
        {
            await peer.SendMessageAsync(RawPeer.Interested);
            await peer.ReceiveMessageAsync(RawPeer.Unchoke);
            byte[] requests = [.. Enumerable.Range(0, 6000).SelectMany(static i => RawPeer.MessageBytes(RawPeer.Request, RawPeer.Numbers(i % 32, 0, BlockLength)))];
            await peer.SendAsync(requests);
        }, DisconnectReason.RequestFlood),
        ["requests without end while choked"] = (static (peer, _) => FloodAsync(peer, static i => RawPeer.MessageBytes(RawPeer.Request, RawPeer.Numbers(i % 32, 0, BlockLength))), DisconnectReason.MessageFlood),
        ["cancels without end of what was not asked"] = (static (peer, _) => FloodAsync(peer, static i => RawPeer.MessageBytes(RawPeer.Cancel, RawPeer.Numbers(i % 32, 0, BlockLength))), DisconnectReason.MessageFlood),
        ["messages without end"] = (static (peer, _) => FloodAsync(peer, static i => RawPeer.MessageBytes((byte)(RawPeer.Interested + (i % 2)), [])), DisconnectReason.MessageFlood),
        ["silence for three minutes"] = (static async (_, world) => await world.Delay(TimeSpan.FromMinutes(3)), DisconnectReason.Idle),
        ["eleven minutes in which neither end wants anything"] = (static async (peer, world) =>
        {
            for (int i = 0; i < 11; i++)
            {
                await world.Delay(minute);
                await peer.SendAsync(new byte[4]);
            }
        }, DisconnectReason.Useless),
    };

    // More than is taken in half a second.
    private static async ValueTask FloodAsync(RawPeer peer, Func<int, byte[]> message)
    {
        byte[] flood = [.. Enumerable.Range(0, 20_000).SelectMany(message)];
        for (int i = 0; i < 6; i++) await peer.SendAsync(flood);
    }

    public static TheoryData<string> Breaches => [.. breaches.Keys];

    [Theory]
    [MemberData(nameof(Breaches))]
    public void What_breaks_the_protocol_ends_in_a_reason_that_people_can_read(string breach)
    {
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        List<SessionEvent> events = Watch(seed);
        Script(async () =>
        {
            using RawPeer peer = await CallAsync(seed);
            await breaches[breach].Do(peer, world);
            await peer.UntilClosedAsync();
        });
        world.RunUntil(() => events.OfType<PeerChanged>().Any(static e => e.Reason != DisconnectReason.None), TimeSpan.FromMinutes(12), "it hung up");
        Assert.Equal(breaches[breach].Reason, events.OfType<PeerChanged>().First(static e => e.Reason != DisconnectReason.None).Reason);
        Assert.DoesNotContain("an error in this program", breaches[breach].Reason.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_of_exactly_128_KiB_is_answered()
    {
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        byte[]? block = null;
        Script(async () =>
        {
            using RawPeer peer = await CallAsync(seed);
            await peer.SendMessageAsync(RawPeer.Interested);
            await peer.ReceiveMessageAsync(RawPeer.Unchoke);
            await peer.SendNumbersAsync(RawPeer.Request, 2, 128 << 10, 128 << 10);
            block = (await peer.ReceiveMessageAsync(RawPeer.Piece)).Payload[8..];
        });
        world.RunUntil(() => block is not null, minute, "it is answered");
        Assert.Equal(swarm.Content.Block(2, 128 << 10, 128 << 10), block);
    }

    [Theory]
    [InlineData("nothing", DisconnectReason.ConnectFailed)]
    [InlineData("unplugged", DisconnectReason.ConnectTimeout)]
    [InlineData("silence", DisconnectReason.HandshakeTimeout)]
    [InlineData("close", DisconnectReason.ClosedByPeer)]
    [InlineData("web", DisconnectReason.NotBitTorrent)]
    [InlineData("other", DisconnectReason.WrongInfoHash)]
    public void Who_can_not_be_connected_to_is_told_of_with_the_reason(string does, DisconnectReason reason)
    {
        var swarm = new SimSwarm(world, content);
        if (does is not ("nothing" or "unplugged"))
        {
            RawPeer.Serve(host, 6881, async peer =>
            {
                await peer.ReceiveHandshakeAsync();
                if (does == "web") await peer.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n and some more for the length"u8.ToArray());
                if (does == "other") await peer.SendHandshakeAsync(Protocol.Sha1Hash.Of("another"u8), RawPeer.Id("other"));
                if (does != "close") await world.Delay(minute);
            });
        }
        SimNode leech = swarm.Prepare("leech", node with { Torrent = node.Torrent with { Peers = [new IPEndPoint(host.Address, 6881)] } });
        if (does == "unplugged") world.Partition([host], [leech.Host]);
        leech.Start();
        List<SessionEvent> events = Watch(leech);
        world.RunUntil(() => events.OfType<PeerUnreached>().Any(), minute, "it is told of");
        PeerUnreached told = events.OfType<PeerUnreached>().First();
        Assert.Equal((reason, new IPEndPoint(host.Address, 6881).ToString()), (told.Reason, told.Address));
        Assert.DoesNotContain(events, static e => e is PeerChanged);
    }

    /// <summary>BEP 3: a connection on which nothing happens is kept alive, by a message at least every two minutes.</summary>
    [Fact]
    public void A_quiet_connection_is_kept_alive()
    {
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        var heard = new List<TimeSpan>();
        Script(async () =>
        {
            using RawPeer peer = await CallAsync(seed);
            _ = RawPeer.Run(host, async () =>
            {
                while (true)
                {
                    await world.Delay(minute);
                    await peer.SendAsync(new byte[4]);
                }
            });
            while (true)
            {
                if ((await peer.ReceiveMessageAsync()).Id == RawPeer.KeepAlive) heard.Add(world.Now);
            }
        });
        world.Run(TimeSpan.FromMinutes(9));
        Assert.InRange(heard.Count, 4, 9);
        foreach ((TimeSpan before, TimeSpan after) in heard.Zip(heard.Skip(1))) Assert.InRange((after - before).TotalSeconds, 60, 120);
    }

    /// <summary>BEP 6: of pieces that are wanted as much, the one that the peer suggests is asked for first.</summary>
    [Fact]
    public void What_the_peer_suggests_it_is_asked_for_first()
    {
        var swarm = new SimSwarm(world, content);
        var asked = new List<int>();
        RawPeer.Serve(host, 6881, async peer =>
        {
            await MeetAsSeedAsync(peer, swarm.Content, "suggests");
            await peer.SendNumbersAsync(RawPeer.Suggest, 1000);
            await peer.SendNumbersAsync(RawPeer.Suggest, 19);
            await peer.SendMessageAsync(RawPeer.Unchoke);
            await AnswerAllAsync(peer, swarm.Content, asked.Add);
        });
        SimNode leech = swarm.Add("leech", node with { Torrent = node.Torrent with { Peers = [new IPEndPoint(host.Address, 6881)] } });
        world.RunUntil(() => leech.Torrent?.Status.State == TorrentState.Seeding, minute, "it is complete");
        Assert.All(asked.Take(PieceLength / BlockLength), static piece => Assert.Equal(19, piece));
    }

    /// <summary>BEP 6: a peer that chokes us may be asked for what it allows all the same, and for nothing else.</summary>
    [Fact]
    public void While_choked_it_asks_for_what_is_allowed_and_only_that()
    {
        var swarm = new SimSwarm(world, content);
        var asked = new List<int>();
        RawPeer.Serve(host, 6881, async peer =>
        {
            await MeetAsSeedAsync(peer, swarm.Content, "allows");
            await peer.SendNumbersAsync(RawPeer.AllowedFast, 7);
            await AnswerAllAsync(peer, swarm.Content, asked.Add);
        });
        SimNode leech = swarm.Add("leech", node with { Torrent = node.Torrent with { Peers = [new IPEndPoint(host.Address, 6881)] } });
        world.RunUntil(() => leech.Torrent?.Lifecycle.Picker.Have[7] == true, minute, "the allowed piece is there");
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(1, leech.Torrent!.Lifecycle.Picker.Have.Count);
        Assert.All(asked, static piece => Assert.Equal(7, piece));
    }

    /// <summary>BEP 6: who is choked gets the pieces that it was allowed, once, and is told of each refusal.</summary>
    [Fact]
    public void Who_is_choked_gets_what_it_was_allowed_once_and_else_rejects()
    {
        var swarm = new SimSwarm(world, new ContentOptions { Length = 300 * 32 << 10, PieceLength = 32 << 10 });
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        int[] allowed = [.. Protocol.Wire.AllowedFastSet.Of(host.Address, swarm.Content.InfoHash, 300, 2)];
        var told = new List<int>();
        int blocks = 0, rejects = 0;
        Script(async () =>
        {
            using RawPeer peer = await CallAsync(seed); // never interested, so it stays choked
            int notAllowed = Enumerable.Range(0, 300).First(piece => !allowed.Contains(piece));
            for (int round = 0; round < 3; round++)
            {
                foreach (int piece in allowed)
                {
                    for (int begin = 0; begin < 32 << 10; begin += BlockLength) await peer.SendNumbersAsync(RawPeer.Request, piece, begin, BlockLength);
                }
                await peer.SendNumbersAsync(RawPeer.Request, notAllowed, 0, BlockLength);
            }
            while (true)
            {
                RawMessage message = await peer.ReceiveMessageAsync();
                if (message.Id == RawPeer.AllowedFast) told.Add(message.Number(0));
                if (message.Id == RawPeer.Piece) blocks++;
                if (message.Id == RawPeer.Reject) rejects++;
                Assert.NotEqual(RawPeer.Unchoke, message.Id);
            }
        });
        world.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(allowed.Order(), told.Order());
        Assert.Equal((4, 11), (blocks, rejects));
    }

    /// <summary>BEP 6: a cancelled request is answered by a reject, and the block is not sent.</summary>
    [Fact]
    public void What_is_cancelled_is_not_sent()
    {
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true, Torrent = node.Torrent with { UploadLimit = 20_000 } });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        var sent = new List<int>();
        var rejected = new List<int>();
        Script(async () =>
        {
            using RawPeer peer = await CallAsync(seed);
            await peer.SendMessageAsync(RawPeer.Interested);
            await peer.ReceiveMessageAsync(RawPeer.Unchoke);
            for (int piece = 0; piece < 20; piece++) await peer.SendNumbersAsync(RawPeer.Request, piece, 0, BlockLength);
            await world.Delay(TimeSpan.FromSeconds(1));
            for (int piece = 10; piece < 20; piece++) await peer.SendNumbersAsync(RawPeer.Cancel, piece, 0, BlockLength);
            while (true)
            {
                RawMessage message = await peer.ReceiveMessageAsync();
                if (message.Id == RawPeer.Piece) sent.Add(message.Number(0));
                if (message.Id == RawPeer.Reject) rejected.Add(message.Number(0));
            }
        });
        world.Run(minute);
        Assert.Equal(Enumerable.Range(0, 10), sent);
        Assert.Equal(Enumerable.Range(10, 10), rejected);
    }

    /// <summary>BEP 10: where a peer sees us, where it listens, what it calls itself, and that we say the same of it.</summary>
    [Fact]
    public void Both_extension_handshakes_are_understood()
    {
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        var heard = new List<ExtendedHandshake>();
        for (int i = 0; i < 3; i++)
        {
            SimHost caller = world.AddHost($"caller{i}", LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(20)));
            string name = caller.Name;
            _ = RawPeer.Run(caller, async () =>
            {
                using RawPeer peer = await RawPeer.ConnectAsync(caller, seed.EndPoint);
                await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id(name), RawPeer.FastAndExtended);
                await peer.ReceiveHandshakeAsync();
                await peer.SendMessageAsync(RawPeer.HaveNone);
                await peer.SendExtendedAsync(0, [.. "d1:mde1:pi7777e1:v9:Teapot/416:yourip4:"u8, 81, 2, 69, 142, (byte)'e']);
                await peer.SendMessageAsync(RawPeer.Interested);
                RawMessage answer = await peer.ReceiveMessageAsync(RawPeer.Extended);
                Assert.True(ExtendedHandshake.TryRead(answer.Payload.AsSpan(1), out ExtendedHandshake? handshake));
                Assert.Equal(caller.Address, handshake.YourAddress);
                heard.Add(handshake);
                await world.Delay(minute);
            });
        }
        world.Run(TimeSpan.FromSeconds(10));
        Assert.Equal(3, heard.Count);
        Assert.All(heard, handshake => Assert.Equal((seed.EndPoint.Port, 2000), (handshake.Port, handshake.RequestQueue)));
        Assert.All(heard, static handshake => Assert.StartsWith("Spate ", handshake.Client, StringComparison.Ordinal));
        Assert.All(heard, static handshake => Assert.True(handshake.UploadOnly)); // BEP 21: it has all that it wants
        Assert.Equal(IPAddress.Parse("81.2.69.142"), seed.Session!.Resources.Addresses.V4);
        IReadOnlyList<PeerStatus> peers = world.Play(() => seed.Torrent!.GetPeersAsync(), minute);
        Assert.All(peers, static peer => Assert.Equal("Teapot/41", peer.Client));
        Assert.Equal(3, seed.Torrent!.Lifecycle.Candidates.Entries.Count(static candidate => candidate.EndPoint.Port == 7777));
    }

    /// <summary>BEP 21: who has a part and wants no more is of no use to one that has all, and as good as any other to one that has not.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_partial_seed_is_left_by_seeds_and_used_by_others(bool saysSo)
    {
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        SimNode leech = swarm.Add("leech", node);
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding && leech.Torrent?.Status.State == TorrentState.Downloading, minute, "both run");
        leech.Torrent!.Lifecycle.Swarm.DownloadLimit.BytesPerSecond = 20_000; // it is not done during the test
        List<SessionEvent> events = Watch(seed);
        int atLeech = 0;
        Script(() => PartOfAll(seed, () => { }));
        Script(() => PartOfAll(leech, () => atLeech++));
        world.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(saysSo, events.OfType<PeerChanged>().Any(e => e.Reason == DisconnectReason.BothSeeds && e.Address.StartsWith(host.Address.ToString(), StringComparison.Ordinal)));
        Assert.True(atLeech > 0);

        async Task PartOfAll(SimNode at, Action asked)
        {
            using RawPeer peer = await RawPeer.ConnectAsync(host, at.EndPoint);
            await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id("part"), RawPeer.FastAndExtended);
            await peer.ReceiveHandshakeAsync();
            await peer.SendMessageAsync(RawPeer.Bitfield, RawPeer.BitfieldBytes(swarm.Content.PieceCount, static piece => piece % 4 == 0));
            await peer.SendExtendedAsync(0, saysSo ? "d1:mde11:upload_onlyi1ee"u8 : "d1:mdee"u8);
            await peer.SendMessageAsync(RawPeer.Unchoke);
            await AnswerAllAsync(peer, swarm.Content, _ => asked());
        }
    }

    /// <summary>BEP 54: a piece that the peer lost is not asked for until it has it again; BEP 21: who is done says so.</summary>
    [Fact]
    public void What_the_peer_lost_is_not_asked_for_until_it_is_back()
    {
        const int Lost = 5;
        var swarm = new SimSwarm(world, content);
        var asked = new List<int>();
        bool isBack = false, saidDone = false;
        RawPeer? seed = null;
        RawPeer.Serve(host, 6881, async peer =>
        {
            seed = peer;
            await peer.ReceiveHandshakeAsync();
            await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id("loses"), RawPeer.FastAndExtended);
            await peer.SendMessageAsync(RawPeer.HaveAll);
            await peer.SendExtendedAsync((byte)Extension.DontHave, RawPeer.Numbers(Lost));
            await peer.SendMessageAsync(RawPeer.Unchoke);
            await AnswerAllAsync(peer, swarm.Content, piece =>
            {
                Assert.True(isBack || piece != Lost);
                asked.Add(piece);
            });
        });
        SimNode leech = swarm.Add("leech", node with { Torrent = node.Torrent with { Peers = [new IPEndPoint(host.Address, 6881)] } });
        world.RunUntil(() => leech.Torrent?.Lifecycle.Picker.Missing.Count == 1, minute, "all but that piece is there");
        Script(async () =>
        {
            using RawPeer other = await CallAsync(leech);
            await other.SendExtendedAsync(0, "d1:md11:upload_onlyi9eee"u8);
            while ((await other.ReceiveMessageAsync(RawPeer.Extended)).Payload is not [9, 1]) { }
            saidDone = true;
        });
        world.Run(TimeSpan.FromSeconds(10));
        Assert.False(leech.Torrent!.Status.IsFinished);
        Assert.False(saidDone);
        Script(async () =>
        {
            isBack = true;
            await seed!.SendNumbersAsync(RawPeer.Have, Lost);
        });
        world.RunUntil(() => leech.Torrent.Status.State == TorrentState.Seeding && saidDone, minute, "the last piece is there, and who is left was told");
        Assert.Equal(Lost, asked[^1]);
    }

    /// <summary>What a peer that fell silent was asked for is taken back, with word to it (BEP 3: cancel), and it is asked for one block at a time.</summary>
    [Fact]
    public void A_silent_peer_is_told_that_it_need_not_answer_any_more()
    {
        var swarm = new SimSwarm(world, content);
        List<(int, int)> asked = [], cancelled = [];
        double askedAt = 0, cancelledAt = 0;
        RawPeer.Serve(host, 6881, async peer =>
        {
            await MeetAsSeedAsync(peer, swarm.Content, "silent");
            await peer.SendMessageAsync(RawPeer.Unchoke);
            while (true)
            {
                RawMessage message = await peer.ReceiveMessageAsync();
                if (message.Id == RawPeer.Request && cancelled.Count == 0)
                {
                    askedAt = world.Now.TotalSeconds;
                    asked.Add((message.Number(0), message.Number(1)));
                }
                if (message.Id == RawPeer.Cancel && world.Now.TotalSeconds < askedAt + 40)
                {
                    cancelledAt = world.Now.TotalSeconds;
                    cancelled.Add((message.Number(0), message.Number(1)));
                }
            }
        });
        swarm.Add("leech", node with { Torrent = node.Torrent with { Peers = [new IPEndPoint(host.Address, 6881)] } });
        world.Run(minute);
        Assert.NotEmpty(asked);
        Assert.Equal(asked.Order(), cancelled.Order());
        Assert.InRange(cancelledAt - askedAt, 30, 32);
    }

    /// <summary>Anti-snubbing: who gave, and so has a slot, loses it soon after it stops to give, however much it asks.</summary>
    [Fact]
    public void Who_stops_giving_loses_its_slot_to_others()
    {
        var swarm = new SimSwarm(world, content with { Length = 64 << 20, DistinctPieces = 4 });
        var told = new List<(double Second, int Id)>();
        double stopped = 0;
        RawPeer.Serve(host, 6881, async peer =>
        {
            await peer.ReceiveHandshakeAsync();
            await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id("gives"));
            await peer.SendMessageAsync(RawPeer.Bitfield, RawPeer.BitfieldBytes(swarm.Content.PieceCount, static piece => piece % 2 == 0));
            await peer.SendMessageAsync(RawPeer.Interested);
            await peer.SendMessageAsync(RawPeer.Unchoke);
            while (true)
            {
                RawMessage message = await peer.ReceiveMessageAsync();
                if (message.Id is RawPeer.Choke or RawPeer.Unchoke) told.Add((world.Now.TotalSeconds, message.Id));
                if (message.Id != RawPeer.Request || world.Now.TotalSeconds > 45) continue;
                stopped = world.Now.TotalSeconds;
                await peer.SendPieceAsync(message.Number(0), message.Number(1), swarm.Content.Block(message.Number(0), message.Number(1), message.Number(2)));
            }
        });
        NodeOptions options = node with { Link = LinkOptions.Of(100_000, 400_000, TimeSpan.FromMilliseconds(40)) };
        swarm.Add("seed", options with { IsSeed = true });
        SimNode leech = swarm.Add("leech", options with { Torrent = node.Torrent with { UploadSlots = 3, Peers = [new IPEndPoint(host.Address, 6881)] } });
        swarm.Add(5, "other", options);
        world.Run(TimeSpan.FromSeconds(44));
        Assert.Equal(RawPeer.Unchoke, told[^1].Id);
        world.Run(TimeSpan.FromSeconds(60));
        Assert.InRange(told.First(t => t.Second > stopped && t.Id == RawPeer.Choke).Second - stopped, 0, 25);
        Assert.True(leech.Torrent!.Status.Peers > 4);
        // From then on it gets the optimistic slot now and then, as anybody does, and no other.
        double had = 0;
        for (int i = 0; i < told.Count; i++)
        {
            if (told[i].Id == RawPeer.Unchoke && told[i].Second > stopped) had += (i + 1 < told.Count ? told[i + 1].Second : world.Now.TotalSeconds) - told[i].Second;
        }
        Assert.InRange(had, 0, 35);
    }

    /// <summary>rtorrent, fast enough, has tens of thousands of requests in flight, and knows no way to be refused one.</summary>
    [Fact]
    public void Who_knows_neither_reqq_nor_rejects_may_ask_for_much_at_once()
    {
        const int Requests = 20_000, Length = 512;
        var swarm = new SimSwarm(world, content);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true, Link = LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(5)) });
        world.RunUntil(() => seed.Torrent?.Status.State == TorrentState.Seeding, minute, "it seeds");
        int answered = 0;
        Script(async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(host, seed.EndPoint);
            await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id("rtorrent"), new byte[8]);
            await peer.ReceiveHandshakeAsync();
            await peer.SendMessageAsync(RawPeer.Interested);
            await peer.ReceiveMessageAsync(RawPeer.Unchoke);
            await peer.SendAsync((byte[])[.. Enumerable.Range(0, Requests).SelectMany(static i => RawPeer.MessageBytes(RawPeer.Request, RawPeer.Numbers(i % 32, i / 32 % 512 * Length, Length)))]);
            while (true)
            {
                await peer.ReceiveMessageAsync(RawPeer.Piece);
                answered++;
            }
        });
        world.RunUntil(() => answered == Requests, minute, "every request is answered");
        Assert.Equal(1, seed.Torrent!.Status.Peers);
    }

    private async Task<RawPeer> CallAsync(SimNode node)
    {
        RawPeer peer = await RawPeer.ConnectAsync(host, node.EndPoint);
        await peer.SendHandshakeAsync(node.Content.InfoHash, RawPeer.Id("script"), RawPeer.FastAndExtended);
        await peer.ReceiveHandshakeAsync();
        await peer.SendMessageAsync(RawPeer.HaveNone);
        return peer;
    }

    private static async Task MeetAsSeedAsync(RawPeer peer, SimContent of, string name)
    {
        await peer.ReceiveHandshakeAsync();
        await peer.SendHandshakeAsync(of.InfoHash, RawPeer.Id(name));
        await peer.SendMessageAsync(RawPeer.HaveAll);
    }

    private static async Task AnswerAllAsync(RawPeer peer, SimContent of, Action<int> onPiece)
    {
        while (true)
        {
            RawMessage request = await peer.ReceiveMessageAsync(RawPeer.Request);
            onPiece(request.Number(0));
            await peer.SendPieceAsync(request.Number(0), request.Number(1), of.Block(request.Number(0), request.Number(1), request.Number(2)));
        }
    }

    private void Script(Func<Task> script) => _ = RawPeer.Run(host, script);

    private static List<SessionEvent> Watch(SimNode node)
    {
        var events = new List<SessionEvent>();
        _ = WatchAsync();
        return events;

        async Task WatchAsync()
        {
            await foreach (SessionEvent e in node.Session!.Events.WatchAsync()) events.Add(e);
        }
    }
}
