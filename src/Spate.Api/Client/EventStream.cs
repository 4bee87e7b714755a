using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Spate.Api;

/// <summary>One event of the daemon: exactly one of the three is set.</summary>
/// <param name="Id">Tell this one to go on from here after a lost connection.</param>
/// <param name="Snapshot">All that was asked for.</param>
/// <param name="Patch">What changed.</param>
/// <param name="Reset">The stream begins anew; a snapshot follows.</param>
public sealed record DaemonEvent(string Id, EventSnapshot? Snapshot, EventPatch? Patch, EventReset? Reset);

/// <summary>What a reader of events wants to see.</summary>
public sealed record EventQuery
{
    /// <summary>The rows to show.</summary>
    public TorrentQuery View { get; set; } = new();

    /// <summary>A torrent to show more of; null for none.</summary>
    public string? Torrent { get; init; }

    /// <summary>What to show of it.</summary>
    public IReadOnlyList<EventPart> Parts { get; set; } = [EventPart.Details];

    internal string ToQuery() => View.ToQuery()
        + (Torrent is null ? "" : $"&torrent={Uri.EscapeDataString(Torrent)}" + string.Concat(Parts.Select(static part => $"&parts={TorrentQuery.Name(part)}")));
}

public sealed partial class SpateClient
{
    /// <summary>What happens, until the connection is lost or <paramref name="cancellation"/> is asked for.</summary>
    /// <param name="query">What to see.</param>
    /// <param name="lastId">The id of the last event that was seen, to go on from there.</param>
    /// <param name="cancellation">Ends it.</param>
    public async IAsyncEnumerable<DaemonEvent> WatchAsync(
        EventQuery query, string? lastId = null, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "events" + query.ToQuery());
        if (lastId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastId);
        using HttpResponseMessage response = await AnswerAsync(request, cancellation).ConfigureAwait(false);
        using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        var events = SseParser.Create(body, static (kind, data) => kind switch
        {
            EventKinds.Snapshot => new DaemonEvent("", JsonSerializer.Deserialize(data, ApiJson.Default.EventSnapshot), null, null),
            EventKinds.Patch => new DaemonEvent("", null, JsonSerializer.Deserialize(data, ApiJson.Default.EventPatch), null),
            EventKinds.Reset => new DaemonEvent("", null, null, JsonSerializer.Deserialize(data, ApiJson.Default.EventReset)),
            _ => null,
        });
        await foreach (SseItem<DaemonEvent?> item in events.EnumerateAsync(cancellation).ConfigureAwait(false))
        {
            if (item.Data is { } found) yield return found with { Id = events.LastEventId };
        }
    }
}
