using System.Text.RegularExpressions;

namespace Spate.Daemon.Operations;

/// <summary>
/// Takes secrets out of a text before it goes to a log: passkeys in announce URLs, users and passwords in URLs, our own keys and tokens.
/// </summary>
internal static partial class Redaction
{
    private const string Gone = "…";

    public static string Clean(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal)) text = Url().Replace(text, static url => $"{url.Groups["host"].Value}{CleanPath(url.Groups["path"].Value)}");
        return Own().Replace(text, static own => own.Groups[1].Value + own.Groups[2].Value + Gone);
    }

    // Whatever is long enough to be a key, and all that follows a question mark.
    private static string CleanPath(string path)
    {
        int query = path.IndexOfAny(['?', '#']);
        string tail = query < 0 ? "" : path[query] + Gone;
        string[] parts = (query < 0 ? path : path[..query]).Split('/');
        for (int i = 1; i < parts.Length; i++) // the first is the host
        {
            if (parts[i].Length >= 16) parts[i] = Gone;
        }
        return string.Join('/', parts) + tail;
    }

    [GeneratedRegex("""(?<host>\b[a-z][a-z0-9+.-]*://)(?:[^\s/@?#"'<>]*@)?(?<path>[^\s"'<>]*)""", RegexOptions.IgnoreCase)]
    private static partial Regex Url();

    [GeneratedRegex("""(spate_)[A-Za-z0-9_-]{20,}|((?:token|password|passkey|cookie|authorization|api-?key|spate_login)["']?\s*[=:]\s*["']?(?:bearer\s+)?)[^\s"'&;,]+""", RegexOptions.IgnoreCase)]
    private static partial Regex Own();
}
