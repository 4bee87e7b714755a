using Spate.Fuzz.Targets;

namespace Spate.Fuzz;

/// <summary>All targets. A new one is a line here.</summary>
internal static class Registry
{
    public static IReadOnlyList<FuzzTarget> Targets { get; } =
    [
        new BencodeTarget(),
        new MetainfoTarget(),
        new MetadataTarget(),
        new MagnetTarget(),
        new FileNameTarget(),
        new PeerWireTarget(),
        new KrpcTarget(),
        new DhtNodeTarget(),
        new PexTarget(),
        new MetadataExchangeTarget(),
        new LsdTarget(),
        new UdpTrackerTarget(),
        new HttpTrackerTarget(),
        new TrackerAnswerTarget(),
        new WebTorrentTarget(),
    ];
}
