using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Spate.Daemon.Operations;

/// <summary>One entry of the log, as a line of text or of JSON. Secrets are taken out, and nothing in it can begin a line of its own.</summary>
internal static class LogLine
{
    private const int MaxText = 8000;

    /// <summary>For people: time, level, what happened.</summary>
    public static string Plain(DateTimeOffset at, LogLevel level, string category, string message, Exception? exception)
    {
        string name = category[(category.LastIndexOf('.') + 1)..];
        string text = $"{at:yyyy-MM-dd HH:mm:ss.fff zzz} {Level(level),-5} {name}: {Prepare(message)}";
        return exception is null ? text : $"{text} | {Prepare(exception.ToString())}";
    }

    /// <summary>For programs: an object with <c>time</c>, <c>level</c>, <c>category</c>, <c>event</c>, <c>message</c>, the entry's values, and <c>exception</c>.</summary>
    public static string Json(
        DateTimeOffset at, LogLevel level, string category, EventId eventId, string message, IReadOnlyList<KeyValuePair<string, object?>>? values, Exception? exception)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", at);
            json.WriteString("level", Level(level));
            json.WriteString("category", category);
            if (eventId.Name is { } name) json.WriteString("event", name);
            json.WriteString("message", Shorten(Redaction.Clean(message)));
            if (values is not null && values.Any(value => value.Key != "{OriginalFormat}"))
            {
                json.WriteStartObject("values");
                foreach ((string key, object? value) in values)
                {
                    if (key != "{OriginalFormat}") json.WriteString(key, Shorten(Redaction.Clean(value?.ToString() ?? "")));
                }
                json.WriteEndObject();
            }
            if (exception is not null) json.WriteString("exception", Shorten(Redaction.Clean(exception.ToString())));
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static string Prepare(string text)
    {
        text = Shorten(Redaction.Clean(text));
        return string.Create(text.Length, text, static (to, from) =>
        {
            for (int i = 0; i < from.Length; i++) to[i] = char.IsControl(from[i]) ? ' ' : from[i];
        });
    }

    private static string Shorten(string text) => text.Length <= MaxText ? text : text[..MaxText] + "…";

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}
