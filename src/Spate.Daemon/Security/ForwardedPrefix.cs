using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Spate.Daemon.Security;

/// <summary>
/// Which <c>X-Forwarded-Prefix</c> a proxy may send: the path that it took off the front. It goes into cookies and redirects, and a proxy
/// that knows nothing of it passes on what a client wrote, so only plain paths are good.
/// </summary>
internal sealed partial class ForwardedPrefix(string basePath)
{
    private const string Name = "X-Forwarded-Prefix";
    private const int MaxLength = 200;

    /// <summary>Takes the header away unless every prefix in it can be used.</summary>
    public void Check(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(Name, out StringValues values)) return;
        string text = string.Join(',', (IEnumerable<string?>)values);
        // A proxy may also leave the path as it is and tell of it all the same.
        bool isOurs = basePath.Length > 0 && request.Path.StartsWithSegments(basePath, StringComparison.OrdinalIgnoreCase);
        if (text.Length > MaxLength || isOurs || !Plain().IsMatch(text)) request.Headers.Remove(Name);
        else request.Headers[Name] = text.TrimEnd('/');
    }

    [GeneratedRegex(@"^(/[A-Za-z0-9._~-]+)+/?$")]
    private static partial Regex Plain();
}
