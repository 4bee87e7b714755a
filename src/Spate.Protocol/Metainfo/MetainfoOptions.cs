using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>How a torrent is read.</summary>
public sealed record MetainfoOptions
{
    /// <summary>Limits of a .torrent file and portable file names.</summary>
    public static MetainfoOptions Default { get; } = new();

    /// <summary>Which file names are taken as they are.</summary>
    public FileNameRules FileNames { get; init; } = FileNameRules.Portable;

    /// <summary>How much is accepted.</summary>
    public BencodeLimits Limits { get; init; } = BencodeLimits.Torrent;
}
