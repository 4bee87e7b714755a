namespace Spate.Daemon.State;

/// <summary>The password, as a salted hash.</summary>
internal sealed record SavedPassword
{
    public required byte[] Salt { get; init; }

    public required byte[] Hash { get; init; }

    /// <summary>Rounds of PBKDF2 with HMAC-SHA-512.</summary>
    public required int Rounds { get; init; }

    public required DateTimeOffset Changed { get; init; }
}

/// <summary>A key of another program, of which only the hash is kept: it has 256 random bits, so a plain SHA-256 hides it.</summary>
internal sealed record SavedApiKey
{
    /// <summary>Names it in lists and for its end; no secret.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required byte[] Hash { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>To the hour; null while it was never used.</summary>
    public DateTimeOffset? LastUsed { get; set; }
}

/// <summary>A browser that is logged in.</summary>
internal sealed record SavedLogin
{
    /// <summary>Names it in lists and for its end; no secret.</summary>
    public required string Id { get; init; }

    /// <summary>The SHA-256 of the cookie's token.</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>It was by password, and not by a one-time token.</summary>
    public bool ByPassword { get; set; }

    /// <summary>What the browser called itself, cut short.</summary>
    public string? Browser { get; set; }
}
