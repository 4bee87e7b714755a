using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spate.Api;

/// <summary>Writes an enumeration by its names, in camel case; numbers are refused.</summary>
public sealed class ApiEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
