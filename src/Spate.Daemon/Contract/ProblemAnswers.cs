using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Spate.Api;

namespace Spate.Daemon;

/// <summary>Answers every failure of a request with problem details, and tells the log of those that are bugs.</summary>
internal sealed partial class ProblemAnswers(RequestDelegate next, ILogger<ProblemAnswers> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode >= 400 && context.Response.ContentLength is null && context.Response.ContentType is null)
                await WriteAsync(context, ForStatus(context.Response.StatusCode));
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            if (context.RequestAborted.IsCancellationRequested) return;
            await WriteAsync(context, For(e));
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException) { } // the reader left
    }

    /// <summary>Writes a problem as the answer.</summary>
    public static Task WriteAsync(HttpContext context, Problem problem)
    {
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = ApiProblem.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, problem, ApiJson.Default.Problem, context.RequestAborted);
    }

    private Problem For(Exception e)
    {
        switch (e)
        {
            case ApiProblem known:
                return known.Problem;
            case BadHttpRequestException bad:
                Match parameter = Parameter().Match(bad.Message);
                if (parameter.Success) return ApiProblem.Field(NameOf(parameter), $"\"{Short(parameter.Groups[2].Value)}\" is not a valid value.").Problem;
                parameter = Missing().Match(bad.Message);
                return parameter.Success
                    ? ApiProblem.Field(NameOf(parameter), "It is required.").Problem
                    : ApiProblem.Of(bad.StatusCode, "bad-request", "The request is not valid.", bad.Message).Problem;
            case IOException or UnauthorizedAccessException:
                LogDisk(log, e);
                return ApiProblem.Of(StatusCodes.Status500InternalServerError, "disk", "The disk refused.", e.Message).Problem;
            default:
                LogBug(log, e);
                return ApiProblem.Of(StatusCodes.Status500InternalServerError, "bug", "An error in the daemon.", "Its log says more.").Problem;
        }
    }

    private static Problem ForStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => ApiProblem.NotFound("No such address in this API; /api/docs lists all.").Problem,
        StatusCodes.Status405MethodNotAllowed => ApiProblem.Of(status, "method", "This method is not allowed here.").Problem,
        StatusCodes.Status415UnsupportedMediaType => ApiProblem.Of(status, "media-type", "A body of this kind is not understood here.", "Set Content-Type to what the operation takes, such as application/json.").Problem,
        _ => ApiProblem.Of(status, "status", "The request was refused.").Problem,
    };

    private static string NameOf(Match parameter) => JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups[1].Value);

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "…";

    // What ASP.NET Core says of a parameter that it could not bind.
    [GeneratedRegex("""^Failed to bind parameter "\S+ (\w+)" from "(.*)"\.$""", RegexOptions.Singleline)]
    private static partial Regex Parameter();

    [GeneratedRegex("""^Required parameter "\S+ (\w+)" was not provided""")]
    private static partial Regex Missing();

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed by an error in this program.")]
    private static partial void LogBug(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request failed because the disk refused.")]
    private static partial void LogDisk(ILogger log, Exception e);
}
