using Spate.Engine.Peers;
using Spate.Protocol;

namespace Spate.Engine.Pieces;

/// <summary>What the picker needs to know of one peer.</summary>
internal sealed class PickState(int serial, Bitfield have)
{
    private const int MostSuggested = 16;

    /// <summary>Names the peer for as long as the torrent lives; never 0.</summary>
    public int Serial { get; } = serial;

    /// <summary>Pieces that the peer has.</summary>
    public Bitfield Have { get; set; } = have;

    /// <summary>What it was asked for.</summary>
    public RequestRing Requests { get; } = new();

    /// <summary>The piece that it is asked for now.</summary>
    public ActivePiece? Current { get; set; }

    /// <summary>While we are choked: the only pieces that it lets us ask for (BEP 6). Null while it lets us ask for all.</summary>
    public IReadOnlyCollection<int>? Only { get; set; }

    /// <summary>Pieces that it would like to be asked for (BEP 6), the latest last; null while there are none.</summary>
    public List<int>? Suggested { get; private set; }

    /// <summary>So slow that a whole piece would take it very long: it helps others to finish theirs.</summary>
    public bool IsSlow { get; set; }

    /// <summary>It was asked and does not answer: it gets what others are asked for too.</summary>
    public bool IsSnubbed { get; set; }

    /// <summary>The picker's version when this peer last had nothing startable.</summary>
    public int DryVersion { get; set; } = -1;

    /// <summary>The peer suggests a piece. Of many the latest count: what it has at hand now.</summary>
    public void Suggest(int piece)
    {
        Suggested ??= [];
        Suggested.Remove(piece);
        if (Suggested.Count == MostSuggested) Suggested.RemoveAt(0);
        Suggested.Add(piece);
    }
}
