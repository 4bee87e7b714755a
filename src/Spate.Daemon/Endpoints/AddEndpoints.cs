using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Spate.Api;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Endpoints;

/// <summary>Adding torrents, and looking at them before.</summary>
internal static class AddEndpoints
{
    private const long MaxAdd = 64 << 20;          // bytes of a request
    private const long MaxTorrentFile = 32 << 20;  // bytes of a .torrent file

    private const string Idempotent = "Adding a torrent that is here already changes nothing: it is answered with its id and `duplicate: true`. "
        + "What can't be added is told with `error` beside the others; when nothing could be added the answer is 400.";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder adding = api.MapGroup("").WithTags("adding");
        adding.MapPost("torrents", AddAsync)
            .Named("addTorrents", Scope.Write, "Adds torrents by magnet link, info-hash, URL, .torrent file in base 64, or preview.", Idempotent)
            .Takes(ApiJson.Default.AddTorrents, new AddTorrents { Sources = [Examples.Details.Magnet], Options = new AddOptions { Category = "linux" } })
            .Gives(ApiJson.Default.AddResult, Examples.Added).Fails(403, 503);
        adding.MapPost("torrents/files", AddFilesAsync)
            .Named("addTorrentFiles", Scope.Write, "Adds .torrent files, sent as a form.", "The form has files named `torrents` and a text `options`: the JSON of AddOptions. " + Idempotent)
            .Accepts<AddForm>("multipart/form-data").Gives(ApiJson.Default.AddResult, Examples.Added).Fails(400, 403, 413, 415, 503);
        adding.MapPost("previews", async (HttpContext context, Previews previews) =>
            {
                using IDisposable? place = LargeBodies.Enter(context);
                return Answer.Json(previews.Create(await JsonBody.ReadAsync(context, ApiJson.Default.NewPreview, MaxAdd)), ApiJson.Default.Preview);
            })
            .Named("createPreview", Scope.Write, "Looks at a torrent before it is added.", "Of a magnet link the description is looked for in the background.")
            .Takes(ApiJson.Default.NewPreview, new NewPreview { Source = Examples.Details.Magnet }).Gives(ApiJson.Default.Preview, Examples.Preview).Fails(429, 503);
        adding.MapGet("previews/{id}", (string id, Previews previews) => Answer.Json(previews.Get(id), ApiJson.Default.Preview))
            .Named("getPreview", Scope.Read, "How a preview stands.").Gives(ApiJson.Default.Preview, Examples.Preview).Fails(404);
        adding.MapDelete("previews/{id}", (string id, Previews previews) =>
            {
                previews.Drop(id);
                return TypedResults.NoContent();
            })
            .Named("dropPreview", Scope.Write, "Ends a preview.").GivesNothing().Fails(404);
    }

    private static async Task<IResult> AddAsync(HttpContext context, TorrentSources torrents)
    {
        using IDisposable? place = LargeBodies.Enter(context);
        return Answer.Json(await torrents.AddAsync(await JsonBody.ReadAsync(context, ApiJson.Default.AddTorrents, MaxAdd), context.RequestAborted), ApiJson.Default.AddResult);
    }

    private static async Task<IResult> AddFilesAsync(HttpContext context, TorrentSources torrents)
    {
        using IDisposable? place = LargeBodies.Enter(context);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = MaxAdd;
        if (!context.Request.HasFormContentType)
            throw ApiProblem.Of(StatusCodes.Status415UnsupportedMediaType, "media-type", "A body of this kind is not understood here.", "Send a form with Content-Type: multipart/form-data.");
        IFormCollection form;
        try
        {
            // Small parts stay in memory, larger ones go to a temporary file: a form of 64 MiB costs no 64 MiB.
            form = await context.Request.ReadFormAsync(new FormOptions { MultipartBodyLengthLimit = MaxAdd, ValueLengthLimit = JsonBody.MaxBytes, ValueCountLimit = 2 * TorrentSources.MostSources }, context.RequestAborted);
        }
        catch (InvalidDataException e) { throw ApiProblem.Field("body", e.Message); }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge) { throw ApiProblem.TooLarge($"At most {MaxAdd:N0} bytes are taken here."); }
        var options = new AddOptions();
        if (form.TryGetValue("options", out Microsoft.Extensions.Primitives.StringValues text) && text.ToString() is { Length: > 0 } json)
        {
            try { options = JsonSerializer.Deserialize(json, ApiJson.Default.AddOptions) ?? options; }
            catch (JsonException e) { throw ApiProblem.Field($"options.{JsonBody.FieldOf(e)}", "It is not what it must be: see AddOptions."); }
        }
        var files = new List<(string, ReadOnlyMemory<byte>)>();
        foreach (IFormFile file in form.Files.Take(TorrentSources.MostSources + 1))
        {
            if (file.Name != "torrents") throw ApiProblem.Field("torrents", "Files of the form must be named torrents.");
            if (file.Length > MaxTorrentFile) throw ApiProblem.TooLarge($"The file \"{file.FileName}\" has {file.Length:N0} bytes; a torrent has {MaxTorrentFile:N0} at most.");
            byte[] bytes = new byte[file.Length];
            await using Stream content = file.OpenReadStream();
            await content.ReadExactlyAsync(bytes, context.RequestAborted);
            files.Add((file.FileName, bytes));
        }
        return Answer.Json(await torrents.AddAsync(files, options), ApiJson.Default.AddResult);
    }
}

/// <summary>The form by which .torrent files are added.</summary>
internal sealed record AddForm
{
    /// <summary>.torrent files; 100 at most.</summary>
    public required IFormFileCollection Torrents { get; init; }

    /// <summary>The JSON of AddOptions.</summary>
    public string? Options { get; init; }
}
