using Microsoft.AspNetCore.Http;

namespace Spate.Daemon.Security;

/// <summary>
/// Tells requests that a page of somebody else makes in the name of a logged-in browser (CSRF). The cookie's SameSite=Strict stops most;
/// another port of this host is the same site, though, and only these headers tell it apart.
/// </summary>
internal static class OriginGuard
{
    /// <summary>Why a request that changes something is refused, for people; null when it is not.</summary>
    /// <param name="request">The request, with scheme and host as the browser sees them.</param>
    /// <param name="hasCookie">It is made in the name of a browser that is logged in.</param>
    public static string? Refuse(HttpRequest request, bool hasCookie)
    {
        string? site = request.Headers["Sec-Fetch-Site"];
        if (!string.IsNullOrEmpty(site))
        {
            return site is "same-origin" or "none" ? null : $"It comes from a page of another origin (Sec-Fetch-Site: {Short(site)}).";
        }
        string? origin = request.Headers.Origin;
        if (!string.IsNullOrEmpty(origin))
        {
            string own = $"{request.Scheme}://{request.Host.Value}";
            return string.Equals(origin, own, StringComparison.OrdinalIgnoreCase) ? null
                : $"It comes from a page of {Short(origin)}, and this is {Short(own)}. Behind a proxy, name it with --trusted-proxy and let it send X-Forwarded-Host and X-Forwarded-Proto.";
        }
        return hasCookie ? "A request with a login cookie needs Sec-Fetch-Site or Origin, as browsers send them. Programs use an API key." : null;
    }

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "…";
}
