using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;

namespace Spate.Daemon.Security;

/// <summary>Puts the guards into the pipeline of requests, in the only order in which they work.</summary>
internal static class SecurityPipeline
{
    /// <summary>
    /// First in the pipeline: whom a proxy speaks for, the base path, headers, the endpoint, and whether the caller may have it.
    /// Whatever is used after it runs only for requests that passed.
    /// </summary>
    public static IApplicationBuilder UseSecurity(this IApplicationBuilder app, SecurityOptions options, AccountBook accounts)
    {
        if (options.TrustedProxies.Count > 0)
        {
            // The last address of the chain that is no proxy of ours; a list of none would mean that everybody is believed.
            var forwarded = new ForwardedHeadersOptions
            {
                ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedPrefix,
                ForwardLimit = null,
            };
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (IPAddress proxy in options.TrustedProxies)
            {
                forwarded.KnownProxies.Add(proxy);
                if (proxy.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork) forwarded.KnownProxies.Add(proxy.MapToIPv6());
            }
            var prefixes = new ForwardedPrefix(options.BasePath);
            app.Use((context, next) =>
            {
                prefixes.Check(context.Request);
                return next(context);
            });
            app.UseForwardedHeaders(forwarded);
        }
        if (options.BasePath.Length > 0) app.UsePathBase(options.BasePath);
        app.UseMiddleware<SafetyHeaders>();
        app.UseRouting();
        return app.UseMiddleware<AccessGate>(accounts, new HostGuard(options.AllowedHosts));
    }

    /// <summary>Gives a browser the cookie of its login.</summary>
    public static void SetLoginCookie(this HttpContext context, string secret) =>
        context.Response.Cookies.Append(AccessGate.CookieName, secret, CookieFor(context, AccountBook.LoginLifetime));

    /// <summary>Takes the cookie away.</summary>
    public static void DeleteLoginCookie(this HttpContext context) => context.Response.Cookies.Delete(AccessGate.CookieName, CookieFor(context, null));

    private static CookieOptions CookieFor(HttpContext context, TimeSpan? lifetime) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = context.Request.PathBase.HasValue ? context.Request.PathBase.Value : "/",
        MaxAge = lifetime,
        IsEssential = true,
    };
}
