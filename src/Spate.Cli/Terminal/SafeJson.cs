using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

namespace Spate.Cli.Terminal;

/// <summary>JSON that a terminal may show: everything it could stumble over is escaped, and text in any script of the world is not.</summary>
internal static class SafeJson
{
    public static readonly JavaScriptEncoder Encoder = MakeEncoder();

    /// <summary>A value as one line.</summary>
    public static string Line<T>(T value, JsonTypeInfo<T> type)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = Encoder })) JsonSerializer.Serialize(writer, value, type);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static JavaScriptEncoder MakeEncoder()
    {
        var settings = new TextEncoderSettings(UnicodeRanges.All);
        settings.ForbidRange(UnicodeRange.Create('\u007f', '\u009f'));
        settings.ForbidRange(UnicodeRange.Create('\u202a', '\u202e'));
        settings.ForbidRange(UnicodeRange.Create('\u2066', '\u2069'));
        settings.ForbidCharacters('\u061c', '\u200e', '\u200f', '\u2028', '\u2029', '\ufeff');
        return JavaScriptEncoder.Create(settings);
    }
}
