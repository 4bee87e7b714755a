using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Spate.Daemon;

/// <summary>Reads the JSON body of a request, and says of a bad one which field is wrong.</summary>
internal static partial class JsonBody
{
    /// <summary>Bytes of a body at most, where an operation names no other limit.</summary>
    public const int MaxBytes = 4 << 20;

    /// <exception cref="ApiProblem">It is missing, too large, not JSON, or not what the operation takes.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, long maxBytes = MaxBytes)
    {
        HttpRequest request = context.Request;
        if (!request.HasJsonContentType())
            throw ApiProblem.Of(StatusCodes.Status415UnsupportedMediaType, "media-type", "A body of this kind is not understood here.", "Send JSON with Content-Type: application/json.");
        if (request.ContentLength > maxBytes) throw TooLarge(maxBytes);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = maxBytes;
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, context.RequestAborted) ?? throw ApiProblem.Field("body", "It must be an object.");
        }
        catch (JsonException e)
        {
            throw ApiProblem.Field(FieldOf(e), Explain(e));
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge(maxBytes);
        }
    }

    /// <summary>The name of the field that an error is about, without the path's first sign.</summary>
    public static string FieldOf(JsonException e)
    {
        Match missing = Missing().Match(e.Message);
        if (missing.Success)
        {
            string holder = e.Path is { Length: > 2 } inside ? inside[2..] + "." : "";
            return holder + missing.Groups[1].Value;
        }
        int quoted = e.Message.IndexOf("JSON property '", StringComparison.Ordinal);
        string path = e.Path is { Length: > 2 } full && full.StartsWith("$.", StringComparison.Ordinal) ? full[2..] : "";
        if (quoted < 0) return path.Length > 0 ? path : "body";
        int start = quoted + "JSON property '".Length;
        int end = e.Message.IndexOf('\'', start);
        string name = end > start ? e.Message[start..end] : "";
        return path.Length == 0 ? name : path == name || path.EndsWith("." + name, StringComparison.Ordinal) ? path : $"{path}.{name}";
    }

    private static ApiProblem TooLarge(long most) => ApiProblem.TooLarge($"At most {most:N0} bytes are taken here.");

    private static string Explain(JsonException e)
    {
        if (e.Message.Contains("could not be mapped", StringComparison.Ordinal)) return "There is no such field.";
        if (Missing().IsMatch(e.Message)) return "It is required.";
        if (e.Message.Contains("doesn't allow null", StringComparison.Ordinal) || e.Message.Contains("cannot be null", StringComparison.Ordinal)) return "It can't be null.";
        if (e.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)) return "The value is of the wrong type or not one of those allowed.";
        return $"This is not valid JSON, at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.";
    }

    [GeneratedRegex("missing required properties including: '([^']+)'")]
    private static partial Regex Missing();
}
