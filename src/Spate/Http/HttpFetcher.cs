using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Network;

namespace Spate.Http;

/// <summary>
/// HTTP for the engine, on sockets of this machine. Connections are kept and used again; certificates are checked; no cookies, no
/// proxy of the environment.
/// </summary>
/// <remarks>
/// Redirects are followed by hand: five at most, to http and https only, credentials stay with the origin they were meant for, and a
/// host in the world outside can't lead to one in here. That is enforced where it counts, by the addresses that are connected to:
/// connections are pooled by what they may reach, so a name that changes its address between check and use gains nothing.
/// </remarks>
public sealed class HttpFetcher : IHttpFetcher, IDisposable
{
    private const int MaxRedirects = 5;
    private const int MaxHeaderKiB = 32;
    private const int MaxConnectionsPerHost = 16;
    private static readonly TimeSpan connectTimeout = TimeSpan.FromSeconds(15);

    private readonly NameCache names;
    private readonly string userAgent;
    private readonly Func<IPEndPoint, CancellationToken, ValueTask<Stream>> dial;
    private readonly ConcurrentDictionary<(HttpReach, AddressFamily), HttpMessageInvoker> pools = new();

    /// <param name="userAgent">What servers are told, such as <c>Spate/1.0</c>.</param>
    /// <param name="names">Names that are known already; null to ask the system.</param>
    /// <param name="network">Opens the connections; null for one without a source address.</param>
    public HttpFetcher(string userAgent, NameCache? names = null, SocketNetwork? network = null)
        : this(
            userAgent,
            names ?? new NameCache(static async (host, token) => await ResolveAsync(host, token).ConfigureAwait(false), TimeProvider.System),
            Dialler(network ?? new SocketNetwork()))
    {
    }

    internal HttpFetcher(string userAgent, NameCache names, Func<IPEndPoint, CancellationToken, ValueTask<Stream>> dial)
    {
        (this.userAgent, this.names, this.dial) = (userAgent, names, dial);
    }

    /// <inheritdoc/>
    public async ValueTask<HttpAnswer> GetAsync(HttpRequest request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(request.Timeout);
        Uri address = request.Address;
        try
        {
            return await FollowAsync(request, at => address = at, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"{Name(address)} did not answer within {request.Timeout.TotalSeconds:0.#} s.");
        }
        catch (HttpRequestException e)
        {
            throw new IOException(Explain(address, e), e);
        }
        catch (InvalidDataException e)
        {
            throw new IOException($"{Name(address)} sent content that can't be unpacked.", e);
        }
        catch (Exception e) when (e is SocketException or AuthenticationException)
        {
            throw new IOException($"{Name(address)}: {e.Message}", e);
        }
    }

    /// <summary>Closes all connections.</summary>
    public void Dispose()
    {
        foreach (HttpMessageInvoker pool in pools.Values) pool.Dispose();
        pools.Clear();
    }

    private async Task<HttpAnswer> FollowAsync(HttpRequest request, Action<Uri> onHop, CancellationToken cancellation)
    {
        Uri address = request.Address;
        HttpReach reach = request.Reach;
        string credentials = address.UserInfo;
        for (int hop = 0; ; hop++)
        {
            onHop(address);
            if (address.Scheme is not ("http" or "https"))
                throw new IOException($"{Name(request.Address)} leads to an address of the kind \"{address.Scheme}:\", which is not followed.");
            HttpReach pool = await NarrowAsync(address, reach, request.Family, cancellation).ConfigureAwait(false);
            reach = pool; // a redirect leads outwards, never back in

            using HttpRequestMessage message = MessageFor(request, address, credentials);
            using HttpResponseMessage response = await PoolFor(pool, request.Family).SendAsync(message, cancellation).ConfigureAwait(false);
            if (!IsRedirect(response, out Uri? location))
            {
                byte[] body = await ReadAsync(response, address, request.MaxBytes, cancellation).ConfigureAwait(false);
                return new HttpAnswer((int)response.StatusCode, body, address);
            }
            if (hop == MaxRedirects) throw new IOException($"{Name(request.Address)} redirects more than {MaxRedirects} times.");
            if (!Uri.TryCreate(address, location, out Uri? next)) throw new IOException($"{Name(address)} redirects to an address that makes no sense.");
            bool sameOrigin = (next.Scheme, next.IdnHost, next.Port) == (address.Scheme, address.IdnHost, address.Port);
            credentials = next.UserInfo.Length > 0 ? next.UserInfo : sameOrigin ? credentials : "";
            address = next;
        }
    }

    // What the connection for this request may reach: as little as the host needs, so that redirects and changed names gain nothing.
    private async ValueTask<HttpReach> NarrowAsync(Uri address, HttpReach allowed, AddressFamily family, CancellationToken cancellation)
    {
        IReadOnlyList<IPAddress> addresses = await names.ResolveAsync(address.IdnHost.Trim('[', ']'), cancellation).ConfigureAwait(false);
        AddressScope widest = AddressScope.Unusable;
        foreach (IPAddress candidate in addresses)
        {
            if (family != AddressFamily.Unspecified && candidate.AddressFamily != family) continue;
            AddressScope scope = candidate.ScopeOf();
            if (scope > widest) widest = scope;
        }
        HttpReach needed = widest switch
        {
            AddressScope.Global => HttpReach.GlobalOnly,
            AddressScope.LocalNetwork => HttpReach.NotThisMachine,
            _ => HttpReach.Anywhere,
        };
        if (widest == AddressScope.Unusable) throw new IOException($"{address.IdnHost} has no address that can be used here.");
        return needed >= allowed ? needed : throw Refused(address.IdnHost, allowed);
    }

    private HttpRequestMessage MessageFor(HttpRequest request, Uri address, string credentials)
    {
        var message = new HttpRequestMessage(HttpMethod.Get, address)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
        };
        message.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        message.Headers.TryAddWithoutValidation("Accept", "*/*");
        // A range counts the bytes of the content as it is packed: so a range is asked for unpacked.
        message.Headers.TryAddWithoutValidation("Accept-Encoding", request.Range is null ? "gzip" : "identity");
        if (request.Range is (long first, long last)) message.Headers.Range = new RangeHeaderValue(first, last);
        if (credentials.Length > 0)
        {
            string text = Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(credentials)));
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", text);
        }
        return message;
    }

    private static bool IsRedirect(HttpResponseMessage response, out Uri location)
    {
        location = response.Headers.Location!;
        return location is not null && (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, Uri address, int maxBytes, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > maxBytes) throw TooLong(address, maxBytes);
        Stream raw = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        ICollection<string> encodings = response.Content.Headers.ContentEncoding;
        await using Stream content = encodings.Count switch
        {
            0 => raw,
            1 when encodings.First() is "gzip" or "x-gzip" => new GZipStream(raw, CompressionMode.Decompress),
            1 when encodings.First() is "identity" => raw,
            _ => throw new IOException($"{Name(address)} packed its answer in a way that was not asked for."),
        };
        byte[] buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            using var kept = new MemoryStream();
            while (true)
            {
                int read = await content.ReadAsync(buffer, cancellation).ConfigureAwait(false);
                if (read == 0) return kept.ToArray();
                if (kept.Length + read > maxBytes) throw TooLong(address, maxBytes);
                kept.Write(buffer, 0, read);
            }
        }
        catch (IOException e) when (e is HttpIOException || e.InnerException is SocketException)
        {
            throw new IOException($"{Name(address)} broke off in the middle of its answer.", e);
        }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }

    private HttpMessageInvoker PoolFor(HttpReach reach, AddressFamily family) =>
        pools.GetOrAdd((reach, family), static (key, self) => new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = connectTimeout,
            MaxConnectionsPerServer = MaxConnectionsPerHost,
            MaxResponseHeadersLength = MaxHeaderKiB,
            MaxResponseDrainSize = 64 * 1024,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            ConnectCallback = (context, token) => self.ConnectAsync(context.DnsEndPoint, key.Item1, key.Item2, token),
        }), this);

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint host, HttpReach reach, AddressFamily family, CancellationToken cancellation)
    {
        IReadOnlyList<IPAddress> addresses = await names.ResolveAsync(host.Host.Trim('[', ']'), cancellation).ConfigureAwait(false);
        IPEndPoint[] allowed =
        [
            .. addresses.Where(a => (family == AddressFamily.Unspecified || a.AddressFamily == family) && IsInReach(a, reach))
                .Select(a => new IPEndPoint(a, host.Port)),
        ];
        if (allowed.Length == 0) throw Refused(host.Host, reach);
        return await FirstOfAsync(allowed, cancellation).ConfigureAwait(false);
    }

    // The first address that answers; the next one is tried beside it after a quarter of a second (RFC 8305).
    private async Task<Stream> FirstOfAsync(IPEndPoint[] endPoints, CancellationToken cancellation)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var attempts = new List<Task<Stream>>();
        Exception? failure = null;
        int next = 0;
        while (true)
        {
            if (next < endPoints.Length) attempts.Add(dial(endPoints[next++], others.Token).AsTask());
            if (attempts.Count == 0) throw failure!;
            Task pause = next < endPoints.Length ? Task.Delay(250, others.Token) : Task.Delay(Timeout.Infinite, others.Token);
            Task ended = await Task.WhenAny(attempts.Append(pause)).ConfigureAwait(false);
            if (ended == pause)
            {
                cancellation.ThrowIfCancellationRequested();
                continue;
            }
            var attempt = (Task<Stream>)ended;
            attempts.Remove(attempt);
            if (!attempt.IsCompletedSuccessfully)
            {
                failure = attempt.Exception?.InnerException ?? new OperationCanceledException(cancellation);
                continue;
            }
            await others.CancelAsync().ConfigureAwait(false);
            foreach (Task<Stream> late in attempts)
            {
                _ = late.ContinueWith(
                    static t => { if (t.IsCompletedSuccessfully) t.Result.Dispose(); else _ = t.Exception; },
                    CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            return attempt.Result;
        }
    }

    private static bool IsInReach(IPAddress address, HttpReach reach) => address.ScopeOf() switch
    {
        AddressScope.Global => true,
        AddressScope.LocalNetwork => reach <= HttpReach.NotThisMachine,
        AddressScope.ThisMachine => reach == HttpReach.Anywhere,
        _ => false,
    };

    private static Func<IPEndPoint, CancellationToken, ValueTask<Stream>> Dialler(SocketNetwork network) => async (remote, cancellation) =>
        new NetworkStream(await network.DialAsync(remote, cancellation).ConfigureAwait(false), ownsSocket: true);

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        try { return await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false); }
        catch (SocketException e) { throw new IOException($"The name {host} is not known.", e); }
    }

    private static IOException Refused(string host, HttpReach reach) => new(reach == HttpReach.GlobalOnly
        ? $"{host} is an address inside of the local network, which is not asked on behalf of somebody outside."
        : $"{host} is this machine, which is not asked on behalf of somebody else.");

    private static IOException TooLong(Uri address, int maxBytes) => new($"{Name(address)} sent more than {maxBytes:N0} bytes.");

    // Host and port, never the path or the query: they may hold a passkey.
    private static string Name(Uri address) => address.IsDefaultPort ? address.IdnHost : $"{address.IdnHost}:{address.Port}";

    private static string Explain(Uri address, HttpRequestException e)
    {
        string host = Name(address);
        return e.HttpRequestError switch
        {
            HttpRequestError.ConnectionError when e.InnerException is IOException known => known.Message,
            HttpRequestError.NameResolutionError => $"The name {address.IdnHost} is not known.",
            HttpRequestError.ConnectionError when e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
                $"{host} refused the connection: nobody listens there.",
            HttpRequestError.ConnectionError => $"{host} can't be reached: {(e.InnerException ?? e).Message}",
            HttpRequestError.SecureConnectionError => $"{host} has no valid TLS certificate or speaks no TLS: {(e.InnerException ?? e).Message}",
            HttpRequestError.ConfigurationLimitExceeded => $"{host} sent headers of more than {MaxHeaderKiB} KiB.",
            HttpRequestError.ResponseEnded => $"{host} broke off in the middle of its answer.",
            HttpRequestError.InvalidResponse => $"{host} does not speak HTTP.",
            _ => $"{host}: {(e.InnerException ?? e).Message}",
        };
    }
}
