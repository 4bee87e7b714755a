using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Spate.Daemon.Security;

namespace Spate.Daemon;

/// <summary>Serves the built web UI and the page of the API.</summary>
internal static class WebFiles
{
    /// <summary>The page that shows the API's document, at <c>/api/docs</c>.</summary>
    public static void UseApiPage(this WebApplication app)
    {
        app.UseSwaggerUI(static page =>
        {
            page.RoutePrefix = "api/docs";
            page.SwaggerEndpoint("../v1/openapi.json", "Spate");
            page.DocumentTitle = "Spate API";
        });
        app.MapOpenApi("/api/{documentName}/openapi.json").OpenToAll();
    }

    /// <summary>
    /// The web UI. Files with a hash in their name never change; the page itself is asked for anew each time. Whatever is neither a file
    /// nor the API's is the page, which finds its way by itself.
    /// </summary>
    public static void UseWebFiles(this WebApplication app, string folder)
    {
        var files = new PhysicalFileProvider(Path.GetFullPath(folder));
        // The page's links are relative: below /spate/ they lead to ours, below /spate they would not.
        app.Use((context, next) =>
        {
            if (context.Request.Path.HasValue) return next(context);
            context.Response.Redirect(context.Request.PathBase + "/");
            return Task.CompletedTask;
        });
        CompressedFiles.Use(app, files);
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = files,
            ContentTypeProvider = new CompressedFiles.ContentTypes(),
            OnPrepareResponse = static served =>
            {
                served.Context.Response.Headers.CacheControl =
                    served.Context.Request.Path.StartsWithSegments("/assets") ? "public, max-age=31536000, immutable" : "no-cache";
                CompressedFiles.Describe(served);
            },
        });
        app.MapFallback("{*path:nonfile}", async context =>
        {
            if (context.Request.Path.StartsWithSegments("/api"))
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }
            context.Response.ContentType = "text/html; charset=utf-8";
            context.Response.Headers.CacheControl = "no-cache";
            await context.Response.SendFileAsync(files.GetFileInfo("index.html"));
        }).OpenToAll();
    }
}
