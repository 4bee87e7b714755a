using Spate.Engine.Runtime;

namespace Spate.Engine.Limits;

/// <summary>The limits that a transfer is under at the same time: that of its torrent and that of the session.</summary>
public sealed class TransferLimits(RateLimit torrent, RateLimit session)
{
    /// <summary>Takes up to <paramref name="wanted"/> bytes that both limits allow; 0 when one of them is used up.</summary>
    public int Take(int wanted)
    {
        int fromTorrent = torrent.Take(wanted);
        if (fromTorrent == 0) return 0;
        int taken = session.Take(fromTorrent);
        torrent.Refund(fromTorrent - taken);
        return taken;
    }

    /// <summary>Gives back what was taken and not used.</summary>
    public void Refund(int bytes)
    {
        torrent.Refund(bytes);
        session.Refund(bytes);
    }

    /// <summary>Waits for the next refill of the limit that is used up.</summary>
    public ValueTask WaitAsync(PumpSignal signal)
    {
        (torrent.IsUnlimited ? session : torrent).AddWaiter(signal);
        return signal.WaitAsync();
    }
}
