using Spate.Engine.Ports;

namespace Spate.Daemon.Security;

/// <summary>
/// Fetches .torrent files by URL on behalf of whoever uses the API. Unless told otherwise it asks hosts on the Internet alone: the
/// fetcher connects to exactly the addresses that it checked, at each redirect too, so a name that changes its address gains nothing.
/// </summary>
internal sealed class TorrentFetcher(IHttpFetcher http, bool allowPrivate)
{
    /// <summary>Bytes of a .torrent file.</summary>
    public const int MaxBytes = 32 << 20;

    private const int MaxUrl = 8192;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    /// <summary>True for texts that are URLs of the kinds that are fetched.</summary>
    public static bool IsUrl(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Gets a .torrent file.</summary>
    /// <exception cref="IOException">It can't be had; the message says why, and never shows the URL's path, which may hold a passkey.</exception>
    public async Task<ReadOnlyMemory<byte>> FetchAsync(string url, CancellationToken cancellation)
    {
        if (url.Length > MaxUrl) throw new IOException($"The URL has more than {MaxUrl:N0} characters.");
        if (!IsUrl(url) || !Uri.TryCreate(url, UriKind.Absolute, out Uri? address)) throw new IOException("It is no URL of http or https.");
        HttpAnswer answer;
        try
        {
            var request = new HttpRequest(address) { MaxBytes = MaxBytes, Timeout = patience, Reach = allowPrivate ? HttpReach.Anywhere : HttpReach.GlobalOnly };
            answer = await http.GetAsync(request, cancellation);
        }
        catch (IOException e) when (!allowPrivate && e.Message.Contains("is not asked on behalf", StringComparison.Ordinal))
        {
            throw new IOException($"{e.Message} To allow it start the daemon with --allow-private-urls.", e);
        }
        if (answer.Status != 200) throw new IOException($"{address.IdnHost} answered {answer.Status} instead of a .torrent file.");
        if (answer.Body.Length == 0 || answer.Body.Span[0] != (byte)'d') throw new IOException($"What {address.IdnHost} sent is no .torrent file; a page to log in, perhaps.");
        return answer.Body;
    }
}
