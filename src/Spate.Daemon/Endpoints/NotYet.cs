using Microsoft.AspNetCore.Http;

namespace Spate.Daemon;

internal static class NotYet
{
    public static Task<IResult> Answer() => throw ApiProblem.Of(StatusCodes.Status501NotImplemented, "not-there-yet", "Not there yet.");
}
