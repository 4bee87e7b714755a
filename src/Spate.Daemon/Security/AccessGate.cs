using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Security;

/// <summary>
/// What every request passes after its endpoint is known: is the name it uses ours, who makes it, does it come from our own pages, and
/// may it do that. What it refuses says why, and which option would allow it.
/// </summary>
internal sealed class AccessGate(RequestDelegate next, AccountBook accounts, HostGuard hosts)
{
    public const string CookieName = "spate_login";

    private const int MaxSecret = 200;

    public async Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        Problem? refused = Identify(request, out Caller caller) ?? Refuse(context, caller);
        if (refused is null)
        {
            caller.Attach(context);
            await next(context);
            return;
        }
        if (refused.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer";
        await ProblemAnswers.WriteAsync(context, refused);
    }

    /// <summary>The address of whoever asks, behind trusted proxies too.</summary>
    public static IPAddress AddressOf(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;

    /// <summary>Tells when to come again.</summary>
    public static void SetRetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>What somebody is told who failed to prove who he is too often.</summary>
    public static Problem TooMany => Problem(
        StatusCodes.Status429TooManyRequests, "too-many-attempts", "Too many attempts.", "Your address failed to log in too often; Retry-After says when to try again.");

    private Problem? Identify(HttpRequest request, out Caller caller)
    {
        caller = Caller.Nobody;
        if (KeyIn(request) is { } key)
        {
            if (key.Length <= MaxSecret && accounts.FindKey(key) is { } program)
            {
                caller = program;
                return null;
            }
            return Problem(StatusCodes.Status401Unauthorized, "bad-key", "This key is not valid.", "The API key is wrong or was revoked.");
        }
        // A key is proof enough under any name; nobody else may use a foreign one.
        if (!hosts.Allows(request.Host))
        {
            return Problem(
                StatusCodes.Status403Forbidden, "host", "This host name is not allowed.",
                $"The daemon was called as \"{Short(request.Host.Value ?? "")}\". To allow that name start it with --allowed-host {Short(request.Host.Host)}.");
        }
        if (request.Cookies[CookieName] is { Length: > 0 and <= MaxSecret } cookie && accounts.FindLogin(cookie) is { } browser) caller = browser;
        return null;
    }

    private static Problem? Refuse(HttpContext context, Caller caller)
    {
        HttpRequest request = context.Request;
        bool changes = !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method);
        if (changes && caller.KeyId is null && OriginGuard.Refuse(request, hasCookie: caller.LoginId is not null) is { } why)
            return Problem(StatusCodes.Status403Forbidden, "origin", "This request was not made by our own page.", why);
        if (context.GetEndpoint() is not RouteEndpoint endpoint) return null; // nothing is there, or nothing for this method: no secret
        Scope? needed = endpoint.Metadata.GetMetadata<RequiredScope>() is { } required ? required.Scope : Scope.Admin;
        if (needed is null || caller.May(needed.Value)) return null;
        return caller.IsKnown
            ? Problem(StatusCodes.Status403Forbidden, "scope", "This is not allowed.", $"It needs a key with the scope \"{needed.Value.ToString().ToLowerInvariant()}\".")
            : Problem(StatusCodes.Status401Unauthorized, "login", "Log in first.", "Log in, or send an API key as Authorization: Bearer KEY or X-API-Key: KEY.");
    }

    private static string? KeyIn(HttpRequest request)
    {
        const string scheme = "Bearer ";
        string? authorization = request.Headers.Authorization;
        if (authorization is not null && authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return authorization[scheme.Length..].Trim();
        string? key = request.Headers["X-API-Key"];
        return string.IsNullOrEmpty(key) ? null : key;
    }

    private static Problem Problem(int status, string type, string title, string detail) =>
        new() { Type = "/problems/" + type, Title = title, Status = status, Detail = detail };

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
