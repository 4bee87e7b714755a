using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Spate.Api;
using Spate.Daemon.Events;

namespace Spate.Daemon.Endpoints;

/// <summary>The live view.</summary>
internal static class EventEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("events", ([AsParameters] ListParameters view, string? torrent, EventPart[]? parts, [FromHeader(Name = "Last-Event-ID")] string? lastEventId,
                HttpContext context, EventStreams streams, IHostApplicationLifetime lifetime) =>
                streams.ServeAsync(context, view.ToQuery(), torrent, PartsOf(parts), lastEventId, lifetime.ApplicationStopping))
            .WithTags("events")
            .Named("watchEvents", Scope.Read, "What happens, as server-sent events: a snapshot, then patches.",
                "The reader names its view with the parameters of `listTorrents` (`limit=0` for none) and perhaps one torrent of which it wants to see more. "
                + "The event `snapshot` holds an EventSnapshot: all of the view. The event `patch` holds an EventPatch: what changed since the event before, at most one a second. "
                + "A reader that is slow gets fewer and larger patches, and loses nothing. With `Last-Event-ID` the stream goes on from there; "
                + "where that is too long ago the event `reset` says so, and a snapshot follows. Comments are sent every 15 s to keep the connection.")
            .Produces<EventData>(200, "text/event-stream").Fails(400, 503);
    }

    private static HashSet<EventPart> PartsOf(EventPart[]? parts) =>
        parts is null || parts.Length == 0 ? [EventPart.Details] : parts.All(Enum.IsDefined) ? [.. parts] : throw ApiProblem.Field("parts", "There is no such part.");
}
