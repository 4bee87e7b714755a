using Microsoft.AspNetCore.Http;

namespace Spate.Daemon;

/// <summary>
/// Bodies that are larger than usual, or do not say how large they are: some tens of megabytes become several times that while they are
/// read, so a few are read at once and the others are told to come again.
/// </summary>
internal static class LargeBodies
{
    /// <summary>Read at once.</summary>
    public const int Most = 3;

    private static int open;

    /// <summary>Takes a place for the body of a request; disposing gives it back. Usual ones need none.</summary>
    /// <exception cref="ApiProblem">All places are taken.</exception>
    public static IDisposable? Enter(HttpContext context)
    {
        if (context.Request.ContentLength <= JsonBody.MaxBytes) return null;
        if (Interlocked.Increment(ref open) <= Most) return new Place();
        Interlocked.Decrement(ref open);
        context.Response.Headers.RetryAfter = "1";
        throw ApiProblem.Of(StatusCodes.Status503ServiceUnavailable, "busy", "Too many large requests.", $"{Most} requests of more than {JsonBody.MaxBytes:N0} bytes are being read; try again.");
    }

    private sealed class Place : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref open);
    }
}
