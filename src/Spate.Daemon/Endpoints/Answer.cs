using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Spate.Daemon.Endpoints;

/// <summary>Answers of endpoints.</summary>
internal static class Answer
{
    public static IResult Json<T>(T value, JsonTypeInfo<T> type) => TypedResults.Json(value, type);

    public static async Task<IResult> Json<T>(Task<T> value, JsonTypeInfo<T> type) => TypedResults.Json(await value, type);

    public static async Task<IResult> Nothing(Task work)
    {
        await work;
        return TypedResults.NoContent();
    }

    public static IResult TorrentFile(ReadOnlyMemory<byte> bytes, string name) => TypedResults.File(bytes.ToArray(), "application/x-bittorrent", name + ".torrent");
}
