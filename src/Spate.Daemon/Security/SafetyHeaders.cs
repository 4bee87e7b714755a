using Microsoft.AspNetCore.Http;

namespace Spate.Daemon.Security;

/// <summary>Headers that keep a browser from doing with our pages what nobody wants: on every answer, whatever makes it.</summary>
internal sealed class SafetyHeaders(RequestDelegate next)
{
    /// <summary>Scripts and styles from our own files alone.</summary>
    public const string ContentSecurityPolicy = PolicyStart + "style-src 'self'" + PolicyEnd;

    // Swagger UI has styles in its page and in its pictures.
    private const string DocsPolicy = PolicyStart + "style-src 'self' 'unsafe-inline'" + PolicyEnd;

    private const string PolicyStart = "default-src 'none'; script-src 'self'; ";

    private const string PolicyEnd =
        "; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        + "object-src 'none'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/api/docs", StringComparison.OrdinalIgnoreCase) ? DocsPolicy : ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        // What the API says is of the moment and for one reader.
        if (context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)) headers.CacheControl = "no-store";
        return next(context);
    }
}
