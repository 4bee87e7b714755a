using Spate.Protocol;

namespace Spate.Engine.Pieces;

/// <summary>
/// Finds out who sent bad data, block by block: remembers the blocks of a piece that failed, with their senders, and compares
/// them once the piece passed. A peer that sent a whole bad piece by itself is guilty at once. Nobody is blamed for what others sent.
/// </summary>
internal sealed class Blame
{
    private const int MostPieces = 64; // remembered; the oldest goes first
    private const int MostPerBlock = 8;

    private readonly OrderedDictionary<int, HashSet<Suspect>> suspects = []; // by piece, in the order of their first failures

    private readonly record struct Suspect(int Block, int Sender, Sha1Hash Hash);

    /// <summary>Whether the piece failed before, so that its block hashes are wanted when it passes.</summary>
    public bool Remembers(int piece) => suspects.ContainsKey(piece);

    /// <summary>A piece failed. Returns the sender when there was only one, else 0 and remembers the blocks.</summary>
    public int OnFailed(ActivePiece piece, Sha1Hash[]? hashes)
    {
        int only = piece[0].Sender;
        for (int i = 1; i < piece.BlockCount && only != 0; i++)
        {
            if (piece[i].Sender != only) only = 0;
        }
        if (only != 0 || hashes is null) return only;

        if (!suspects.TryGetValue(piece.Index, out HashSet<Suspect>? list))
        {
            if (suspects.Count == MostPieces) suspects.RemoveAt(0);
            suspects.Add(piece.Index, list = []);
        }
        for (int i = 0; i < piece.BlockCount; i++)
        {
            var suspect = new Suspect(i, piece[i].Sender, hashes[i]);
            if (suspect.Sender != 0 && list.Count < piece.BlockCount * MostPerBlock) list.Add(suspect);
        }
        return 0;
    }

    /// <summary>A piece that failed before has passed: returns those who had sent other bytes than the right ones.</summary>
    public IReadOnlyList<int> OnPassed(int piece, Sha1Hash[]? hashes)
    {
        if (!suspects.Remove(piece, out HashSet<Suspect>? list) || hashes is null) return [];
        var guilty = new List<int>();
        foreach (Suspect suspect in list)
        {
            if (suspect.Hash != hashes[suspect.Block] && !guilty.Contains(suspect.Sender)) guilty.Add(suspect.Sender);
        }
        return guilty;
    }
}
