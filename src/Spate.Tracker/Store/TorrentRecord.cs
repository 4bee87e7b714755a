using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Spate.Protocol;

namespace Spate.Tracker.Store;

/// <summary>What is kept for each torrent: 48 bytes, and its peers in blocks of their own.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TorrentRecord
{
    /// <summary>Peers of each family: see <see cref="PeerSet{TPeer}"/>.</summary>
    public nint PeersV4, PeersV6;

    private HashBytes hash;

    /// <summary>How often it was completed.</summary>
    public uint Downloaded;

    /// <summary>The next record in the same slot of the expiry wheel, or in the list of free records; -1 ends it.</summary>
    public int Next;

    /// <summary>Since when it has no peers, in seconds of the store's clock; 0 while it has some.</summary>
    public uint EmptySince;

    [InlineArray(Sha1Hash.Size)]
    private struct HashBytes
    {
        private byte first;
    }

    /// <summary>The twenty bytes that name it.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public Span<byte> InfoHash => hash;
}
