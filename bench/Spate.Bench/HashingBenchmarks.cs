using BenchmarkDotNet.Attributes;
using Spate.Protocol;
using Spate.Protocol.Hashing;

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
    private readonly ReadOnlyMemory<byte>[] row = [.. Enumerable.Range(0, Sha1Lanes.Count).Select(static _ => (ReadOnlyMemory<byte>)new byte[PieceLength])];
    private readonly Sha1Hash[] hashes = new Sha1Hash[Sha1Lanes.Count];
    private readonly Sha1Lanes? lanes = Sha1Lanes.IsSupported ? new Sha1Lanes() : null;
    private DownloadParts parts = null!;

    [GlobalSetup]
    public void Setup() => parts = new DownloadParts(pieces: 100_000, PieceLength, peerCount: 1, memory: 64 << 20);

    /// <summary>1 MiB hashed, and nothing else.</summary>
    [Benchmark(Baseline = true)]
    public int Sha1() => Sha1Hash.Of(bytes).GetHashCode();

    /// <summary>Sixteen times 1 MiB hashed side by side. Divide by sixteen.</summary>
    [Benchmark]
    public int Sha1Lanes16()
    {
        if (lanes is null) throw new PlatformNotSupportedException("This processor has no AVX-512.");
        lanes.Append(row);
        lanes.Finish(hashes);
        return hashes[0].GetHashCode();
    }

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
