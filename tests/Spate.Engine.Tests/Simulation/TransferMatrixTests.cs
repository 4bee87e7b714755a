using Spate.Engine.Torrents;
using Spate.Simulation;
using Xunit.Abstractions;

namespace Spate.Engine.Tests.Simulation;

/// <summary>
/// One transfer between two peers in every combination of what may differ: piece sizes, one or many files, an honest or a corrupt
/// sender, straight through or with a stop in the middle, and what stands on the disk before. A corrupt sender must never make a
/// seed; everything else ends with every piece there.
/// </summary>
public sealed class TransferMatrixTests(ITestOutputHelper output)
{
    public enum Pieces { Normal, Odd, Small, Large }

    public enum Before { Nothing, Garbage, PartlyRight }

    private sealed record Case(Pieces Pieces, bool ManyFiles, bool Corrupt, bool Resume, Before Before, bool Preallocate);

    [Theory]
    [InlineData(Pieces.Normal)]
    [InlineData(Pieces.Odd)]
    [InlineData(Pieces.Small)]
    [InlineData(Pieces.Large)]
    public void Every_combination_ends_as_it_must(Pieces pieces)
    {
        int runs = 0;
        foreach (Case one in All(pieces))
        {
            try { Run(one, 9000 + (ulong)runs); }
            catch (Exception e) { throw new InvalidOperationException($"{one}: {e.Message}", e); }
            runs++;
        }
        output.WriteLine($"{runs} transfers");
        Assert.Equal(48, runs);
    }

    private static IEnumerable<Case> All(Pieces pieces) =>
        from manyFiles in new[] { false, true }
        from corrupt in new[] { false, true }
        from resume in new[] { false, true }
        from before in Enum.GetValues<Before>()
        from preallocate in new[] { false, true }
        select new Case(pieces, manyFiles, corrupt, resume, before, preallocate);

    private static void Run(Case one, ulong seed)
    {
        using var world = new SimWorld(seed, shuffle: true);
        var swarm = new SimSwarm(world, ContentFor(one));
        var node = new NodeOptions
        {
            Link = LinkOptions.Of(400_000, 400_000, TimeSpan.FromMilliseconds(40)),
            Session = new SessionOptions { StateFolder = SimNode.StateFolder, LocalDiscovery = false, Dht = false, WriteMemory = 2 << 20, ReadMemory = 1 << 20 },
            Torrent = new TorrentOptions { SaveTo = SimNode.Folder, Preallocate = one.Preallocate },
        };
        using ScriptedSeed? liar = one.Corrupt ? Liar(world, swarm) : null;
        if (!one.Corrupt) swarm.Add("seed", node with { IsSeed = true });
        SimNode leech = swarm.Prepare("leech", node);
        Prepare(leech, one.Before);
        leech.Start();
        if (one.Resume)
        {
            world.Run(() => leech.Torrent!.Status.Progress > 0.6, TimeSpan.FromSeconds(4));
            world.Play(leech.StopAsync, TimeSpan.FromSeconds(30));
            leech.Host.Restart();
            world.Run(TimeSpan.FromSeconds(2));
            leech.Start();
        }
        if (one.Corrupt)
        {
            world.Run(TimeSpan.FromMinutes(3));
            Assert.False(leech.IsFinished, "A corrupt sender made a seed.");
            Assert.True(liar!.Sent > 0 || one.Before == Before.PartlyRight, "The corrupt sender was never asked.");
        }
        else swarm.RunUntilComplete(TimeSpan.FromMinutes(3));
        foreach (int piece in Enumerable.Range(0, swarm.Content.PieceCount).Where(p => leech.Torrent!.Lifecycle.Picker.Have[p]))
            Assert.True(leech.Host.Disk.HoldsPiece(swarm.Content, SimNode.Folder, piece), $"Piece {piece} is claimed and not there.");
        swarm.StopAndCheckForLeaks();
    }

    private static ContentOptions ContentFor(Case one)
    {
        int pieceLength = one.Pieces switch
        {
            Pieces.Odd => 57_344 + 333,
            Pieces.Small => 16 << 10,
            Pieces.Large => 1 << 20,
            _ => 64 << 10,
        };
        var content = new ContentOptions { Name = "thing", Length = 1_500_001, PieceLength = pieceLength };
        return one.ManyFiles
            ? content with { Files = [("first", 1), ("deep/er/second", 700_000), ("empty", 0), ("third", pieceLength), ("fourth.bin", 399_999)] }
            : content;
    }

    private static ScriptedSeed Liar(SimWorld world, SimSwarm swarm)
    {
        SimHost host = world.AddHost("liar", LinkOptions.Of(400_000, 400_000, TimeSpan.FromMilliseconds(40)));
        swarm.Tracker!.Extra.Add(new System.Net.IPEndPoint(host.Address, 6881));
        return new ScriptedSeed(host, swarm.Content, new SeedManners { Tamper = static (_, _, block) => block[^1] ^= 0x80 });
    }

    private static void Prepare(SimNode leech, Before before)
    {
        if (before == Before.Nothing) return;
        foreach (SimFile file in leech.Content.Files)
        {
            byte[] bytes = new byte[file.Length];
            leech.Host.World.Random.Fill(bytes);
            if (before == Before.PartlyRight) leech.Content.Read(file.Offset, bytes.AsSpan(0, (int)(file.Length * 2 / 3)));
            leech.Host.Disk.Put($"{SimNode.Folder}/{file.Path}", bytes);
        }
    }
}
