using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Spate.Api;
using Spate.Daemon.Security;

namespace Spate.Daemon.Operations;

/// <summary>What machines ask: <c>/metrics</c> for Prometheus and <c>/healthz</c> for whoever restarts a daemon that is ill.</summary>
internal static class OperationsEndpoints
{
    /// <summary>Puts both in.</summary>
    /// <param name="routes">Where.</param>
    /// <param name="metrics">The figures of this moment.</param>
    /// <param name="problems">What keeps the daemon from its work, for people; empty when nothing does.</param>
    public static void MapOperations(this IEndpointRouteBuilder routes, Func<SessionMetrics> metrics, Func<IReadOnlyList<string>> problems)
    {
        routes.MapGet("/metrics", () => TypedResults.Text(MetricsPage.Write(metrics()), MetricsPage.ContentType)).Needs(Scope.Metrics).ExcludeFromDescription();
        // Everybody may ask whether it is well, and nobody learns more by that.
        routes.MapMethods("/healthz", [HttpMethods.Get, HttpMethods.Head], () => problems().Count == 0
            ? TypedResults.Text("ok\n")
            : TypedResults.Text("degraded: see the log\n", statusCode: StatusCodes.Status503ServiceUnavailable)).OpenToAll().ExcludeFromDescription();
    }
}
