using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Spate.Api;

/// <summary>
/// The daemon's API, for programs. One method for each operation; every one throws an <see cref="ApiException"/> when the daemon answers
/// a problem, and an <see cref="HttpRequestException"/> when it can't be reached. Safe to use from several threads.
/// </summary>
public sealed partial class SpateClient : IDisposable
{
    private const int MaxProblemBytes = 1 << 20;

    private readonly HttpClient http;

    /// <param name="server">Where the daemon is, with its base path: <c>http://127.0.0.1:9091/</c>.</param>
    /// <param name="key">An API key; null where none is needed, or to log in with <see cref="LoginAsync"/>.</param>
    /// <param name="handler">What carries the requests; null makes one that keeps cookies.</param>
    public SpateClient(Uri server, string? key = null, HttpMessageHandler? handler = null)
    {
        if (!server.AbsolutePath.EndsWith('/')) server = new UriBuilder(server) { Path = server.AbsolutePath + "/" }.Uri;
        http = new HttpClient(handler ?? new SocketsHttpHandler { CookieContainer = new CookieContainer() })
        {
            BaseAddress = new Uri(server, "api/v1/"),
            Timeout = Timeout.InfiniteTimeSpan, // callers cancel; an event stream never ends
        };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => http.Dispose();

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, path), type, cancellation);

    private async Task<byte[]> GetBytesAsync(string path, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await AnswerAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellation).ConfigureAwait(false);
        return await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
    }

    private Task<TAnswer> SendAsync<TBody, TAnswer>(
        HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> type, CancellationToken cancellation) =>
        SendAsync(new HttpRequestMessage(method, path) { Content = Json(body, bodyType) }, type, cancellation);

    private async Task SendAsync<TBody>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType, CancellationToken cancellation)
    {
        using HttpResponseMessage response =
            await AnswerAsync(new HttpRequestMessage(method, path) { Content = Json(body, bodyType) }, cancellation).ConfigureAwait(false);
    }

    private async Task SendAsync(HttpMethod method, string path, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await AnswerAsync(new HttpRequestMessage(method, path), cancellation).ConfigureAwait(false);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await AnswerAsync(request, cancellation).ConfigureAwait(false);
        using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        return await JsonSerializer.DeserializeAsync(body, type, cancellation).ConfigureAwait(false)
            ?? throw new InvalidDataException($"{request.RequestUri} answered nothing.");
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (response.IsSuccessStatusCode) return response;
        using (response) throw new ApiException(await ProblemAsync(response, cancellation).ConfigureAwait(false));
    }

    private static async Task<Problem> ProblemAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var plain = new Problem { Type = "about:blank", Title = response.ReasonPhrase ?? "The request failed.", Status = (int)response.StatusCode };
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json") return plain;
        if (response.Content.Headers.ContentLength > MaxProblemBytes) return plain;
        try
        {
            using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(body, ApiJson.Default.Problem, cancellation).ConfigureAwait(false) ?? plain;
        }
        catch (JsonException) { return plain; }
    }

    private static ByteArrayContent Json<T>(T body, JsonTypeInfo<T> type)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, type));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }

    private static string Escape(string part) => Uri.EscapeDataString(part);
}
