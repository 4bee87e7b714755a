using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Spate.Daemon;

/// <summary>
/// Names in queries are in camel case, as in bodies; ASP.NET Core reads enumerations by their C# names, letter by letter. So the first letter
/// of those parameters is made large before it looks.
/// </summary>
internal sealed class QueryNames(RequestDelegate next)
{
    private static readonly string[] parameters = ["state", "sort", "order", "span", "parts"];

    public Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.QueryString.HasValue) return next(context);
        Dictionary<string, StringValues>? changed = null;
        foreach (string name in parameters)
        {
            if (!context.Request.Query.TryGetValue(name, out StringValues values)) continue;
            changed ??= context.Request.Query.ToDictionary(StringComparer.OrdinalIgnoreCase);
            changed[name] = values.Select(static value => string.IsNullOrEmpty(value) ? value : char.ToUpperInvariant(value[0]) + value[1..]).ToArray();
        }
        if (changed is not null) context.Request.Query = new QueryCollection(changed);
        return next(context);
    }
}
