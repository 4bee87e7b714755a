using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Spate.Api;

namespace Spate.Daemon.Tests.Api;

/// <summary>Whatever is sent, the answer is a problem that names the field, and the daemon goes on.</summary>
public sealed class BadInputTests(SharedDaemon shared) : IClassFixture<SharedDaemon>
{
    [Theory]
    [InlineData("GET", "torrents?limit=abc", null, 400, "limit")]
    [InlineData("GET", "torrents?limit=1001", null, 400, "limit")]
    [InlineData("GET", "torrents?offset=-1", null, 400, "offset")]
    [InlineData("GET", "torrents?sort=colour", null, 400, "sort")]
    [InlineData("GET", "torrents?sort=99", null, 400, "sort")]
    [InlineData("GET", "torrents?state=99", null, 400, "state")]
    [InlineData("GET", "torrents/nonsense", null, 404, null)]
    [InlineData("GET", "torrents/0123456789abcdef0123456789abcdef01234567/peers", null, 404, null)]
    [InlineData("GET", "nothing/here", null, 404, null)]
    [InlineData("DELETE", "torrents", null, 405, null)]
    [InlineData("GET", "statistics/history?span=year", null, 400, "span")]
    [InlineData("GET", "events?parts=everything", null, 400, "parts")]
    [InlineData("GET", "events?limit=5000", null, 400, "limit")]
    [InlineData("GET", "previews/p1", null, 404, null)]
    [InlineData("GET", "creations/c1", null, 404, null)]
    [InlineData("POST", "torrents", "{", 400, "body")]
    [InlineData("POST", "torrents", "[]", 400, "body")]
    [InlineData("POST", "torrents", "null", 400, "body")]
    [InlineData("POST", "torrents", "{}", 400, "sources")]
    [InlineData("POST", "torrents", "{\"sources\":[1]}", 400, "sources[0]")]
    [InlineData("POST", "torrents", "{\"sources\":[\"ftp://nowhere\"]}", 400, "sources[0]")]
    [InlineData("POST", "torrents", "{\"metainfo\":[\"%%%\"]}", 400, "metainfo[0]")]
    [InlineData("POST", "torrents", "{\"metainfo\":[\"ZGU=\"]}", 400, "metainfo[0]")]
    [InlineData("POST", "torrents", "{\"colour\":1}", 400, "colour")]
    [InlineData("POST", "torrents", "{\"sources\":[\"http://127.0.0.1:1/x.torrent\"]}", 400, "sources[0]")]
    [InlineData("POST", "torrents", "{\"sources\":[\"0123456789abcdef0123456789abcdef01234567\"],\"options\":{\"savePath\":\"/etc\"}}", 403, "options.savePath")]
    [InlineData("POST", "torrents", "{\"sources\":[\"0123456789abcdef0123456789abcdef01234567\"],\"options\":{\"savePath\":\"../x\"}}", 403, "options.savePath")]
    [InlineData("POST", "torrents", "{\"sources\":[\"0123456789abcdef0123456789abcdef01234567\"],\"options\":{\"downloadLimit\":-1}}", 400, "options.downloadLimit")]
    [InlineData("POST", "torrents/pause", "{}", 400, "ids")]
    [InlineData("POST", "torrents/move", "{\"ids\":[]}", 400, "savePath")]
    [InlineData("POST", "torrents/queue", "{\"ids\":[],\"to\":\"position\"}", 400, "position")]
    [InlineData("POST", "torrents/queue", "{\"ids\":[],\"to\":\"sideways\"}", 400, "to")]
    [InlineData("PATCH", "settings", "{\"speed\":{\"uploadLimit\":-5}}", 400, "speed.uploadLimit")]
    [InlineData("PATCH", "settings", "{\"speed\":{\"uploadLimit\":\"fast\"}}", 400, "speed.uploadLimit")]
    [InlineData("PATCH", "settings", "{\"downloads\":{\"savePath\":\"/etc\"}}", 400, "downloads.savePath")]
    [InlineData("PATCH", "settings", "{\"speed\":{\"schedule\":[{\"days\":[\"monday\"],\"from\":\"25:00\",\"to\":\"10:00\"}]}}", 400, "speed.schedule[0].from")]
    [InlineData("PUT", "categories/%20x", "{}", 400, "name")]
    [InlineData("PUT", "categories/x", "{\"savePath\":\"/etc\"}", 403, "savePath")]
    [InlineData("POST", "previews", "{}", 400, "source")]
    [InlineData("POST", "previews", "{\"source\":\"rubbish\"}", 400, "source")]
    [InlineData("POST", "creations", "{\"path\":\"/etc\"}", 403, "path")]
    [InlineData("GET", "folders?path=/etc", null, 403, "path")]
    [InlineData("GET", "folders?path=..", null, 403, "path")]
    public async Task A_bad_request_is_told_what_is_wrong(string method, string path, string? body, int status, string? field)
    {
        TestDaemon daemon = shared.Daemon!;
        using var request = new HttpRequestMessage(new HttpMethod(method), "api/v1/" + path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await daemon.Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == (int)answer.StatusCode, $"{(int)answer.StatusCode}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Problem problem = JsonSerializer.Deserialize(text, ApiJson.Default.Problem)!;
        Assert.Equal(status, problem.Status);
        Assert.NotEmpty(problem.Title);
        if (field is not null) Assert.True(problem.Errors?.ContainsKey(field) == true, text);
    }

    [Fact]
    public async Task Huge_bodies_and_torrents_are_refused()
    {
        TestDaemon daemon = shared.Daemon!;
        await IsTooLargeAsync("api/v1/torrents/pause", Zeros(5 << 20, "application/json"));
        await IsTooLargeAsync("api/v1/torrents/files", new MultipartFormDataContent { { Zeros(40 << 20, "application/x-bittorrent"), "torrents", "huge.torrent" } });
        await IsTooLargeAsync("api/v1/torrents/files", new MultipartFormDataContent { { Zeros(100 << 20, "application/x-bittorrent"), "torrents", "larger.torrent" } });
        using (HttpResponseMessage answer = await daemon.Http.PostAsync("api/v1/torrents/files", Zeros(10, "text/plain"))) Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal("ok", (await daemon.Client.GetHealthAsync()).Status);
    }

    [Fact]
    public async Task Many_huge_torrents_at_once_cost_bounded_memory()
    {
        TestDaemon daemon = shared.Daemon!;
        // 40 MB of base 64 in each; nobody reads more than three of them at once.
        byte[] body = Encoding.ASCII.GetBytes($$"""{"metainfo":["{{new string('A', 40 << 20)}}"]}""");
        HttpStatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            try
            {
                using HttpResponseMessage answer = await daemon.Http.PostAsync("api/v1/torrents", content);
                if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) Assert.NotNull(answer.Headers.RetryAfter);
                return answer.StatusCode;
            }
            catch (HttpRequestException) { return HttpStatusCode.ServiceUnavailable; } // told so, and hung up on, while it was still being sent
        }));
        Assert.Contains(HttpStatusCode.BadRequest, answers); // was read: it is no torrent
        Assert.Subset(new HashSet<HttpStatusCode> { HttpStatusCode.BadRequest, HttpStatusCode.ServiceUnavailable }, answers.ToHashSet());
        Assert.Equal(HttpStatusCode.BadRequest, (await daemon.Http.PostAsync("api/v1/torrents", new StringContent("{}", Encoding.UTF8, "application/json"))).StatusCode);
    }

    private async Task IsTooLargeAsync(string path, HttpContent content)
    {
        try
        {
            using HttpResponseMessage answer = await shared.Daemon!.Http.PostAsync(path, content);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        }
        catch (HttpRequestException) { } // refused, and hung up on, while it was still being sent
    }

    [Fact]
    public async Task Markup_in_names_comes_back_as_text()
    {
        TestDaemon daemon = shared.Daemon!;
        Create.CreatedTorrent torrent = await daemon.MakeTorrentAsync("<img src=x onerror=alert(1)>");
        string id = await daemon.AddAsync(torrent, new AddOptions { Paused = true });
        using HttpResponseMessage answer = await daemon.Http.GetAsync($"api/v1/torrents/{id}");
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("nosniff", answer.Headers.GetValues("X-Content-Type-Options"));
        Assert.DoesNotContain("<img", text, StringComparison.Ordinal);
        Assert.Contains("img src=x", (await daemon.Client.GetTorrentAsync(id)).Row.Name, StringComparison.Ordinal);
    }

    private static ByteArrayContent Zeros(int length, string type)
    {
        var content = new ByteArrayContent(new byte[length]);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return content;
    }
}

/// <summary>One daemon for all tests of a class.</summary>
public sealed class SharedDaemon : IAsyncLifetime
{
    internal TestDaemon? Daemon { get; private set; }

    public async Task InitializeAsync() => Daemon = await TestDaemon.StartAsync();

    public async Task DisposeAsync() => await Daemon!.DisposeAsync();
}
