using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;

namespace Spate.Bench;

/// <summary>
/// All that a torrent's strand does for one block of a download in steady state: the request is found, the block joins its piece, the run goes to the
/// disk, the piece's end is dealt with, new requests are picked and written. Without hashing and writing, which workers do.
/// </summary>
[MemoryDiagnoser]
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 120, iterationCount: 100, invocationCount: 1)]
public class StrandBenchmarks
{
    private const int Blocks = 4096;
    private const int Batch = 16; // blocks in a receive buffer

    private DownloadParts parts = null!;

    /// <summary>Peers that send in turn.</summary>
    [Params(1, 50)]
    public int Peers { get; set; }

    [GlobalSetup]
    public void Setup() => parts = new DownloadParts(pieces: 16 * 1024, pieceLength: 1 << 20, Peers, memory: 512 << 20);

    [IterationSetup]
    public void RunDisk() => parts.RunDisk();

    /// <summary>Per block of 16 KiB.</summary>
    [Benchmark(OperationsPerInvoke = Blocks)]
    public int Block()
    {
        parts.RunStrand();
        parts.Receive(Blocks, Batch);
        return parts.PiecesPassed;
    }
}
