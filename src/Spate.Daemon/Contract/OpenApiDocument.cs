using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Spate.Api;
using Spate.Daemon.Security;

namespace Spate.Daemon;

/// <summary>How the OpenAPI document of the API is made.</summary>
internal static class OpenApiDocumentSetup
{
    /// <summary>Names the document in its address.</summary>
    public const string Name = "v1";

    public static IServiceCollection AddApiDocument(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Spate",
                Version = "1",
                Description = "The API of a Spate daemon: torrents, settings, statistics and live events. Errors are problem details (RFC 9457) that name the field.",
                License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
            };
            document.Servers = [new OpenApiServer { Url = "/" }];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key." },
                ["keyHeader"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-API-Key", Description = "An API key." },
                ["cookie"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = "spate", Description = "The session of a browser, from `login`." },
            };
            AnsweredFields.Require(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(static (operation, context, _) =>
        {
            IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
            if (metadata.OfType<RequiredScope>().FirstOrDefault() is { Scope: { } needed })
            {
                string scope = ApiName.Of(needed);
                operation.Description = string.IsNullOrEmpty(operation.Description) ? $"Needs the scope `{scope}`." : $"{operation.Description} Needs the scope `{scope}`.";
                operation.Security =
                [
                    new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", context.Document)] = [] },
                    new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("keyHeader", context.Document)] = [] },
                    new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("cookie", context.Document)] = [] },
                ];
            }
            if (metadata.OfType<RequestExample>().FirstOrDefault() is { } request && operation.RequestBody?.Content is { } taken)
            {
                foreach (OpenApiMediaType media in taken.Values.OfType<OpenApiMediaType>()) media.Example = request.Value.DeepClone();
            }
            foreach (AnswerExample answer in metadata.OfType<AnswerExample>())
            {
                if (operation.Responses?.TryGetValue(answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture), out IOpenApiResponse? response) != true) continue;
                foreach (OpenApiMediaType media in response!.Content?.Values.OfType<OpenApiMediaType>() ?? []) media.Example = answer.Value.DeepClone();
            }
            foreach ((string status, IOpenApiResponse response) in operation.Responses ?? [])
            {
                if (response.Content is { } content && content.TryGetValue(ApiProblem.ContentType, out OpenApiMediaType? media)) media.Example = ProblemExamples.Of(status);
            }
            if (operation.Responses is { } unsorted)
            {
                var sorted = new OpenApiResponses();
                foreach ((string status, IOpenApiResponse response) in unsorted.OrderBy(static answer => answer.Key, StringComparer.Ordinal)) sorted[status] = response;
                operation.Responses = sorted;
            }
            return Task.CompletedTask;
        });
    });
}

/// <summary>
/// A field that can't be null is always written. In what only the daemon sends it is shown as required, so that generated clients need not ask
/// whether it is there; in what clients send it may be left out where it has a default.
/// </summary>
internal static class AnsweredFields
{
    public static void Require(OpenApiDocument document)
    {
        if (document.Components?.Schemas is not { } schemas) return;
        var sent = new HashSet<string>();
        foreach (OpenApiOperation operation in document.Paths.Values.SelectMany(static path => path.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>()))
        {
            foreach (OpenApiMediaType media in operation.RequestBody?.Content?.Values ?? []) Reach(media.Schema, schemas, sent);
        }
        foreach ((string name, IOpenApiSchema schema) in schemas)
        {
            if (sent.Contains(name) || schema is not OpenApiSchema { Properties: { } properties } open) continue;
            open.Required ??= new HashSet<string>();
            foreach ((string field, IOpenApiSchema type) in properties)
            {
                bool nullable = type.Type?.HasFlag(JsonSchemaType.Null) == true || (type.OneOf?.Any(static one => one.Type == JsonSchemaType.Null) ?? false)
                    || type is not OpenApiSchemaReference && type.Type is null && type.OneOf is null;
                if (!nullable) open.Required.Add(field);
            }
        }
    }

    private static void Reach(IOpenApiSchema? schema, IDictionary<string, IOpenApiSchema> all, HashSet<string> found)
    {
        if (schema is null) return;
        if (schema is OpenApiSchemaReference { Reference.Id: { } name })
        {
            if (!found.Add(name) || !all.TryGetValue(name, out schema!)) return;
        }
        foreach (IOpenApiSchema inner in schema.Properties?.Values ?? Enumerable.Empty<IOpenApiSchema>()) Reach(inner, all, found);
        foreach (IOpenApiSchema inner in schema.OneOf ?? []) Reach(inner, all, found);
        Reach(schema.Items, all, found);
        Reach(schema.AdditionalProperties, all, found);
    }
}

/// <summary>What errors look like, for the document.</summary>
internal static class ProblemExamples
{
    public static JsonNode? Of(string status)
    {
        ApiProblem? problem = status switch
        {
            "400" => ApiProblem.Field("limit", "It must be from 0 to 1000."),
            "401" => ApiProblem.Of(401, "login", "Log in first.", "Send an API key, or log in."),
            "403" => ApiProblem.Forbidden("The key lacks the scope write."),
            "404" => ApiProblem.NotFound("There is no torrent 0123456789abcdef0123456789abcdef01234567."),
            "409" => ApiProblem.Conflict("The description of the torrent is not there yet."),
            "413" => ApiProblem.TooLarge("At most 4,194,304 bytes are taken here."),
            "415" => ApiProblem.Of(415, "media-type", "A body of this kind is not understood here.", "Send JSON with Content-Type: application/json."),
            "429" => ApiProblem.Of(429, "too-many", "Too many attempts.", "Try again in 30 seconds."),
            "503" => ApiProblem.Of(503, "busy", "Too many readers.", "500 readers watch already; try again later."),
            _ => null,
        };
        return problem is null ? null : System.Text.Json.JsonSerializer.SerializeToNode(problem.Problem, ApiJson.Default.Problem);
    }
}
