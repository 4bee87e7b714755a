using BenchmarkDotNet.Attributes;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Bench;

/// <summary>The picker beside a swarm whose peers have half the pieces each: what a "have" costs, and a block picked and given back.</summary>
[MemoryDiagnoser]
public class PickerBenchmarks
{
    private const int PeerCount = 50;
    private const int Picks = 256;

    private readonly PickedBlock[] picked = new PickedBlock[Picks];
    private readonly List<PickState> peers = [];
    private PiecePicker picker = null!;
    private int turn;

    /// <summary>Pieces of 1 MiB.</summary>
    [Params(2_000, 100_000)]
    public int Pieces { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        picker = new PiecePicker(Metainfo.Parse(SampleTorrent.Single(Pieces)), new SeededRandom());
        var random = new Random(2);
        for (int i = 1; i <= PeerCount; i++)
        {
            var have = new Bitfield(Pieces);
            for (int piece = 0; piece < Pieces; piece++)
            {
                if (random.Next(2) == 0) have.Set(piece);
            }
            peers.Add(new PickState(i, have));
            picker.Availability.Count(have, arrives: true);
        }
    }

    /// <summary>Per block: rarest first among what the peer has, picked and then given back.</summary>
    [Benchmark(OperationsPerInvoke = Picks)]
    public int PickAndRelease()
    {
        PickState peer = peers[turn++ % PeerCount];
        int count = picker.Pick(peer, picked);
        for (int i = 0; i < count; i++) picker.Release(peer, picked[i].Piece.Index, picked[i].Block);
        picker.Disown(peer);
        return count;
    }

    /// <summary>A peer told of a piece, and is gone with it.</summary>
    [Benchmark]
    public int Have()
    {
        int piece = turn++ % Pieces;
        picker.Availability.Increase(piece);
        picker.Availability.Decrease(piece);
        return picker.Availability.Of(piece);
    }

    private sealed class SeededRandom : Spate.Engine.Ports.IRandom
    {
        private readonly Random random = new(1);

        public void Fill(Span<byte> bytes) => random.NextBytes(bytes);

        public int Next(int limit) => random.Next(limit);
    }
}
