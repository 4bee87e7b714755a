using Microsoft.AspNetCore.Http;
using Spate.Api;

namespace Spate.Daemon;

/// <summary>A request that can't be done: thrown by whoever finds out, answered as problem details (RFC 9457).</summary>
internal sealed class ApiProblem(Problem problem) : Exception(problem.Detail ?? problem.Title)
{
    public const string ContentType = "application/problem+json";

    public Problem Problem { get; } = problem;

    /// <summary>A field or parameter is wrong.</summary>
    public static ApiProblem Field(string name, string message) => Fields(new Dictionary<string, IReadOnlyList<string>> { [name] = [message] });

    /// <summary>Some fields or parameters are wrong.</summary>
    public static ApiProblem Fields(IReadOnlyDictionary<string, IReadOnlyList<string>> errors) => new(new Problem
    {
        Type = "/problems/validation", Title = "The request is not valid.", Status = StatusCodes.Status400BadRequest,
        Detail = string.Join(" ", errors.Select(static field => $"{field.Key}: {string.Join(" ", field.Value)}")), Errors = errors,
    });

    public static ApiProblem NotFound(string detail) => Of(StatusCodes.Status404NotFound, "not-found", "There is no such thing.", detail);

    public static ApiProblem Conflict(string detail) => Of(StatusCodes.Status409Conflict, "conflict", "This can't be done now.", detail);

    public static ApiProblem TooLarge(string detail) => Of(StatusCodes.Status413PayloadTooLarge, "too-large", "The request is too large.", detail);

    public static ApiProblem Forbidden(string detail) => Of(StatusCodes.Status403Forbidden, "forbidden", "This is not allowed.", detail);

    /// <summary>A path is outside of the folders that may be used.</summary>
    public static ApiProblem ForbiddenPath(string field, string detail) => new(new Problem
    {
        Type = "/problems/forbidden-path", Title = "This folder may not be used.", Status = StatusCodes.Status403Forbidden, Detail = detail,
        Errors = new Dictionary<string, IReadOnlyList<string>> { [field] = [detail] },
    });

    public static ApiProblem Of(int status, string type, string title, string? detail = null) =>
        new(new Problem { Type = "/problems/" + type, Title = title, Status = status, Detail = detail });
}
