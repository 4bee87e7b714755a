using System.Security.Cryptography;
using Spate.Protocol;

namespace Spate.Engine.Disk;

/// <summary>The running SHA-1 of one piece. Used by one disk job after the other; pooled with its piece.</summary>
internal sealed class PieceHasher : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);

    /// <summary>Blocks that went in.</summary>
    public int Blocks { get; private set; }

    public void Append(ReadOnlySpan<byte> block)
    {
        hash.AppendData(block);
        Blocks++;
    }

    /// <summary>The hash of all blocks; the hasher is then ready for the next piece.</summary>
    public Sha1Hash Finish()
    {
        Sha1Hash result = default;
        hash.GetHashAndReset(result);
        Blocks = 0;
        return result;
    }

    /// <summary>Forgets the blocks.</summary>
    public void Reset()
    {
        if (Blocks > 0) Finish();
    }

    public void Dispose() => hash.Dispose();
}
