namespace Spate.Hashing;

/// <summary>A stretch of a torrent's bytes and the file they are read from.</summary>
/// <param name="Path">Where it is; null for padding, which is zeros and in no file.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Offset">Where it starts in the torrent.</param>
internal readonly record struct ContentFile(string? Path, long Length, long Offset);
