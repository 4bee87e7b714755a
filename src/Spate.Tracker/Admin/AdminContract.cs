using System.Text.Json.Serialization;

namespace Spate.Tracker.Admin;

/// <summary>A user, as the admin API shows it.</summary>
internal sealed record UserView(int Id, string Name, string Passkey, bool Enabled, long Uploaded, long Downloaded, DateTimeOffset Created);

/// <summary>A page of users.</summary>
internal sealed record UserPage(int Total, IReadOnlyList<UserView> Users);

/// <summary>A user to be made; without a passkey it gets a random one.</summary>
internal sealed record NewUser
{
    public required string Name { get; init; }

    public string? Passkey { get; init; }

    /// <summary>Totals to begin with, for users that come from another tracker.</summary>
    public long Uploaded { get; init; }

    public long Downloaded { get; init; }
}

/// <summary>What to change of a user; what is left out stays.</summary>
internal sealed record UserChange
{
    public string? Name { get; init; }

    public bool? Enabled { get; init; }

    public long? Uploaded { get; init; }

    public long? Downloaded { get; init; }
}

/// <summary>Torrents to put on a list, in hexadecimal.</summary>
internal sealed record HashList
{
    public required IReadOnlyList<string> InfoHashes { get; init; }
}

/// <summary>A page of a list of torrents; those of the operator's file are not among them.</summary>
internal sealed record HashPage(int Total, IReadOnlyList<string> InfoHashes);

/// <summary>One torrent.</summary>
internal sealed record TorrentView(
    string InfoHash, int Seeders, int Leechers, int Downloaders, int Downloaded, bool Allowed, bool Denied, bool Served);

/// <summary>An error (RFC 9457).</summary>
internal sealed record Problem(string Title, int Status, string Detail);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(UserPage))]
[JsonSerializable(typeof(NewUser))]
[JsonSerializable(typeof(UserChange))]
[JsonSerializable(typeof(HashList))]
[JsonSerializable(typeof(HashPage))]
[JsonSerializable(typeof(TorrentView))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class AdminJson : JsonSerializerContext;
