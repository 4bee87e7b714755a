namespace Spate.Hashing;

/// <summary>How far a run over content has come.</summary>
/// <param name="BytesDone">Bytes hashed.</param>
/// <param name="BytesTotal">Bytes to hash in all.</param>
/// <param name="File">A file that is being read, where one is.</param>
public readonly record struct HashProgress(long BytesDone, long BytesTotal, string? File);
