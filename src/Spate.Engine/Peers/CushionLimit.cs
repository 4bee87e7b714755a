namespace Spate.Engine.Peers;

/// <summary>
/// How many blocks a peer is asked for at most beyond its bandwidth-delay product, found by trying. Some peers read and send better the more
/// they are asked for (libtorrent); others read all of it into memory before they send, and get slower the more that is (aria2).
/// It begins with little, tries more and less for a round each, and keeps more where that round was better than the best of late, less where it
/// was no worse than most.
/// </summary>
internal sealed class CushionLimit
{
    private const double WorthMore = 1.05; // more requests must bring so much more than the best round
    private const double BestFades = 0.95; // a round
    private const int FirstWait = 4, LongestWait = 64; // rounds between two tries, doubled when nothing was better

    // Few and far between, so that they differ by more than rounds do.
    private static readonly int[] levels = [12, 128, 512];

    private int level;
    private int direction = 1;
    private bool trying;
    private int wait = FirstWait;
    private int rounds;
    private double mean, best; // rounds without the tries: where the peer is on this machine, they differ by a third for other reasons

    /// <summary>Blocks.</summary>
    public int Blocks => levels[level];

    /// <summary>The smallest limit there is: a peer that is not asked for as much needs no search.</summary>
    public static int Least => levels[0];

    /// <summary>What was found does not hold any longer.</summary>
    public void Restart() => (level, direction, trying, wait, rounds, mean, best) = (0, 1, false, FirstWait, 0, 0, 0);

    /// <summary>A round with the limit as it is has ended.</summary>
    /// <param name="measured">Bytes in it, for any unit of time.</param>
    public void OnRound(double measured)
    {
        if (!trying) (mean, best) = (mean == 0 ? measured : (mean + measured) / 2, Math.Max(measured, best * BestFades));
        else if (measured >= (direction > 0 ? best * WorthMore : mean))
        {
            // On in this direction, at once.
            (mean, best, wait, rounds) = (measured, measured, FirstWait, FirstWait - 1);
        }
        else
        {
            level -= direction;
            direction = -direction;
            (wait, rounds) = (Math.Min(wait * 2, LongestWait), 0);
        }
        trying = ++rounds >= wait;
        if (!trying) return;
        if (level + direction < 0 || level + direction == levels.Length) direction = -direction;
        level += direction;
    }
}
