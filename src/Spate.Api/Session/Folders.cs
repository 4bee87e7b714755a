namespace Spate.Api;

/// <summary>What lies in a folder of the machine that the daemon runs on.</summary>
public sealed record FolderListing
{
    /// <summary>Empty for the list of roots.</summary>
    public required string Path { get; init; }

    /// <summary>The folder that holds it; absent when that is outside the roots.</summary>
    public string? Parent { get; init; }

    /// <summary>Bytes free there; absent when that can't be told.</summary>
    public long? FreeBytes { get; init; }

    public required IReadOnlyList<FolderEntry> Entries { get; init; }

    /// <summary>There are more than could be listed.</summary>
    public bool Truncated { get; init; }
}

public sealed record FolderEntry
{
    public required string Name { get; init; }

    public required string Path { get; init; }

    public required bool IsFolder { get; init; }

    /// <summary>Of a file.</summary>
    public long? Length { get; init; }
}
