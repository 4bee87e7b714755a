using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spate.Api;

namespace Spate.Daemon.Events;

/// <summary>Writes what differs between two values of the contract: an object of the changed fields, null for those that are absent now.</summary>
internal static class FieldPatch
{
    /// <summary>Writes the patch under a name, if anything differs.</summary>
    public static void Write<T>(Utf8JsonWriter json, string name, JsonTypeInfo<T> type, T was, T now) where T : class
    {
        if (Equals(was, now)) return;
        bool begun = false;
        foreach (JsonPropertyInfo field in type.Properties)
        {
            if (field.Get is not { } get) continue;
            object? old = get(was), value = get(now);
            if (Same(field.PropertyType, old, value)) continue;
            if (!begun) json.WriteStartObject(name);
            begun = true;
            if (old is TorrentRow oldRow && value is TorrentRow newRow) Write(json, field.Name, ApiJson.Default.TorrentRow, oldRow, newRow);
            else if (value is null) json.WriteNull(field.Name);
            else
            {
                json.WritePropertyName(field.Name);
                JsonSerializer.Serialize(json, value, ApiJson.Default.Options.GetTypeInfo(field.PropertyType));
            }
        }
        if (begun) json.WriteEndObject();
    }

    private static bool Same(Type type, object? was, object? now)
    {
        if (ReferenceEquals(was, now) || Equals(was, now)) return true;
        if (was is null || now is null || type.IsValueType || type == typeof(string) || was is TorrentRow) return false;
        JsonTypeInfo written = ApiJson.Default.Options.GetTypeInfo(type);
        return JsonSerializer.SerializeToUtf8Bytes(was, written).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(now, written));
    }
}
