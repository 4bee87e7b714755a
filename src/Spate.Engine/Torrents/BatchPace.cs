namespace Spate.Engine.Torrents;

/// <summary>
/// Says when it pays that a whole piece waits for the ones behind it, to be hashed with them: they come so fast that it is no wait, and
/// enough of them are still to come.
/// </summary>
/// <param name="batchSize">Pieces that are hashed together; 1 where none are, and then none waits.</param>
internal sealed class BatchPace(int batchSize)
{
    /// <summary>Pieces come fast while as many as a batch has come within so many milliseconds; the first thing that happens after as long ends the wait.</summary>
    public const long FastMs = 100;

    private int inRow;     // whole pieces of the current row, which is as many as a batch
    private long rowStartMs;
    private bool comeFast; // the last row took no longer than FastMs
    private int atDisk;    // whole pieces that came and are not done

    /// <summary>A whole piece came and goes to the disk. True when it may wait for others.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="missing">Pieces that are wanted and not done, those at the disk included.</param>
    /// <param name="isMemoryShort">What waits holds memory that others need.</param>
    public bool OnWhole(long nowMs, int missing, bool isMemoryShort)
    {
        if (batchSize == 1) return false;
        atDisk++;
        bool moreWillCome = missing - atDisk >= batchSize;
        bool mayWait = comeFast && moreWillCome && !isMemoryShort;
        if (inRow++ == 0) rowStartMs = nowMs;
        if (inRow == batchSize)
        {
            comeFast = nowMs - rowStartMs <= FastMs;
            inRow = 0;
        }
        return mayWait;
    }

    /// <summary>A whole piece that was at the disk is done, be it good or not.</summary>
    public void OnDone()
    {
        if (batchSize > 1) atDisk--;
    }
}
