using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spate.Api;
using Spate.Daemon.Endpoints;

namespace Spate.Daemon;

/// <summary>A daemon: a torrent session, its state, and the API and web UI that show them.</summary>
public sealed class DaemonHost : IAsyncDisposable
{
    private readonly WebApplication app;

    private DaemonHost(WebApplication app) => this.app = app;

    /// <summary>Where the API can be reached, with the base path; set once it is started.</summary>
    public IReadOnlyList<Uri> Addresses => [.. app.Urls.Select(static url => new Uri(url.TrimEnd('/') + "/"))];

    /// <summary>Builds a daemon; <see cref="StartAsync"/> starts it.</summary>
    public static DaemonHost Create(DaemonOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (IPEndPoint address in options.Listen) kestrel.Listen(address);
        });
        builder.Services.AddSingleton(options);
        builder.Services.AddApiDocument();
        builder.Services.Configure<JsonOptions>(static json =>
        {
            // As ApiJson says: the document is made by these.
            json.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
            json.SerializerOptions.DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
        });
        builder.Services.Configure<RouteHandlerOptions>(static routes => routes.ThrowOnBadRequest = true);
        WebApplication app = builder.Build();
        app.UseMiddleware<ProblemAnswers>();
        app.MapOpenApi("/api/{documentName}/openapi.json");
        ApiEndpoints.Map(app);
        return new DaemonHost(app);
    }

    /// <summary>Starts to serve.</summary>
    public Task StartAsync(CancellationToken cancellation = default) => app.StartAsync(cancellation);

    /// <summary>Starts, and serves until it is told to stop.</summary>
    public Task RunAsync(CancellationToken cancellation = default) => ((IHost)app).RunAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
