using Spate.Protocol;

namespace Spate.Tracker.Access;

/// <summary>
/// Which torrents are served. Each list has two parts, the operator's file and what came through the admin API; a torrent on either
/// part of the deny list is refused, and where there is an allow list, one on neither part of it.
/// </summary>
internal sealed class TorrentAccess(bool hasAllowList)
{
    /// <summary>The parts of the lists.</summary>
    public LiveHashSet AllowedByFile { get; } = new();

    public LiveHashSet AllowedByApi { get; } = new();

    public LiveHashSet DeniedByFile { get; } = new();

    public LiveHashSet DeniedByApi { get; } = new();

    /// <summary>Whether only listed torrents are served.</summary>
    public bool HasAllowList { get; } = hasAllowList;

    public bool IsServed(ReadOnlySpan<byte> infoHash)
    {
        if (DeniedByFile.Count != 0 && DeniedByFile.Contains(infoHash)) return false;
        if (DeniedByApi.Count != 0 && DeniedByApi.Contains(infoHash)) return false;
        return !HasAllowList || AllowedByFile.Contains(infoHash) || AllowedByApi.Contains(infoHash);
    }

    /// <summary>Whether a torrent is on a list.</summary>
    public (bool Allowed, bool Denied) Lookup(Sha1Hash hash) => (
        AllowedByFile.Contains(hash.AsSpan()) || AllowedByApi.Contains(hash.AsSpan()),
        DeniedByFile.Contains(hash.AsSpan()) || DeniedByApi.Contains(hash.AsSpan()));
}
