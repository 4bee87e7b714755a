using System.Text.Json;
using System.Text.Json.Nodes;
using Spate.Api;

namespace Spate.Cli.Remote;

/// <summary>Rows as a stream of snapshots and patches tells them.</summary>
/// <param name="only">Ids of the torrents to show; null shows all.</param>
internal sealed class LiveView(HashSet<string>? only)
{
    private readonly Dictionary<string, JsonObject> fields = [];
    private readonly Dictionary<string, TorrentRow> rows = [];
    private List<string> order = [];

    /// <summary>The rows in their order.</summary>
    public IReadOnlyList<TorrentRow> Rows => [.. order.Where(rows.ContainsKey).Select(id => rows[id])];

    /// <summary>A snapshot came.</summary>
    public bool IsKnown { get; private set; }

    /// <summary>The time of the last event.</summary>
    public DateTimeOffset At { get; private set; }

    /// <summary>Takes an event; returns the rows that changed, null for those that are gone.</summary>
    public IReadOnlyList<(string Id, TorrentRow? Row)> Take(DaemonEvent e)
    {
        var changed = new List<(string, TorrentRow?)>();
        if (e.Snapshot is { } snapshot)
        {
            (At, IsKnown) = (snapshot.At, true);
            foreach (string gone in rows.Keys.Except(snapshot.Page.Rows.Select(static row => row.Id)).ToArray()) Drop(gone, changed);
            foreach (TorrentRow row in snapshot.Page.Rows) Put(row.Id, (JsonObject)JsonSerializer.SerializeToNode(row, ApiJson.Default.TorrentRow)!, changed);
            order = [.. snapshot.Page.Rows.Select(static row => row.Id)];
        }
        else if (e.Patch is { } patch)
        {
            At = patch.At;
            if (patch.Order is not null)
            {
                order = [.. patch.Order];
                foreach (string gone in rows.Keys.Except(order).ToArray()) Drop(gone, changed);
            }
            foreach ((string id, JsonElement change) in patch.Rows ?? new Dictionary<string, JsonElement>()) Put(id, Merge(id, change), changed);
        }
        return changed;
    }

    private JsonObject Merge(string id, JsonElement change)
    {
        JsonObject merged = fields.GetValueOrDefault(id) ?? [];
        foreach (JsonProperty field in change.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null) merged.Remove(field.Name);
            else merged[field.Name] = JsonNode.Parse(field.Value.GetRawText());
        }
        return merged;
    }

    private void Put(string id, JsonObject row, List<(string, TorrentRow?)> changed)
    {
        if (only?.Contains(id) == false) return;
        fields[id] = row;
        rows[id] = row.Deserialize(ApiJson.Default.TorrentRow)!;
        changed.Add((id, rows[id]));
    }

    private void Drop(string id, List<(string, TorrentRow?)> changed)
    {
        fields.Remove(id);
        rows.Remove(id);
        changed.Add((id, null));
    }
}
