namespace Spate.Api;

/// <summary>What is wrong with a request (RFC 9457).</summary>
public sealed record Problem
{
    /// <summary>What kind of problem, stable for programs: a relative reference such as `/problems/validation`.</summary>
    public required string Type { get; init; }

    /// <summary>The kind of problem, for people.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What happened this time, and what to do.</summary>
    public string? Detail { get; init; }

    /// <summary>By the name of a field, parameter or file of the request: what is wrong with it.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }
}
