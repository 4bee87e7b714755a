using Spate.Api;
using Spate.Daemon.Tests.Security;

namespace Spate.Daemon.Tests.Operations;

public sealed class OperationsEndpointsTests
{
    [Fact]
    public async Task Metrics_need_a_key_and_health_does_not()
    {
        await using GuardedServer server = await GuardedServer.StartAsync();
        Assert.Equal(401, (await server.SendAsync("GET", "/metrics")).Status);
        RawAnswer metrics = await server.SendAsync("GET", "/metrics", await server.KeyAsync(Scope.Metrics));
        Assert.Equal(200, metrics.Status);
        Assert.StartsWith("text/plain; version=0.0.4", metrics.Header("Content-Type"), StringComparison.Ordinal);
        Assert.Contains("# TYPE spate_peers gauge\n", metrics.Body, StringComparison.Ordinal);
        Assert.Equal(200, (await server.SendAsync("GET", "/healthz")).Status);
        Assert.Equal(200, (await server.SendAsync("HEAD", "/healthz")).Status);
        server.Problems = ["the disk with the secret name is full"];
        RawAnswer ill = await server.SendAsync("GET", "/healthz");
        Assert.Equal(503, ill.Status);
        Assert.DoesNotContain("secret", ill.Body, StringComparison.Ordinal);
    }
}
