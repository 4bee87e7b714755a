using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Access;
using Spate.Tracker.Announcing;
using Spate.Tracker.Http;
using Spate.Tracker.State;

namespace Spate.Tracker.Admin;

/// <summary>
/// The admin API: users and lists of torrents, on an address of its own. Every call but that for the contract needs the key, as
/// <c>Authorization: Bearer</c> or <c>X-API-Key</c>. The contract is openapi.json beside this file.
/// </summary>
internal sealed class AdminApi : IHttpPages
{
    private const int MaxPage = 1000, MaxName = 200;
    private const string Prefix = "/api/v1/";

    private readonly byte[] keyHash;
    private readonly AnnounceDesk desk;
    private readonly UserBook users;
    private readonly TorrentAccess torrents;
    private readonly TrackerState? state;
    private readonly Func<TrackerStatus> status;
    private readonly Func<bool> reload;
    private readonly TimeProvider time;
    private readonly Lock changing; // one change after the other, so that memory and file agree

    public AdminApi(
        string key, AnnounceDesk desk, UserBook users, TorrentAccess torrents, TrackerState? state, Func<TrackerStatus> status,
        Func<bool> reload, TimeProvider time)
    {
        keyHash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        this.desk = desk;
        this.users = users;
        this.torrents = torrents;
        this.state = state;
        changing = state?.Changing ?? new Lock();
        this.status = status;
        this.reload = reload;
        this.time = time;
    }

    /// <summary>The contract, in JSON.</summary>
    public static byte[] Contract { get; } = ReadContract();

    /// <summary>Methods and paths that are served; a test holds them against the contract.</summary>
    public static IReadOnlyList<(string Method, string Path)> Routes { get; } =
    [
        ("GET", "/api/openapi.json"),
        ("GET", "/api/v1/status"),
        ("POST", "/api/v1/reload"),
        ("GET", "/api/v1/users"),
        ("POST", "/api/v1/users"),
        ("GET", "/api/v1/users/{id}"),
        ("PATCH", "/api/v1/users/{id}"),
        ("DELETE", "/api/v1/users/{id}"),
        ("POST", "/api/v1/users/{id}/passkey"),
        ("GET", "/api/v1/torrents/{infoHash}"),
        ("GET", "/api/v1/allowed"),
        ("POST", "/api/v1/allowed"),
        ("PUT", "/api/v1/allowed/{infoHash}"),
        ("DELETE", "/api/v1/allowed/{infoHash}"),
        ("GET", "/api/v1/denied"),
        ("POST", "/api/v1/denied"),
        ("PUT", "/api/v1/denied/{infoHash}"),
        ("DELETE", "/api/v1/denied/{infoHash}"),
    ];

    public HttpPage Answer(HttpPageRequest request)
    {
        if (request is { Method: "GET", Path: "/api/openapi.json" }) return HttpPage.Json(200, Contract);
        if (!request.Path.StartsWith(Prefix, StringComparison.Ordinal)) return Fail(404, "there is nothing at this path; the contract is at /api/openapi.json");
        if (!HasKey(request))
            return Fail(401, "the key is missing or wrong: send it as Authorization: Bearer KEY or as X-API-Key") with { Headers = "WWW-Authenticate: Bearer\r\n" };
        string[] parts = request.Path[Prefix.Length..].Split('/');
        try
        {
            lock (changing)
            {
                return (request.Method, parts) switch
                {
                    ("GET", ["status"]) => HttpPage.Json(200, StatusJson.Write(status())),
                    ("POST", ["reload"]) => reload() ? Empty : Fail(422, "a file can't be used, what was read before stays in force; see the log"),
                    ("GET", ["users"]) => ListUsers(request),
                    ("POST", ["users"]) => AddUser(request),
                    ("GET", ["users", var id]) => WithUser(id, user => Json(200, View(user), AdminJson.Default.UserView)),
                    ("PATCH", ["users", var id]) => WithUser(id, user => ChangeUser(user, request)),
                    ("DELETE", ["users", var id]) => WithUser(id, RemoveUser),
                    ("POST", ["users", var id, "passkey"]) => WithUser(id, RenewPasskey),
                    ("GET", ["torrents", var hash]) => WithHash(hash, ShowTorrent),
                    ("GET", ["allowed"]) => ListHashes(torrents.AllowedByApi, request),
                    ("POST", ["allowed"]) => AddHashes(request, Allow),
                    ("PUT", ["allowed", var hash]) => WithHash(hash, found => Allow([found])),
                    ("DELETE", ["allowed", var hash]) => WithHash(hash, Disallow),
                    ("GET", ["denied"]) => ListHashes(torrents.DeniedByApi, request),
                    ("POST", ["denied"]) => AddHashes(request, Deny),
                    ("PUT", ["denied", var hash]) => WithHash(hash, found => Deny([found])),
                    ("DELETE", ["denied", var hash]) => WithHash(hash, Undeny),
                    (_, ["status" or "reload" or "users" or "allowed" or "denied" or "torrents", ..]) => Fail(405, "this method is not served here"),
                    _ => Fail(404, "there is nothing at this path"),
                };
            }
        }
        catch (IOException e)
        {
            return Fail(503, $"the change could not be written to disk and was not made: {e.Message}");
        }
    }

    private static HttpPage Empty => new(204, "application/json", []);

    private bool HasKey(HttpPageRequest request)
    {
        const string bearer = "Bearer ";
        string key = request.ApiKey.Length > 0 ? request.ApiKey
            : request.Authorization.StartsWith(bearer, StringComparison.OrdinalIgnoreCase) ? request.Authorization[bearer.Length..] : "";
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), keyHash);
    }

    private HttpPage ListUsers(HttpPageRequest request)
    {
        if (!TryReadPage(request, out int offset, out int limit, out HttpPage error)) return error;
        List<TrackerUser> all = users.ToList();
        return Json(200, new UserPage(all.Count, [.. all.Skip(offset).Take(limit).Select(View)]), AdminJson.Default.UserPage);
    }

    private HttpPage AddUser(HttpPageRequest request)
    {
        if (!TryRead(request, AdminJson.Default.NewUser, out NewUser? wanted, out HttpPage error)) return error;
        if (wanted.Name.Length is 0 or > MaxName) return Fail(422, $"name must have 1 to {MaxName} characters");
        if (wanted.Uploaded < 0 || wanted.Downloaded < 0) return Fail(422, "uploaded and downloaded must not be negative");
        Passkey passkey = Passkey.Create();
        if (wanted.Passkey is not null && !Passkey.TryParse(Encoding.UTF8.GetBytes(wanted.Passkey), out passkey))
            return Fail(422, $"passkey must have {Passkey.Length} letters or digits");
        if (users.Find(passkey) is not null) return Fail(409, "passkey is another user's");
        var user = new TrackerUser(users.NextId(), wanted.Name, passkey, time.GetUtcNow());
        user.SetTotals(wanted.Uploaded, wanted.Downloaded);
        state?.SaveUser(user);
        users.Add(user);
        return Json(201, View(user), AdminJson.Default.UserView);
    }

    private HttpPage ChangeUser(TrackerUser user, HttpPageRequest request)
    {
        if (!TryRead(request, AdminJson.Default.UserChange, out UserChange? change, out HttpPage error)) return error;
        if (change.Name is { Length: 0 or > MaxName }) return Fail(422, $"name must have 1 to {MaxName} characters");
        if (change.Uploaded < 0 || change.Downloaded < 0) return Fail(422, "uploaded and downloaded must not be negative");
        (string Name, bool Enabled, long Up, long Down) before = (user.Name, user.IsEnabled, user.Uploaded, user.Downloaded);
        Set(change.Name ?? before.Name, change.Enabled ?? before.Enabled, change.Uploaded, change.Downloaded);
        try
        {
            state?.SaveUser(user);
        }
        catch (IOException)
        {
            Set(before.Name, before.Enabled, change.Uploaded is null ? null : before.Up, change.Downloaded is null ? null : before.Down);
            throw;
        }
        return Json(200, View(user), AdminJson.Default.UserView);

        void Set(string name, bool enabled, long? uploaded, long? downloaded)
        {
            user.Name = name;
            user.IsEnabled = enabled;
            if (uploaded is not null || downloaded is not null) user.SetTotals(uploaded ?? user.Uploaded, downloaded ?? user.Downloaded);
        }
    }

    private HttpPage RemoveUser(TrackerUser user)
    {
        state?.RemoveUser(user);
        users.Remove(user);
        return Empty;
    }

    private HttpPage RenewPasskey(TrackerUser user)
    {
        Passkey before = user.Passkey;
        users.ChangePasskey(user, Passkey.Create());
        try
        {
            state?.SaveUser(user);
        }
        catch (IOException)
        {
            users.ChangePasskey(user, before);
            throw;
        }
        return Json(200, View(user), AdminJson.Default.UserView);
    }

    private HttpPage ShowTorrent(Sha1Hash hash)
    {
        (bool allowed, bool denied) = torrents.Lookup(hash);
        ScrapeEntry entry = desk.Scrape(hash.AsSpan());
        var view = new TorrentView(
            hash.ToString(), entry.Seeders, entry.Leechers, entry.Downloaders ?? 0, entry.Completed, allowed, denied, torrents.IsServed(hash.AsSpan()));
        return Json(200, view, AdminJson.Default.TorrentView);
    }

    private static HttpPage ListHashes(LiveHashSet set, HttpPageRequest request)
    {
        if (!TryReadPage(request, out int offset, out int limit, out HttpPage error)) return error;
        List<Sha1Hash> all = set.ToList();
        all.Sort();
        return Json(200, new HashPage(all.Count, [.. all.Skip(offset).Take(limit).Select(hash => hash.ToString())]), AdminJson.Default.HashPage);
    }

    private static HttpPage AddHashes(HttpPageRequest request, Func<IReadOnlyList<Sha1Hash>, HttpPage> add)
    {
        if (!TryRead(request, AdminJson.Default.HashList, out HashList? list, out HttpPage error)) return error;
        var hashes = new List<Sha1Hash>(list.InfoHashes.Count);
        for (int i = 0; i < list.InfoHashes.Count; i++)
        {
            if (!Sha1Hash.TryParseHex(list.InfoHashes[i], out Sha1Hash hash)) return Fail(422, $"infoHashes[{i}] is not 40 hexadecimal digits");
            hashes.Add(hash);
        }
        return add(hashes);
    }

    private HttpPage Allow(IReadOnlyList<Sha1Hash> hashes)
    {
        state?.SaveAllowed(hashes);
        foreach (Sha1Hash hash in hashes) torrents.AllowedByApi.Add(hash);
        return Empty;
    }

    private HttpPage Disallow(Sha1Hash hash)
    {
        state?.RemoveAllowed([hash]);
        torrents.AllowedByApi.Remove(hash);
        return Empty;
    }

    private HttpPage Deny(IReadOnlyList<Sha1Hash> hashes)
    {
        state?.SaveDenied(hashes);
        foreach (Sha1Hash hash in hashes) torrents.DeniedByApi.Add(hash);
        return Empty;
    }

    private HttpPage Undeny(Sha1Hash hash)
    {
        state?.RemoveDenied([hash]);
        torrents.DeniedByApi.Remove(hash);
        return Empty;
    }

    private HttpPage WithUser(string id, Func<TrackerUser, HttpPage> act) =>
        int.TryParse(id, System.Globalization.NumberStyles.None, null, out int number) && users.Find(number) is { } user
            ? act(user)
            : Fail(404, "there is no such user");

    private static HttpPage WithHash(string text, Func<Sha1Hash, HttpPage> act) =>
        Sha1Hash.TryParseHex(text, out Sha1Hash hash) ? act(hash) : Fail(422, "the info-hash is not 40 hexadecimal digits");

    private static bool TryReadPage(HttpPageRequest request, out int offset, out int limit, out HttpPage error)
    {
        (offset, limit, error) = (0, 100, Empty);
        if (request.QueryValue("offset") is { } from && (!int.TryParse(from, out offset) || offset < 0)) error = Fail(422, "offset is not a number from 0 on");
        if (request.QueryValue("limit") is { } most && (!int.TryParse(most, out limit) || limit is < 1 or > MaxPage)) error = Fail(422, $"limit is not a number from 1 to {MaxPage}");
        return error.Status == 204;
    }

    private static bool TryRead<T>(
        HttpPageRequest request, JsonTypeInfo<T> type, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? value, out HttpPage error)
        where T : class
    {
        (value, error) = (null, Empty);
        if (!request.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
        {
            error = Fail(415, "send application/json");
            return false;
        }
        try
        {
            value = JsonSerializer.Deserialize(request.Body.Span, type);
            if (value is null) error = Fail(400, "the body is null");
        }
        catch (JsonException e)
        {
            error = Fail(400, $"the body does not fit the contract at {e.Path ?? "$"}");
        }
        return value is not null;
    }

    private static UserView View(TrackerUser user) =>
        new(user.Id, user.Name, user.Passkey.ToString(), user.IsEnabled, user.Uploaded, user.Downloaded, user.Created);

    private static HttpPage Json<T>(int status, T value, JsonTypeInfo<T> type) => HttpPage.Json(status, JsonSerializer.SerializeToUtf8Bytes(value, type));

    private static HttpPage Fail(int status, string detail)
    {
        var problem = new Problem(HttpPage.ReasonOf(status), status, detail);
        return new HttpPage(status, "application/problem+json", JsonSerializer.SerializeToUtf8Bytes(problem, AdminJson.Default.Problem));
    }

    private static byte[] ReadContract()
    {
        using Stream stream = typeof(AdminApi).Assembly.GetManifestResourceStream("openapi.json")!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
