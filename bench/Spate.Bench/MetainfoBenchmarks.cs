using BenchmarkDotNet.Attributes;
using Spate.Protocol;

namespace Spate.Bench;

/// <summary>A whole .torrent file parsed: names made safe and told apart, hashes found, info-hash computed.</summary>
[MemoryDiagnoser]
public class MetainfoBenchmarks
{
    private readonly byte[] single = SampleTorrent.Single(2048);
    private readonly byte[] many = SampleTorrent.Many(20_000);

    /// <summary>One file of 2 GiB.</summary>
    [Benchmark]
    public Metainfo SingleFile() => Metainfo.Parse(single);

    /// <summary>20,000 files.</summary>
    [Benchmark]
    public Metainfo ManyFiles() => Metainfo.Parse(many);
}
