namespace Spate.Api;

/// <summary>The daemon refused a request, or could not do it.</summary>
public sealed class ApiException(Problem problem) : Exception(Text(problem))
{
    /// <summary>What it answered.</summary>
    public Problem Problem { get; } = problem;

    /// <summary>The HTTP status.</summary>
    public int Status => Problem.Status;

    private static string Text(Problem problem)
    {
        IEnumerable<string> fields = (problem.Errors ?? new Dictionary<string, IReadOnlyList<string>>())
            .SelectMany(static field => field.Value.Select(message => $"{field.Key}: {message}"));
        string text = string.Join("; ", fields);
        return text.Length > 0 ? text : problem.Detail ?? problem.Title;
    }
}
