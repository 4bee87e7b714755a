using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Spate.Api;
using Spate.Daemon.Security;

namespace Spate.Daemon;

/// <summary>An example of what an operation takes.</summary>
internal sealed record RequestExample(JsonNode Value);

/// <summary>An example of what an operation answers.</summary>
internal sealed record AnswerExample(int Status, JsonNode Value);

/// <summary>Says of an operation what the OpenAPI document shows. Examples are values of the contract, so that they can't go stale.</summary>
internal static class Describe
{
    public static RouteHandlerBuilder Named(this RouteHandlerBuilder route, string name, Scope? scope, string summary, string? description = null)
    {
        route.WithName(name).WithSummary(summary);
        if (description is not null) route.WithDescription(description);
        route.WithMetadata(new RequiredScope(scope));
        if (scope is not null) route.Fails(StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden);
        return route;
    }

    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, JsonTypeInfo<T> type, T example) where T : notnull =>
        route.Accepts<T>("application/json").WithMetadata(new RequestExample(JsonSerializer.SerializeToNode(example, type)!))
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    public static RouteHandlerBuilder Gives<T>(this RouteHandlerBuilder route, JsonTypeInfo<T> type, T example, int status = StatusCodes.Status200OK) where T : notnull =>
        route.Produces<T>(status, "application/json").WithMetadata(new AnswerExample(status, JsonSerializer.SerializeToNode(example, type)!));

    public static RouteHandlerBuilder GivesNothing(this RouteHandlerBuilder route) => route.Produces(StatusCodes.Status204NoContent);

    public static RouteHandlerBuilder Fails(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (int status in statuses) route.Produces<Problem>(status, ApiProblem.ContentType);
        return route;
    }
}
