using System.Text.Json;
using System.Text.Json.Nodes;
using Spate.Daemon.Tests.Api;

namespace Spate.Daemon.Tests.Contract;

/// <summary>The committed OpenAPI document is what the daemon serves, and says everything of every operation.</summary>
public sealed class OpenApiTests
{
    private const string Regenerate = "SPATE_WRITE_OPENAPI";

    [Fact]
    public async Task The_committed_document_is_the_served_one()
    {
        JsonNode served = await ServedAsync();
        string text = served.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
        string path = Path.Combine(RepositoryRoot(), "src", "Spate.Api", "openapi.json");
        if (Environment.GetEnvironmentVariable(Regenerate) == "1") await File.WriteAllTextAsync(path, text);
        Assert.True(File.Exists(path) && await File.ReadAllTextAsync(path) == text,
            $"src/Spate.Api/openapi.json is not what the daemon serves. Write it anew: {Regenerate}=1 dotnet test tests/Spate.Daemon.Tests --filter OpenApiTests");
    }

    [Fact]
    public async Task Every_operation_says_what_it_does_takes_and_answers()
    {
        JsonNode document = await ServedAsync();
        Assert.StartsWith("3.1", (string?)document["openapi"], StringComparison.Ordinal);
        var wrong = new List<string>();
        int operations = 0;
        foreach ((string path, JsonNode? item) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in item!.AsObject())
            {
                operations++;
                string name = $"{method} {path}";
                if ((string?)operation!["summary"] is not { Length: > 0 }) wrong.Add($"{name}: no summary");
                if ((string?)operation["operationId"] is not { Length: > 0 }) wrong.Add($"{name}: no operationId");
                JsonObject answers = operation["responses"]!.AsObject();
                bool open = path.StartsWith("/api/v1/auth/", StringComparison.Ordinal) && operation["security"] is null;
                if (!open && (answers["401"] is null || answers["403"] is null)) wrong.Add($"{name}: does not say that it may be refused");
                if (path.Contains('{', StringComparison.Ordinal) && answers["404"] is null && method != "put") wrong.Add($"{name}: does not say that it may not be there");
                if ((operation["requestBody"] ?? operation["parameters"]?.AsArray().FirstOrDefault(static parameter => (string?)parameter!["in"] == "query")) is not null && answers["400"] is null)
                    wrong.Add($"{name}: does not say that what it takes may be wrong");
                if (!answers.Any(static answer => answer.Key[0] is '1' or '2')) wrong.Add($"{name}: does not say what it answers when all is well");
                foreach ((string media, JsonNode? content) in operation["requestBody"]?["content"]?.AsObject() ?? [])
                {
                    if (media == "application/json" && content!["example"] is null) wrong.Add($"{name}: no example of what it takes");
                }
                foreach ((string status, JsonNode? answer) in answers)
                {
                    foreach ((string media, JsonNode? content) in answer!["content"]?.AsObject() ?? [])
                    {
                        if (media.EndsWith("json", StringComparison.Ordinal) && content!["example"] is null) wrong.Add($"{name}: no example of the answer {status}");
                    }
                }
            }
        }
        Assert.Empty(wrong);
        Assert.True(operations > 50);
    }

    private static async Task<JsonNode> ServedAsync()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        using var http = new HttpClient { BaseAddress = daemon.Host.Addresses[0] };
        return JsonNode.Parse(await http.GetStringAsync("api/v1/openapi.json"))!;
    }

    private static string RepositoryRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
