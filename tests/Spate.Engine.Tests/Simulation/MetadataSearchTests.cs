using System.Net;
using Spate.Engine.Metadata;
using Spate.Protocol;
using Spate.Protocol.Wire;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>The search for the metadata of a magnet link (BEP 9) among peers that give, refuse, lie and are silent.</summary>
public sealed class MetadataSearchTests(ITestOutputHelper output)
{
    private const byte OurMetadataId = 1, TheirMetadataId = 3;
    private static readonly TimeSpan limit = TimeSpan.FromMinutes(3);

    private static readonly NodeOptions node = new()
    {
        Link = LinkOptions.Of(1_000_000, 4_000_000, TimeSpan.FromMilliseconds(20)),
        Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false },
    };

    /// <summary>What a scripted peer says and gives; the whole of the info dictionary goes in, what is given comes out.</summary>
    public enum Manner
    {
        Honest,
        WrongBytes,
        OneWrongByte,
        TooShortSize,
        TooLongSize,
        ImplausibleSize,
        NegativeSize,
        NoSize,
        WrongTotal,
        WrongLength,
        WrongPart,
        Silent,
        Rejects,
        Garbage,
        HangsUp,
    }

    public static TheoryData<Manner> Manners => [.. Enum.GetValues<Manner>().Where(static m => m != Manner.Honest)];

    [Fact]
    public void Parts_come_from_several_at_once()
    {
        using var world = new SimWorld(70);
        SimSwarm swarm = Swarm(world);
        int[] given = new int[4];
        IPEndPoint[] peers = [.. Enumerable.Range(0, 4).Select(i => Serve(world, swarm, $"peer{i}", Manner.Honest, () => given[i]++))];
        double seconds = Search(world, swarm, peers);
        int parts = (Info(swarm).Length + MetadataMessage.PartSize - 1) / MetadataMessage.PartSize;
        output.WriteLine($"{parts} parts in {seconds:F2} s: {string.Join(" + ", given)}");
        Assert.True(parts >= 20);
        Assert.All(given, count => Assert.True(count > 0, "One gave nothing."));
        Assert.InRange(given.Sum(), parts, parts * 3 / 2);
    }

    [Theory]
    [MemberData(nameof(Manners))]
    public void Liars_and_idlers_do_not_keep_honest_peers_from_giving_it(Manner manner)
    {
        using var world = new SimWorld(71);
        SimSwarm swarm = Swarm(world);
        // The bad ones are there first; the honest ones come when everything has been asked of those.
        IPEndPoint[] bad = [.. Enumerable.Range(0, 3).Select(i => Serve(world, swarm, $"bad{i}", manner, null))];
        IPEndPoint[] good = [.. Enumerable.Range(0, 2).Select(i => Serve(world, swarm, $"good{i}", Manner.Honest, null, TimeSpan.FromSeconds(2)))];
        double seconds = Search(world, swarm, [.. bad, .. good]);
        output.WriteLine($"{manner}: {seconds:F1} s");
        Assert.True(seconds < 90);
    }

    [Fact]
    public void One_honest_peer_among_all_kinds_of_others_is_enough()
    {
        using var world = new SimWorld(72);
        SimSwarm swarm = Swarm(world);
        IPEndPoint[] bad = [.. Enum.GetValues<Manner>().Where(static m => m != Manner.Honest).Select(m => Serve(world, swarm, $"{m}", m, null))];
        IPEndPoint good = Serve(world, swarm, "good", Manner.Honest, null, TimeSpan.FromSeconds(5));
        double seconds = Search(world, swarm, [.. bad, good]);
        output.WriteLine($"one among {bad.Length} others: {seconds:F1} s");
    }

    /// <summary>All that seeds is a web server (<c>xs</c>, <c>as</c>): what it has counts when its info-hash is right.</summary>
    [Theory]
    [InlineData("xs=http%3A%2F%2Fgood%2Fx.torrent")]
    [InlineData("as=http%3A%2F%2Fgood%2Fx.torrent")]
    [InlineData("xs=http%3A%2F%2Fother%2Fx.torrent&xs=http%3A%2F%2Fgone%2Fx.torrent&xs=urn:sha1:x&xs=http%3A%2F%2Fgood%2Fx.torrent")]
    public void A_web_server_alone_is_enough(string sources)
    {
        using var world = new SimWorld(74);
        SimSwarm swarm = Swarm(world);
        SimContent other = world.AddContent(new ContentOptions { Length = 1 << 20, Seed = 9 });
        int asked = 0;
        world.AddWebServer("good", (request, _) =>
        {
            asked++;
            return ValueTask.FromResult(SimWebServer.Reply(request, 200, swarm.Content.Torrent));
        });
        world.AddWebServer("other", (request, _) => ValueTask.FromResult(SimWebServer.Reply(request, 200, other.Torrent)));
        world.AddWebServer("gone", static (request, _) => ValueTask.FromResult(SimWebServer.Reply(request, 404, [])));
        Search(world, swarm, [], "&" + sources);
        Assert.Equal(1, asked);
    }

    [Fact]
    public void Who_asks_for_it_again_and_again_gets_it_four_times_and_at_a_limited_rate()
    {
        using var world = new SimWorld(73);
        SimSwarm swarm = Swarm(world);
        SimNode seed = swarm.Add("seed", node with { IsSeed = true });
        world.Run(TimeSpan.FromSeconds(10));
        int parts = (Info(swarm).Length + MetadataMessage.PartSize - 1) / MetadataMessage.PartSize;
        int data = 0, rejects = 0, most = 0;
        var perSecond = new Dictionary<int, int>();
        for (int i = 0; i < 8; i++)
        {
            SimHost host = world.AddHost($"greedy{i}");
            _ = RawPeer.Run(host, async () =>
            {
                using RawPeer peer = await RawPeer.ConnectAsync(host, seed.EndPoint);
                await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id(host.Name), RawPeer.FastAndExtended);
                await peer.ReceiveHandshakeAsync();
                await peer.SendMessageAsync(RawPeer.HaveNone);
                await peer.SendExtendedAsync(0, "d1:md11:ut_metadatai3eee"u8);
                for (int again = 0; again < 10; again++)
                {
                    for (int part = 0; part < parts; part++)
                        await peer.SendExtendedAsync(OurMetadataId, new MetadataMessage(MetadataMessageKind.Request, part, 0).Write());
                }
                while (true)
                {
                    RawMessage message = await peer.ReceiveMessageAsync(RawPeer.Extended);
                    if (message.Payload[0] != TheirMetadataId || !MetadataMessage.TryRead(message.Payload.AsSpan(1), out MetadataMessage answer, out _)) continue;
                    if (answer.Kind == MetadataMessageKind.Reject) rejects++;
                    else
                    {
                        data++;
                        int second = (int)world.Now.TotalSeconds;
                        most = Math.Max(most, perSecond[second] = perSecond.GetValueOrDefault(second) + 1);
                    }
                }
            });
        }
        world.Run(TimeSpan.FromSeconds(60));
        output.WriteLine($"of {8 * 10 * parts} requests for {parts} parts {data} were answered, at most {most} a second, and {rejects} rejected");
        Assert.Equal(8 * 10 * parts, data + rejects);
        Assert.InRange(data, parts, 8 * 4 * parts);
        Assert.True(most <= 2 * 256);
    }

    private static SimSwarm Swarm(SimWorld world) =>
        new(world, new ContentOptions { Length = 20_000L * (16 << 10), PieceLength = 16 << 10, DistinctPieces = 16 });

    private static byte[] Info(SimSwarm swarm) => swarm.Metainfo.RawInfo.ToArray();

    // Searches by the link alone, with these peers, and returns how long it took.
    private static double Search(SimWorld world, SimSwarm swarm, IReadOnlyList<IPEndPoint> peers, string more = "")
    {
        SimNode searching = swarm.Prepare("searching", node);
        searching.Start();
        TimeSpan begin = default;
        Metainfo? found = null;
        world.Play(async () =>
        {
            await searching.Session!.RemoveAsync(searching.Torrent!, deleteData: true);
            begin = world.Now;
            MetadataDownload search = searching.Session.Search(MagnetLink.Parse($"magnet:?xt=urn:btih:{swarm.Content.InfoHash}{more}"), peers);
            found = await search.WhenComplete();
            searching.Session.EndSearch(search);
        }, limit);
        Assert.Equal(swarm.Content.InfoHash, found!.InfoHash.Wire);
        return (world.Now - begin).TotalSeconds;
    }

    // A peer that speaks the metadata exchange in its manner to everybody who connects.
    private static IPEndPoint Serve(SimWorld world, SimSwarm swarm, string name, Manner manner, Action? onGiven, TimeSpan delay = default)
    {
        SimHost host = world.AddHost(name, LinkOptions.Of(300_000, 300_000, TimeSpan.FromMilliseconds(20)));
        byte[] info = Info(swarm);
        int size = manner switch
        {
            Manner.TooShortSize => info.Length - 40_000,
            Manner.TooLongSize => info.Length + 1_000_000,
            Manner.ImplausibleSize => MetadataAssembly.MaxSize + 1,
            Manner.NegativeSize => -1,
            _ => info.Length,
        };
        RawPeer.Serve(host, 6881, async peer =>
        {
            await peer.ReceiveHandshakeAsync();
            await peer.SendHandshakeAsync(swarm.Content.InfoHash, RawPeer.Id(name), RawPeer.FastAndExtended);
            await peer.SendMessageAsync(RawPeer.HaveAll);
            if (delay > TimeSpan.Zero) await world.Delay(delay);
            string said = manner == Manner.NoSize ? "" : $"13:metadata_sizei{size}e";
            await peer.SendExtendedAsync(0, System.Text.Encoding.ASCII.GetBytes($"d1:md11:ut_metadatai{TheirMetadataId}ee{said}e"));
            while (true)
            {
                RawMessage message = await peer.ReceiveMessageAsync(RawPeer.Extended);
                if (message.Payload[0] != TheirMetadataId || !MetadataMessage.TryRead(message.Payload.AsSpan(1), out MetadataMessage request, out _)) continue;
                if (request.Kind != MetadataMessageKind.Request || manner == Manner.Silent) continue;
                if (manner == Manner.HangsUp) return;
                byte[] answer = Answer(manner, info, size, request.Piece);
                if (answer.Length > MetadataMessage.PartSize / 2) onGiven?.Invoke();
                await peer.SendExtendedAsync(OurMetadataId, answer);
            }
        });
        return new IPEndPoint(host.Address, 6881);
    }

    private static byte[] Answer(Manner manner, byte[] info, int size, int part)
    {
        int start = Math.Min(part * MetadataMessage.PartSize, info.Length);
        byte[] bytes = info[start..Math.Min(info.Length, start + MetadataMessage.PartSize)];
        int length = Math.Clamp(size - part * MetadataMessage.PartSize, 0, MetadataMessage.PartSize);
        Array.Resize(ref bytes, length);
        var data = new MetadataMessage(MetadataMessageKind.Data, part, size);
        switch (manner)
        {
            case Manner.WrongBytes:
                Array.Reverse(bytes);
                return data.Write(bytes);
            case Manner.OneWrongByte:
                if (part == 7) bytes[100] ^= 1;
                return data.Write(bytes);
            case Manner.WrongTotal:
                return (data with { TotalSize = size + 1 }).Write(bytes);
            case Manner.WrongLength:
                return data.Write(bytes.AsSpan(0, bytes.Length - 1));
            case Manner.WrongPart:
                return (data with { Piece = part + 10_000 }).Write(bytes);
            case Manner.Rejects:
                return new MetadataMessage(MetadataMessageKind.Reject, part, 0).Write();
            case Manner.Garbage:
                return "d8:msg_typei1e5:pieceil"u8.ToArray();
            default:
                return data.Write(bytes);
        }
    }
}
