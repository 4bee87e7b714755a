namespace Spate.Protocol;

/// <summary>What the info dictionary says.</summary>
internal sealed class ParsedInfo
{
    public required ReadOnlyMemory<byte> Raw { get; init; }
    public required ReadOnlyMemory<byte> Pieces { get; init; }
    public required InfoHash InfoHash { get; init; }
    public required MetainfoVersion Version { get; init; }
    public required string Name { get; init; }
    public required string OriginalName { get; init; }
    public required int PieceLength { get; init; }
    public required long TotalLength { get; init; }
    public required IReadOnlyList<MetainfoFile> Files { get; init; }
    public required bool IsMultiFile { get; init; }
    public required bool IsPrivate { get; init; }
    public required string? Source { get; init; }
}

/// <summary>What stands around the info dictionary.</summary>
internal sealed class ParsedOuter
{
    public string? Comment { get; set; }
    public string? CreatedBy { get; set; }
    public DateTimeOffset? CreationDate { get; set; }
    public IReadOnlyList<IReadOnlyList<string>> TrackerTiers { get; set; } = [];
    public IReadOnlyList<string> WebSeeds { get; set; } = [];
    public IReadOnlyList<(string Host, int Port)> Nodes { get; set; } = [];
    public List<string> Warnings { get; } = [];
}
