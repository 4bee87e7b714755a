using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;

namespace Spate.Daemon.Endpoints;

/// <summary>Adding torrents, and looking at them before.</summary>
internal static class AddEndpoints
{
    private const string Idempotent = "Adding a torrent that is here already changes nothing: it is answered with its id and `duplicate: true`. "
        + "What can't be added is told with `error` beside the others; when nothing could be added the answer is 400.";

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder adding = api.MapGroup("").WithTags("adding");
        adding.MapPost("torrents", (HttpRequest request) => NotYet.Answer())
            .Named("addTorrents", Scope.Write, "Adds torrents by magnet link, info-hash, URL, .torrent file in base 64, or preview.", Idempotent)
            .Takes(ApiJson.Default.AddTorrents, new AddTorrents { Sources = [Examples.Details.Magnet], Options = new AddOptions { Category = "linux" } })
            .Gives(ApiJson.Default.AddResult, Examples.Added).Fails(403);
        adding.MapPost("torrents/files", (HttpRequest request) => NotYet.Answer())
            .Named("addTorrentFiles", Scope.Write, "Adds .torrent files, sent as a form.", "The form has files named `torrents` and a text `options`: the JSON of AddOptions. " + Idempotent)
            .Accepts<AddForm>("multipart/form-data").Gives(ApiJson.Default.AddResult, Examples.Added).Fails(400, 403, 413, 415);
        adding.MapPost("previews", (HttpRequest request) => NotYet.Answer())
            .Named("createPreview", Scope.Write, "Looks at a torrent before it is added.", "Of a magnet link the description is looked for in the background.")
            .Takes(ApiJson.Default.NewPreview, new NewPreview { Source = Examples.Details.Magnet }).Gives(ApiJson.Default.Preview, Examples.Preview).Fails(429);
        adding.MapGet("previews/{id}", (string id) => NotYet.Answer())
            .Named("getPreview", Scope.Read, "How a preview stands.").Gives(ApiJson.Default.Preview, Examples.Preview).Fails(404);
        adding.MapDelete("previews/{id}", (string id) => NotYet.Answer())
            .Named("dropPreview", Scope.Write, "Ends a preview.").GivesNothing().Fails(404);
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
