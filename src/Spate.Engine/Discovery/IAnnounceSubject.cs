using System.Net;
using Spate.Protocol;

namespace Spate.Engine.Discovery;

/// <summary>What an <see cref="AnnounceSchedule"/> asks of its torrent, and tells it. All calls are on the torrent's strand.</summary>
public interface IAnnounceSubject
{
    InfoHash InfoHash { get; }

    PeerId PeerId { get; }

    /// <summary>The port on which we take connections.</summary>
    int Port { get; }

    /// <summary>The same random number for all announces of the torrent (BEP 7).</summary>
    uint Key { get; }

    /// <summary>Payload bytes sent to peers, counted from any moment on: only differences are announced.</summary>
    long Uploaded { get; }

    /// <summary>Payload bytes received from peers, counted from any moment on: only differences are announced.</summary>
    long Downloaded { get; }

    /// <summary>Bytes that are missing of the whole torrent. While the size is unknown (a magnet link), any number above 0.</summary>
    long Left { get; }

    /// <summary>True when we have all that we want, but not all there is (BEP 21).</summary>
    bool IsPartialSeed { get; }

    /// <summary>How many peers are wanted now; 0 while none are.</summary>
    int PeersWanted { get; }

    /// <summary>A tracker told of peers: addresses nobody has checked.</summary>
    void OnPeers(Uri tracker, IReadOnlyList<IPEndPoint> peers);

    /// <summary>A tracker told from which address it saw us (BEP 24): one vote, nothing more.</summary>
    void OnExternalAddress(Uri tracker, IPAddress address);
}
