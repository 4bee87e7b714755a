using System.Text.Json;

namespace Spate.Daemon;

/// <summary>The names of enumerations as the API writes them.</summary>
internal static class ApiName
{
    public static string Of<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
