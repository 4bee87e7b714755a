using Spate.Engine.Torrents;
using Spate.Protocol;

namespace Spate.Engine.Session;

/// <summary>Something that happened in a session.</summary>
/// <param name="InfoHash">Of the torrent that it happened to.</param>
public abstract record SessionEvent(InfoHash InfoHash);

/// <summary>A torrent came.</summary>
public sealed record TorrentAdded(InfoHash InfoHash, string Name) : SessionEvent(InfoHash);

/// <summary>A torrent went.</summary>
public sealed record TorrentRemoved(InfoHash InfoHash) : SessionEvent(InfoHash);

/// <summary>A torrent does something else now.</summary>
public sealed record TorrentStateChanged(InfoHash InfoHash, TorrentState From, TorrentState To, string? Reason) : SessionEvent(InfoHash);

/// <summary>Everything that was wanted is there.</summary>
public sealed record TorrentFinished(InfoHash InfoHash) : SessionEvent(InfoHash);

/// <summary>A piece arrived with a wrong hash and is asked for again.</summary>
public sealed record PieceFailed(InfoHash InfoHash, int Piece) : SessionEvent(InfoHash);

/// <summary>A peer proved to send bad data and is not talked to any more.</summary>
public sealed record PeerBanned(InfoHash InfoHash, string Address) : SessionEvent(InfoHash);

/// <summary>A peer could not be connected to.</summary>
public sealed record PeerUnreached(InfoHash InfoHash, string Address, Peers.DisconnectReason Reason) : SessionEvent(InfoHash);

/// <summary>A connection to a peer began or ended.</summary>
public sealed record PeerChanged(InfoHash InfoHash, string Address, Peers.DisconnectReason Reason) : SessionEvent(InfoHash);
