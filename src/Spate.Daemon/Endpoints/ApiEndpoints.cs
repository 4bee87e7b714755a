using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Spate.Daemon.Endpoints;

/// <summary>All of <c>/api/v1</c>.</summary>
internal static class ApiEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder api = routes.MapGroup("/api/v1");
        TorrentEndpoints.Map(api);
        ActionEndpoints.Map(api);
        AddEndpoints.Map(api);
        LabelEndpoints.Map(api);
        SessionEndpoints.Map(api);
        AccountEndpoints.Map(api);
        EventEndpoints.Map(api);
    }
}
