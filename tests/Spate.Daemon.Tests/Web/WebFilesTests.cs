using System.IO.Compression;
using System.Net;
using System.Text;
using Spate.Daemon.Tests.Api;

namespace Spate.Daemon.Tests.Web;

public sealed class WebFilesTests
{
    private const string Script = "export const text = 'plain';";

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("gzip, br;q=0", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("deflate", null)]
    [InlineData("", null)]
    [InlineData("*;q=0, ;;=", null)]
    public async Task A_file_goes_out_compressed_as_the_browser_takes_it_and_the_build_made_it(string accepted, string? coding)
    {
        using var folder = new TempFolder();
        await MakeAsync(folder);
        await using TestDaemon daemon = await TestDaemon.StartAsync(with: options => options with { WebFolder = folder.Path });
        using HttpResponseMessage answer = await GetAsync(daemon, "assets/app-1234.js", accepted);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/javascript", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(coding is null ? [] : [coding], answer.Content.Headers.ContentEncoding);
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        Assert.Contains("immutable", answer.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.Equal(Script, Plain(await answer.Content.ReadAsByteArrayAsync(), coding));
    }

    [Fact]
    public async Task What_is_not_compressed_goes_out_as_it_is_and_nothing_outside_of_the_folder()
    {
        using var folder = new TempFolder();
        await MakeAsync(folder);
        await using TestDaemon daemon = await TestDaemon.StartAsync(with: options => options with { WebFolder = folder.Path });
        using HttpResponseMessage style = await GetAsync(daemon, "assets/app-1234.css", "br");
        Assert.Empty(style.Content.Headers.ContentEncoding);
        Assert.Equal("text/css", style.Content.Headers.ContentType?.MediaType);
        using HttpResponseMessage page = await GetAsync(daemon, "", "br");
        Assert.Contains("<title>", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("no-cache", page.Headers.CacheControl?.ToString());
        foreach (string path in new[] { "assets/none.js", "assets/..%2f..%2fsecret", "assets/%2e%2e/%2e%2e/secret" })
        {
            using HttpResponseMessage none = await GetAsync(daemon, path, "br");
            Assert.DoesNotContain("secret content", await none.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    private static async Task MakeAsync(TempFolder folder)
    {
        Directory.CreateDirectory(folder["assets"]);
        await File.WriteAllTextAsync(folder["index.html"], "<!doctype html><title>Spate</title>");
        await File.WriteAllTextAsync(folder["assets", "app-1234.css"], "body { margin: 0 }");
        await File.WriteAllTextAsync(folder["assets", "app-1234.js"], Script);
        await using (var br = new BrotliStream(File.Create(folder["assets", "app-1234.js.br"]), CompressionLevel.Optimal)) await br.WriteAsync(Encoding.UTF8.GetBytes(Script));
        await using (var gz = new GZipStream(File.Create(folder["assets", "app-1234.js.gz"]), CompressionLevel.Optimal)) await gz.WriteAsync(Encoding.UTF8.GetBytes(Script));
    }

    private static async Task<HttpResponseMessage> GetAsync(TestDaemon daemon, string path, string accepted)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accepted.Length > 0) request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        return await daemon.Http.SendAsync(request);
    }

    private static string Plain(byte[] bytes, string? coding)
    {
        using var compressed = new MemoryStream(bytes);
        using Stream plain = coding switch { "br" => new BrotliStream(compressed, CompressionMode.Decompress), "gzip" => new GZipStream(compressed, CompressionMode.Decompress), _ => compressed };
        using var reader = new StreamReader(plain);
        return reader.ReadToEnd();
    }
}
