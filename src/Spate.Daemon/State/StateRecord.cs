using System.Text.Json;
using System.Text.Json.Serialization;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Daemon.State;

/// <summary>
/// One change of the state, as a line of the journal: one property is set. Each says the whole new value of what it names, so a line that
/// was lost costs that change alone.
/// </summary>
internal sealed record StateRecord
{
    public SavedSettings? Settings { get; set; }

    public SavedTorrent? Torrent { get; set; }

    public Sha1Hash? TorrentGone { get; set; }

    public SavedPassword? Password { get; set; }

    public SavedApiKey? ApiKey { get; set; }

    public string? ApiKeyGone { get; set; }

    public SavedLogin? Login { get; set; }

    public string? LoginGone { get; set; }

    public SavedTotals? Totals { get; set; }

    public SavedMinute? Minute { get; set; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, StateJson.Default.StateRecord);

    /// <summary>Reads a line; null when it is not one of ours.</summary>
    public static StateRecord? Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, StateJson.Default.StateRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, Converters = [typeof(Sha1HashJson), typeof(PrioritiesJson)])]
[JsonSerializable(typeof(StateRecord))]
internal sealed partial class StateJson : JsonSerializerContext;

/// <summary>Hashes as hexadecimal digits.</summary>
internal sealed class Sha1HashJson : JsonConverter<Sha1Hash>
{
    public override Sha1Hash Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Sha1Hash.TryParseHex(reader.GetString(), out Sha1Hash hash) ? hash : throw new JsonException("not 40 hexadecimal digits");

    public override void Write(Utf8JsonWriter writer, Sha1Hash value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Priorities of files as runs, such as <c>2*100 0*3</c>: a torrent may have 100,000 files.</summary>
internal sealed class PrioritiesJson : JsonConverter<IReadOnlyList<PiecePriority>>
{
    private const int MostFiles = 4_000_000;

    public override IReadOnlyList<PiecePriority> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String) throw new JsonException("not a text");
        var priorities = new List<PiecePriority>();
        foreach (string run in reader.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = run.Split('*');
            if (parts.Length != 2 || !byte.TryParse(parts[0], out byte priority) || priority > (byte)PiecePriority.High
                || !int.TryParse(parts[1], out int count) || count < 1 || count > MostFiles - priorities.Count) throw new JsonException("not a run of priorities");
            priorities.AddRange(Enumerable.Repeat((PiecePriority)priority, count));
        }
        return priorities.ToArray();
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<PiecePriority> value, JsonSerializerOptions options)
    {
        var text = new System.Text.StringBuilder();
        for (int i = 0, start = 0; i < value.Count; i++)
        {
            if (i + 1 < value.Count && value[i + 1] == value[i]) continue;
            text.Append(text.Length > 0 ? " " : "").Append((int)value[i]).Append('*').Append(i + 1 - start);
            start = i + 1;
        }
        writer.WriteStringValue(text.ToString());
    }
}
