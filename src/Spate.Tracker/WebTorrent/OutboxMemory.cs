namespace Spate.Tracker.WebTorrent;

/// <summary>
/// The bytes that wait to be sent to WebTorrent clients, all together and for each: who does not read what he is sent must not fill the
/// tracker's memory with what others say to him.
/// </summary>
internal sealed class OutboxMemory(long most)
{
    /// <summary>Bytes that may wait for one client: an offer or answer of the longest kind, and several of the usual ones.</summary>
    public const int MaxForOne = 256 * 1024;

    private long used;

    /// <summary>Bytes that wait now.</summary>
    public long Used => Interlocked.Read(ref used);

    /// <summary>Takes room; false when there is none.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref used, bytes) <= most) return true;
        Interlocked.Add(ref used, -bytes);
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref used, -bytes);
}
