using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Net.Http.Headers;

namespace Spate.Daemon;

/// <summary>
/// Serves <c>name.br</c> or <c>name.gz</c> in place of a file where the build made one and the browser takes it. Files are compressed once,
/// when they are built, and as much as can be; nothing is compressed while somebody waits.
/// </summary>
internal static class CompressedFiles
{
    // The smaller first. Browsers offer br over https and on loopback alone.
    private static readonly (string Coding, string Ending)[] codings = [("br", ".br"), ("gzip", ".gz")];

    public static void Use(WebApplication app, IFileProvider files) => app.Use((context, next) =>
    {
        PathString path = context.Request.Path;
        if (path.StartsWithSegments("/assets") && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)))
        {
            IList<StringWithQualityHeaderValue> accepted = context.Request.GetTypedHeaders().AcceptEncoding;
            foreach ((string coding, string ending) in codings)
            {
                if (!accepted.Any(one => one.Value.Equals(coding, StringComparison.OrdinalIgnoreCase) && one.Quality is not 0)) continue;
                if (!files.GetFileInfo(path + ending).Exists) continue;
                context.Request.Path = path + ending;
                break;
            }
        }
        return next(context);
    });

    /// <summary>Says how a file is compressed, so that it is never taken for what it becomes.</summary>
    public static void Describe(StaticFileResponseContext served)
    {
        IHeaderDictionary headers = served.Context.Response.Headers;
        if (!served.Context.Request.Path.StartsWithSegments("/assets")) return;
        headers.Vary = HeaderNames.AcceptEncoding;
        foreach ((string coding, string ending) in codings)
            if (served.File.Name.EndsWith(ending, StringComparison.Ordinal)) headers.ContentEncoding = coding;
    }

    /// <summary>The type of what is in a compressed file, by the name before its ending.</summary>
    public sealed class ContentTypes : IContentTypeProvider
    {
        private readonly FileExtensionContentTypeProvider plain = new();

        public bool TryGetContentType(string subpath, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out string contentType)
        {
            foreach ((_, string ending) in codings)
                if (subpath.EndsWith(ending, StringComparison.Ordinal)) return plain.TryGetContentType(subpath[..^ending.Length], out contentType);
            return plain.TryGetContentType(subpath, out contentType);
        }
    }
}
