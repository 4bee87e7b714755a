using Spate.Daemon.State;

namespace Spate.Daemon.Watch;

/// <summary>A torrent that appeared in a watch folder: one of the two is there.</summary>
/// <param name="Settings">The watch folder.</param>
/// <param name="Metainfo">The content of a .torrent file.</param>
/// <param name="Magnet">A magnet link.</param>
internal sealed record FoundTorrent(SavedWatchFolder Settings, ReadOnlyMemory<byte> Metainfo, string? Magnet);
