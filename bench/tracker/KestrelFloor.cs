using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Spate.Bench.Tracker;

/// <summary>Kestrel without a tracker in it: what answers over it would cost at least.</summary>
internal static class KestrelFloor
{
    public static Task RunAsync(IPEndPoint at)
    {
        byte[] content = [.. "d8:completei1e10:incompletei1e8:intervali1800e5:peers180:"u8, .. new byte[180], (byte)'e'];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(at));
        WebApplication app = builder.Build();
        app.Run(async context =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.ContentLength = content.Length;
            await context.Response.BodyWriter.WriteAsync(content);
        });
        return app.RunAsync();
    }
}
