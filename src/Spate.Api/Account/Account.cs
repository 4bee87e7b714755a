using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>Proof of who one is. Give one of the two.</summary>
public sealed record Login
{
    public string? Password { get; init; }

    /// <summary>The one-time token that the daemon prints when it starts.</summary>
    public string? Token { get; init; }
}

/// <summary>Who asks, as the daemon sees it.</summary>
public sealed record AccountSession
{
    public required bool IsLoggedIn { get; init; }

    /// <summary>What the one who asks may do.</summary>
    public required IReadOnlyList<Scope> Scopes { get; init; }

    /// <summary>A password is set; without one the printed link is the way in.</summary>
    public required bool HasPassword { get; init; }

    public required string Version { get; init; }
}

/// <summary>What somebody may do.</summary>
[JsonConverter(typeof(ApiEnum<Scope>))]
public enum Scope
{
    /// <summary>Look at everything but keys.</summary>
    Read,

    /// <summary>Add, change and remove torrents, categories and tags, make torrents, list folders.</summary>
    Write,

    /// <summary>Settings, keys and the password.</summary>
    Admin,

    /// <summary>`/metrics` only.</summary>
    Metrics,
}

/// <summary>A new password.</summary>
public sealed record PasswordChange
{
    /// <summary>The present one, where there is one and the login was by password.</summary>
    public string? Current { get; init; }

    /// <summary>8 to 1,000 characters.</summary>
    public required string New { get; init; }
}

/// <summary>A key for a program, sent as `Authorization: Bearer KEY` or `X-API-Key: KEY`.</summary>
public sealed record ApiKey
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<Scope> Scopes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>To the hour; absent when it was never used.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}

public sealed record ApiKeyList
{
    public required IReadOnlyList<ApiKey> Keys { get; init; }
}

public sealed record NewApiKey
{
    /// <summary>1 to 100 characters.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<Scope> Scopes { get; init; }
}

/// <summary>A key that was just made. The secret is shown this once.</summary>
public sealed record CreatedApiKey
{
    public required ApiKey Key { get; init; }

    public required string Secret { get; init; }
}
