using Spate.Protocol.Trackers;

namespace Spate.Tracker.Announcing;

/// <summary>An announce, whichever way it came. The spans belong to the front end's buffers.</summary>
internal ref struct Announcement
{
    /// <summary>Where it came from: 4 or 16 bytes, never an IPv4 address mapped into IPv6.</summary>
    public ReadOnlySpan<byte> Address;

    /// <summary>Twenty bytes.</summary>
    public ReadOnlySpan<byte> InfoHash;

    /// <summary>Twenty bytes.</summary>
    public ReadOnlySpan<byte> PeerId;

    /// <summary>Path and query of the URL that the client announces to, as far as it tells: where a passkey stands.</summary>
    public ReadOnlySpan<byte> Path, Query;

    public ushort Port;
    public AnnounceEvent Event;
    public ulong Uploaded, Downloaded, Left;

    /// <summary>Peers wanted; negative leaves it to us.</summary>
    public int NumWant;
}
