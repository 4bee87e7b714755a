namespace Spate.Api;

/// <summary>A category: a torrent has one at most.</summary>
public sealed record Category
{
    /// <summary>1 to 200 characters; `/` parts a category from its parent.</summary>
    public required string Name { get; init; }

    /// <summary>Where its torrents go; empty for the default folder.</summary>
    public string SavePath { get; set; } = "";

    /// <summary>When its torrents have shared enough.</summary>
    public ShareLimits ShareLimits { get; set; } = new();

    /// <summary>Torrents that have it.</summary>
    public int Torrents { get; init; }
}

public sealed record CategoryList
{
    public required IReadOnlyList<Category> Categories { get; init; }
}

/// <summary>How a category is from now on.</summary>
public sealed record CategoryChange
{
    /// <summary>A folder below one of the daemon's roots; empty for the default folder. Torrents that are here stay where they are.</summary>
    public string SavePath { get; set; } = "";

    public ShareLimits ShareLimits { get; set; } = new();
}

/// <summary>A tag: a torrent may have several.</summary>
public sealed record Tag
{
    public required string Name { get; init; }

    public int Torrents { get; init; }
}

public sealed record TagList
{
    public required IReadOnlyList<Tag> Tags { get; init; }
}
