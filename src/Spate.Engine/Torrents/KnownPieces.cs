using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Torrents;

/// <summary>
/// What is known of a torrent's data on disk: which pieces are durable, and which must be read before anything is claimed of them or
/// written over them. Taken over from resume data at the start. Lives on the torrent's strand.
/// </summary>
internal sealed class KnownPieces(FileLayout layout, PiecePicker picker)
{
    private readonly Metainfo metainfo = layout.Metainfo;

    /// <summary>Verified, and sure to be there after a power cut.</summary>
    public Bitfield Durable { get; } = new(layout.Metainfo.PieceCount);

    /// <summary>Of files whose content is not known.</summary>
    public Bitfield Doubtful { get; } = new(layout.Metainfo.PieceCount);

    /// <summary>Takes over what resume data says of files that are as it left them; the pieces of others must be checked.</summary>
    /// <param name="resume">Of this torrent.</param>
    /// <param name="found">What is on disk, by file index.</param>
    public void TakeOver(ResumeData resume, IReadOnlyList<StorageEntry> found)
    {
        for (int i = 0; i < found.Count; i++)
        {
            MetainfoFile file = metainfo.Files[i];
            if (file.Length == 0 || file.IsPadding) continue;
            if (!resume.IsClean)
            {
                // After a crash our own later writes changed the file, and the pieces that the data names are durable all the same;
                // but not if somebody deleted the file since, or cut it off.
                DoubtBeyond(file, found[i].Kind == StorageEntryKind.File ? found[i].Length : 0, resume);
                continue;
            }
            // After an orderly stop a changed file was changed by somebody else.
            (long length, long modified) = resume.Files[i];
            bool was = length >= 0, isThere = found[i].Kind == StorageEntryKind.File;
            bool same = isThere == was && (!was || (found[i].Length == length && found[i].Modified.ToUnixTimeMilliseconds() == modified));
            if (!same && (was || found[i].Length > 0)) Doubt(file);
        }
        for (int piece = resume.Pieces.NextSet(0); piece >= 0; piece = resume.Pieces.NextSet(piece + 1))
        {
            if (!Doubtful[piece]) MarkDurable(piece);
        }
        foreach ((int piece, Bitfield blocks) in resume.Partial)
        {
            if (Doubtful[piece] || blocks.Count == 0 || picker.Have[piece] || picker.Find(piece) is not null) continue;
            if (blocks.IsFull) Doubtful.Set(piece);
            else picker.Restore(piece, block => blocks[block]);
        }
    }

    /// <summary>Whether none of the files is there that hold pieces of resume data.</summary>
    /// <param name="resume">Of this torrent.</param>
    /// <param name="found">What is on disk, by file index.</param>
    public bool AllGone(ResumeData resume, IReadOnlyList<StorageEntry> found)
    {
        int[] holding = [.. from file in metainfo.Files where Touches(file, resume.Pieces) select file.Index];
        return holding.Length > 0 && holding.All(file => found[file].Kind == StorageEntryKind.None);
    }

    /// <summary>The same where there is no resume data: whatever has content must be checked.</summary>
    /// <param name="found">What is on disk, by file index.</param>
    /// <param name="trust">The user vouches for the content of files that have the right length.</param>
    public void TakeOver(IReadOnlyList<StorageEntry> found, bool trust)
    {
        if (trust && found.Zip(metainfo.Files).All(static pair => pair.Second.Length == 0 || pair.Second.IsPadding || pair.First.Length == pair.Second.Length))
        {
            for (int piece = 0; piece < metainfo.PieceCount; piece++) MarkDurable(piece);
            return;
        }
        for (int i = 0; i < found.Count; i++)
        {
            if (found[i].Kind != StorageEntryKind.None && found[i].Length > 0) Doubt(metainfo.Files[i]);
        }
    }

    /// <summary>Nothing is known any more.</summary>
    public void Forget()
    {
        for (int piece = picker.Have.NextSet(0); piece >= 0; piece = picker.Have.NextSet(piece + 1)) picker.MarkMissing(piece);
        foreach (ActivePiece piece in picker.Active.ToList()) picker.Abandon(piece);
        Durable.ClearAll();
        Doubtful.SetAll();
    }

    /// <summary>All that was doubtful was read, and these pieces passed. Returns the files that hold such: what was read may be in memory only.</summary>
    public IEnumerable<int> OnChecked(Bitfield passed)
    {
        for (int piece = passed.NextSet(0); piece >= 0; piece = passed.NextSet(piece + 1)) picker.MarkHave(piece);
        Doubtful.ClearAll();
        return from file in metainfo.Files where Touches(file, passed) select file.Index;
    }

    /// <summary>These pieces are durable now.</summary>
    public void OnFlushed(Bitfield pieces)
    {
        for (int piece = pieces.NextSet(0); piece >= 0; piece = pieces.NextSet(piece + 1)) Durable.Set(piece);
    }

    /// <summary>Blocks that are on disk of pieces that are not complete.</summary>
    public List<(int Piece, Bitfield Blocks)> StoredBlocks()
    {
        var partial = new List<(int, Bitfield)>();
        foreach (ActivePiece piece in picker.Active)
        {
            var stored = new Bitfield(piece.BlockCount);
            for (int i = 0; i < piece.BlockCount; i++)
            {
                if (piece[i].State == BlockState.Stored) stored.Set(i);
            }
            if (stored.Count > 0) partial.Add((piece.Index, stored));
        }
        return partial;
    }

    /// <summary>The first file that is gone although it holds verified pieces.</summary>
    /// <param name="found">What is on disk, by file index.</param>
    public int? FindMissing(IReadOnlyList<StorageEntry> found)
    {
        for (int i = 0; i < found.Count; i++)
        {
            if (found[i].Kind != StorageEntryKind.File && Touches(metainfo.Files[i], picker.Have)) return i;
        }
        return null;
    }

    // Whether any of the pieces is needed for the file.
    private bool Touches(MetainfoFile file, Bitfield pieces)
    {
        (int first, int last) = layout.Pieces(file);
        if (file.IsPadding || first > last) return false;
        int any = pieces.NextSet(first);
        return any >= 0 && any <= last;
    }

    // Those of the claimed pieces, and of those with claimed blocks, that need bytes of the file from a length on.
    private void DoubtBeyond(MetainfoFile file, long length, ResumeData resume)
    {
        if (length >= file.Length) return;
        long from = file.Offset + length;
        (int first, int last) = layout.Pieces(file);
        Bitfield claimed = resume.Pieces;
        for (int piece = claimed.NextSet((int)(from / metainfo.PieceLength)); piece >= 0 && piece <= last; piece = claimed.NextSet(piece + 1))
            Doubtful.Set(piece);
        // A file ends where it was last written to: often in the middle of a piece that is under way.
        foreach ((int piece, Bitfield blocks) in resume.Partial)
        {
            if (piece >= first && piece <= last && ((long)piece * metainfo.PieceLength) + EndOf(blocks) > from) Doubtful.Set(piece);
        }
    }

    private static long EndOf(Bitfield blocks)
    {
        int end = 0;
        for (int block = blocks.NextSet(0); block >= 0; block = blocks.NextSet(block + 1)) end = block + 1;
        return (long)end * BlockPool.BlockSize;
    }

    private void Doubt(MetainfoFile file)
    {
        (int first, int last) = layout.Pieces(file);
        for (int piece = first; piece <= last; piece++) Doubtful.Set(piece);
    }

    private void MarkDurable(int piece)
    {
        picker.MarkHave(piece);
        Durable.Set(piece);
    }
}
