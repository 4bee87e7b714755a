using Spate.Engine.Runtime;

namespace Spate.Engine.Limits;

/// <summary>What a pump keeps between its calls of <see cref="TransferLimits"/>. Starts as default.</summary>
public struct TransferTurn
{
    internal LimitTurn Torrent, Session;
    internal bool SessionRefused;
}

/// <summary>The limits that a transfer is under at the same time: that of its torrent and that of the session.</summary>
public sealed class TransferLimits(RateLimit torrent, RateLimit session)
{
    /// <summary>Takes up to <paramref name="wanted"/> bytes that both limits allow; 0 when one of them has none for this pump now.</summary>
    public int Take(int wanted, ref TransferTurn turn)
    {
        int fromTorrent = torrent.Take(wanted, ref turn.Torrent);
        turn.SessionRefused = false;
        if (fromTorrent == 0) return 0;
        int taken = session.Take(fromTorrent, ref turn.Session);
        torrent.Refund(fromTorrent - taken, ref turn.Torrent);
        turn.SessionRefused = taken == 0;
        return taken;
    }

    /// <summary>Gives back what was taken and not used.</summary>
    public void Refund(int bytes, ref TransferTurn turn)
    {
        torrent.Refund(bytes, ref turn.Torrent);
        session.Refund(bytes, ref turn.Session);
    }

    /// <summary>Waits for its turn at the limit that refused the last <see cref="Take"/>.</summary>
    public ValueTask WaitAsync(PumpSignal signal, in TransferTurn turn)
    {
        (turn.SessionRefused ? session : torrent).AddWaiter(signal);
        return signal.WaitAsync();
    }
}
