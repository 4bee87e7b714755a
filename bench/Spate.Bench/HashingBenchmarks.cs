using BenchmarkDotNet.Attributes;

namespace Spate.Bench;

/// <summary>
/// A whole piece through the pipeline: blocks arrive, are hashed in runs while they are hot, handed to a file that keeps nothing, and compared. What is
/// above the bare hash of the same bytes is the pipeline's own cost.
/// </summary>
[MemoryDiagnoser]
public class HashingBenchmarks
{
    private const int PieceLength = 1 << 20;

    private readonly byte[] bytes = new byte[PieceLength];
    private DownloadParts parts = null!;

    [GlobalSetup]
    public void Setup() => parts = new DownloadParts(pieces: 100_000, PieceLength, peerCount: 1, memory: 64 << 20);

    /// <summary>1 MiB hashed, and nothing else.</summary>
    [Benchmark(Baseline = true)]
    public int Sha1() => Spate.Protocol.Sha1Hash.Of(bytes).GetHashCode();

    /// <summary>1 MiB received, hashed, written and accepted.</summary>
    [Benchmark]
    public int Piece()
    {
        if (parts.Picker.IsFinished) Setup();
        parts.Receive(PieceLength / (16 * 1024), batch: 16);
        parts.RunDisk();
        parts.RunStrand();
        return parts.PiecesPassed;
    }
}
