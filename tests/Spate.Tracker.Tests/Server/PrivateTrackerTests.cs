using System.Net;
using System.Text;
using System.Text.Json;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Admin;
using static Spate.Tracker.Tests.Server.TestTracker;

namespace Spate.Tracker.Tests.Server;

/// <summary>Users, passkeys, totals, lists and the admin API, over real sockets.</summary>
public sealed class PrivateTrackerTests : IDisposable
{
    private const string Key = "a key of enough characters";
    private readonly string folder = Directory.CreateTempSubdirectory("spate-tracker-").FullName;
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { DefaultRequestHeaders = { { "X-API-Key", Key } } };

    public void Dispose()
    {
        http.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private Task<TestTracker> StartAsync(Func<TrackerOptions, TrackerOptions>? change = null) => TestTracker.StartAsync(o =>
    {
        o = o with { IsPrivate = true, StateFolder = folder, AdminEndPoint = new IPEndPoint(IPAddress.Loopback, 0), AdminKey = Key };
        return change is null ? o : change(o);
    });

    private async Task<(HttpStatusCode Status, JsonElement Body)> CallAsync(TestTracker tracker, string method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://{tracker.Server.AdminEndPoint}{path}");
        if (body is not null) request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone());
    }

    private async Task<(int Id, string Passkey)> AddUserAsync(TestTracker tracker, string name = "ann")
    {
        (HttpStatusCode status, JsonElement user) = await CallAsync(tracker, "POST", "/api/v1/users", new { name });
        Assert.Equal(HttpStatusCode.Created, status);
        return (user.GetProperty("id").GetInt32(), user.GetProperty("passkey").GetString()!);
    }

    private async Task<(long Up, long Down)> TotalsAsync(TestTracker tracker, int id)
    {
        (_, JsonElement user) = await CallAsync(tracker, "GET", $"/api/v1/users/{id}");
        return (user.GetProperty("uploaded").GetInt64(), user.GetProperty("downloaded").GetInt64());
    }

    [Fact]
    public async Task A_passkey_opens_the_door_in_every_place_it_may_stand()
    {
        await using TestTracker tracker = await StartAsync();
        (_, string passkey) = await AddUserAsync(tracker);
        foreach (string path in new[] { $"/{passkey}/announce", $"/announce/{passkey}", $"/announce?passkey={passkey}" })
        {
            Assert.Null((await tracker.AnnounceHttpAsync(Request("t", 1), path: path)).Failure);
            Assert.Null(tracker.AnnounceUdp(Request("t", 2), url: path).Failure);
        }
        AnnounceAnswer missing = await tracker.AnnounceHttpAsync(Request("t", 1));
        Assert.Equal(("the announce URL lacks a passkey: download the torrent file again", Timeout.InfiniteTimeSpan), (missing.Failure, missing.RetryIn));
        Assert.Contains("lacks a passkey", tracker.AnnounceUdp(Request("t", 1)).Failure);
        string wrong = new('x', 32);
        Assert.Contains("unknown passkey", (await tracker.AnnounceHttpAsync(Request("t", 1), path: $"/{wrong}/announce")).Failure);
        Assert.Contains("unknown passkey", tracker.AnnounceUdp(Request("t", 1), url: $"/{wrong}/announce").Failure);
        Assert.Equal((0, 2), ((int)tracker.Server.Status.Seeders, (int)tracker.Server.Status.Leechers));

        var hash = Sha1Hash.Of("t"u8);
        Assert.True(HttpScrapeAnswer.TryRead(await GetAsync(HttpAnnounceQuery.AppendTo($"http://{tracker.Http}/scrape", [hash])), 1, out var refused, out _));
        Assert.Contains("lacks a passkey", refused.Failure);
        Assert.True(HttpScrapeAnswer.TryRead(await GetAsync(HttpAnnounceQuery.AppendTo($"http://{tracker.Http}/{passkey}/scrape", [hash])), 1, out var scrape, out _));
        Assert.Equal(2, scrape.Torrents[hash].Leechers);
        using var udp = new UdpTestClient(tracker.Udp);
        byte[] packet = new byte[36];
        UdpRequestWriter.WriteScrape(packet, udp.Connect(), 9, [hash]);
        Assert.True(UdpAnswer.TryRead(udp.Exchange(packet), out UdpAnswer answer));
        Assert.Equal(UdpTrackerAction.Error, answer.Action);
    }

    [Fact]
    public async Task What_clients_report_is_added_up_once()
    {
        await using TestTracker tracker = await StartAsync();
        (int id, string passkey) = await AddUserAsync(tracker);
        string path = $"/{passkey}/announce";
        AnnounceRequest Report(string torrent, long up, long down, AnnounceEvent why = AnnounceEvent.None) =>
            Request(torrent, 1, why: why) with { Uploaded = up, Downloaded = down, Key = 7 };

        await tracker.AnnounceHttpAsync(Report("a", 0, 0, AnnounceEvent.Started), path: path);
        await tracker.AnnounceHttpAsync(Report("a", 100, 1000), path: path);
        tracker.AnnounceUdp(Report("a", 100, 1000), url: path);        // the same session over another way: nothing new
        tracker.AnnounceUdp(Report("a", 110, 1000), url: path);
        Assert.Equal((110, 1000), await TotalsAsync(tracker, id));
        await tracker.AnnounceHttpAsync(Report("b", 5000, 5000), path: path);                       // a session we did not see begin
        Assert.Equal((110, 1000), await TotalsAsync(tracker, id));
        await tracker.AnnounceHttpAsync(Report("b", 5001, 5000), path: path);
        await tracker.AnnounceHttpAsync(Report("b", 10, 0), path: path);                            // began anew without saying so
        await tracker.AnnounceHttpAsync(Report("b", 30, 5, AnnounceEvent.Stopped), path: path);
        Assert.Equal((131, 1005), await TotalsAsync(tracker, id));
        await tracker.AnnounceHttpAsync(Report("b", 9000, 9000), path: path);                       // the session has ended
        Assert.Equal((131, 1005), await TotalsAsync(tracker, id));
        await tracker.AnnounceHttpAsync(Report("b", long.MaxValue, 9000), path: path);              // a lie
        Assert.Equal((131, 1005), await TotalsAsync(tracker, id));
    }

    [Fact]
    public async Task IPv4_and_IPv6_announces_of_one_client_count_once()
    {
        await using TestTracker tracker = await StartAsync();
        if (tracker.Server.HttpEndPoints.Count < 2) return;
        (int id, string passkey) = await AddUserAsync(tracker);
        foreach (long up in new long[] { 0, 100, 250 })
        {
            foreach (bool v6 in new[] { false, true })
                await tracker.AnnounceHttpAsync(Request("a", 1) with { Uploaded = up, Key = 7 }, v6, $"/{passkey}/announce");
        }
        Assert.Equal((250, 0), await TotalsAsync(tracker, id));
    }

    [Fact]
    public async Task Users_totals_and_lists_outlive_the_tracker()
    {
        int id;
        string passkey;
        string allowed = Sha1Hash.Of("t"u8).ToString(), denied = Sha1Hash.Of("bad"u8).ToString();
        await using (TestTracker tracker = await StartAsync(o => o with { OnlyAllowedTorrents = true }))
        {
            (id, passkey) = await AddUserAsync(tracker);
            (int gone, _) = await AddUserAsync(tracker, "bob");
            await CallAsync(tracker, "DELETE", $"/api/v1/users/{gone}");
            await CallAsync(tracker, "POST", "/api/v1/allowed", new { infoHashes = new[] { allowed, denied } });
            await CallAsync(tracker, "PUT", $"/api/v1/denied/{denied}");
            foreach (long up in new long[] { 0, 4711 })
                await tracker.AnnounceHttpAsync(Request("t", 1) with { Uploaded = up }, path: $"/{passkey}/announce");
        }
        await using (TestTracker tracker = await StartAsync(o => o with { OnlyAllowedTorrents = true }))
        {
            Assert.Equal((4711, 0), await TotalsAsync(tracker, id));
            Assert.Null((await tracker.AnnounceHttpAsync(Request("t", 1), path: $"/{passkey}/announce")).Failure);
            Assert.Contains("does not serve", (await tracker.AnnounceHttpAsync(Request("bad", 1), path: $"/{passkey}/announce")).Failure);
            (_, JsonElement users) = await CallAsync(tracker, "GET", "/api/v1/users");
            Assert.Equal(1, users.GetProperty("total").GetInt32());
            (int next, _) = await AddUserAsync(tracker, "eve");
            Assert.True(next > id); // numbers are not used twice while the last ones live
        }
    }

    [Fact]
    public async Task Totals_are_written_in_batches_while_the_tracker_runs()
    {
        var time = new SetTime();
        await using TestTracker tracker = await StartAsync(o => o with { Time = time, TotalsFlushInterval = TimeSpan.FromSeconds(30) });
        var users = new List<(int Id, string Passkey)>();
        for (int i = 0; i < 20; i++) users.Add(await AddUserAsync(tracker, $"user {i}"));
        string file = Path.Combine(folder, "tracker.state");
        long before = new FileInfo(file).Length;
        foreach (long up in new long[] { 0, 100, 4711 })
        {
            foreach ((_, string passkey) in users) await tracker.AnnounceHttpAsync(Request("t", 1) with { Uploaded = up }, path: $"/{passkey}/announce");
        }
        Assert.Equal(before, new FileInfo(file).Length);
        time.Pass(TimeSpan.FromSeconds(31));
        await EventuallyAsync(() => new FileInfo(file).Length > before);
        Assert.Equal(before + 8 + 1 + 20 * users.Count, new FileInfo(file).Length); // one record for all of them

        // What a crash would leave behind now.
        string copy = Path.Combine(folder, "copy");
        Directory.CreateDirectory(copy);
        File.Copy(file, Path.Combine(copy, "tracker.state"));
        await using TestTracker next = await StartAsync(o => o with { StateFolder = copy });
        foreach ((int id, _) in users) Assert.Equal((4711, 0), await TotalsAsync(next, id));
    }

    [Fact]
    public void A_user_can_not_fill_the_memory_with_invented_clients()
    {
        var ledger = new Access.TrafficLedger(100);
        var ann = new Access.TrackerUser(1, "ann", Access.Passkey.Create(), default);
        var bob = new Access.TrackerUser(2, "bob", Access.Passkey.Create(), default);
        byte[] hash = new byte[20], client = new byte[20];
        void Report(Access.TrackerUser user, int number, ulong up, uint now, AnnounceEvent why = AnnounceEvent.None)
        {
            BitConverter.TryWriteBytes(client, number);
            ledger.Report(user, hash, client, why, up, 0, now);
        }
        for (int i = 0; i < 3 * Access.TrafficLedger.MaxSessionsPerUser; i++) Report(ann, i, 0, 1);
        Assert.Equal(Access.TrafficLedger.MaxSessionsPerUser, ledger.Count);
        Report(bob, 1, 0, 1);
        Report(bob, 1, 5, 2);
        Report(ann, 1, 7, 2); // one of those that are known
        Assert.Equal((5, 7), (bob.Uploaded, ann.Uploaded));
        Report(ann, 1, 7, 3, AnnounceEvent.Stopped);
        Report(ann, 1_000_000, 0, 3); // room for another
        Report(ann, 1_000_000, 9, 4);
        Assert.Equal(16, ann.Uploaded);
        ledger.Sweep(103);
        Assert.Equal(1, ledger.Count); // all others were silent for longer than 100
    }

    [Fact]
    public async Task A_damaged_end_of_the_state_costs_no_more_than_that()
    {
        string passkey;
        await using (TestTracker tracker = await StartAsync()) (_, passkey) = await AddUserAsync(tracker);
        string file = Path.Combine(folder, "tracker.state");
        await using (FileStream stream = File.OpenWrite(file))
        {
            stream.Seek(0, SeekOrigin.End);
            stream.Write([20, 0, 0, 0, 1, 2, 3, 4, 5]);
        }
        var log = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using (TestTracker tracker = await StartAsync(o => o with { Log = log.Enqueue }))
            Assert.Null((await tracker.AnnounceHttpAsync(Request("t", 1), path: $"/{passkey}/announce")).Failure);
        Assert.Contains("the last 9 bytes are incomplete", Assert.Single(log));
        Assert.True(File.Exists(file + ".damaged"));
        File.WriteAllText(file, "something else that is long enough");
        Assert.Contains("no tracker state", (await Assert.ThrowsAsync<IOException>(() => StartAsync())).Message);
    }

    [Fact]
    public async Task Users_are_changed_disabled_and_given_new_passkeys()
    {
        await using TestTracker tracker = await StartAsync();
        (int id, string passkey) = await AddUserAsync(tracker);
        (_, JsonElement changed) = await CallAsync(tracker, "PATCH", $"/api/v1/users/{id}", new { name = "anna", enabled = false, uploaded = 5 });
        Assert.Equal(("anna", false, 5L), (changed.GetProperty("name").GetString(), changed.GetProperty("enabled").GetBoolean(), changed.GetProperty("uploaded").GetInt64()));
        AnnounceAnswer refused = await tracker.AnnounceHttpAsync(Request("t", 1), path: $"/{passkey}/announce");
        Assert.Equal(("this account is disabled", TimeSpan.FromMinutes(60)), (refused.Failure, refused.RetryIn));
        await CallAsync(tracker, "PATCH", $"/api/v1/users/{id}", new { enabled = true });
        (_, JsonElement renewed) = await CallAsync(tracker, "POST", $"/api/v1/users/{id}/passkey");
        Assert.Contains("unknown passkey", (await tracker.AnnounceHttpAsync(Request("t", 1), path: $"/{passkey}/announce")).Failure);
        Assert.Null((await tracker.AnnounceHttpAsync(Request("t", 1), path: $"/{renewed.GetProperty("passkey").GetString()}/announce")).Failure);
        Assert.Equal(HttpStatusCode.NoContent, (await CallAsync(tracker, "DELETE", $"/api/v1/users/{id}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await CallAsync(tracker, "GET", $"/api/v1/users/{id}")).Status);
    }

    [Fact]
    public async Task The_api_needs_its_key_and_says_what_is_wrong()
    {
        await using TestTracker tracker = await StartAsync();
        using var stranger = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        string at = $"http://{tracker.Server.AdminEndPoint}";
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync($"{at}/api/v1/users")).StatusCode);
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", "wrong");
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync($"{at}/api/v1/users")).StatusCode);
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync($"{at}/api/v1/users")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync($"{at}/announce")).StatusCode); // no announces on this port

        async Task Fails(HttpStatusCode expected, string detail, string method, string path, object? body = null)
        {
            (HttpStatusCode status, JsonElement problem) = await CallAsync(tracker, method, path, body);
            Assert.Equal(expected, status);
            Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
            Assert.Contains(detail, problem.GetProperty("detail").GetString());
        }
        using (var chunked = new HttpRequestMessage(HttpMethod.Post, $"{at}/api/v1/users") { Content = System.Net.Http.Json.JsonContent.Create(new { name = "from .NET" }) })
        {
            chunked.Headers.TransferEncodingChunked = true;
            Assert.Equal(HttpStatusCode.Created, (await http.SendAsync(chunked)).StatusCode);
        }
        await Fails(HttpStatusCode.BadRequest, "$", "POST", "/api/v1/users", "{");
        await Fails(HttpStatusCode.BadRequest, "does not fit", "POST", "/api/v1/users", "{}");
        await Fails(HttpStatusCode.BadRequest, "$.id", "POST", "/api/v1/users", new { name = "x", id = 5 });      // mass assignment
        await Fails(HttpStatusCode.BadRequest, "$.name", "POST", "/api/v1/users", new { name = 5 });
        await Fails(HttpStatusCode.BadRequest, "null", "POST", "/api/v1/users", "null");
        await Fails(HttpStatusCode.UnprocessableEntity, "name", "POST", "/api/v1/users", new { name = "" });
        await Fails(HttpStatusCode.UnprocessableEntity, "passkey", "POST", "/api/v1/users", new { name = "x", passkey = "short" });
        (_, string passkey) = await AddUserAsync(tracker);
        await Fails(HttpStatusCode.Conflict, "passkey", "POST", "/api/v1/users", new { name = "x", passkey });
        await Fails(HttpStatusCode.NotFound, "user", "GET", "/api/v1/users/" + new string('9', 100_0));
        await Fails(HttpStatusCode.NotFound, "user", "GET", "/api/v1/users/-1");
        await Fails(HttpStatusCode.UnprocessableEntity, "limit", "GET", "/api/v1/users?limit=0");
        await Fails(HttpStatusCode.UnprocessableEntity, "infoHashes[1]", "POST", "/api/v1/allowed", new { infoHashes = new[] { new string('a', 40), "b" } });
        await Fails(HttpStatusCode.UnprocessableEntity, "info-hash", "PUT", "/api/v1/allowed/zz");
        await Fails(HttpStatusCode.MethodNotAllowed, "method", "DELETE", "/api/v1/users");
        await Fails(HttpStatusCode.NotFound, "nothing", "GET", "/api/v1/nothing");
    }

    [Fact]
    public async Task The_contract_and_the_routes_are_the_same()
    {
        await using TestTracker tracker = await StartAsync();
        using JsonDocument contract = JsonDocument.Parse(await GetAsync($"http://{tracker.Server.AdminEndPoint}/api/openapi.json"));
        var written = contract.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => (method.Name.ToUpperInvariant(), path.Name))).ToHashSet();
        Assert.Equal(AdminApi.Routes.OrderBy(r => r.ToString()), written.OrderBy(r => r.ToString()));
        // And each of them is really served: whatever it answers, it is not "nothing here" or "no such method".
        foreach ((string method, string path) in AdminApi.Routes)
        {
            string filled = path.Replace("{id}", "1").Replace("{infoHash}", new string('a', 40));
            (HttpStatusCode status, JsonElement body) = await CallAsync(tracker, method, filled);
            if (status == HttpStatusCode.NotFound) Assert.Contains("no such user", body.GetProperty("detail").GetString());
            else Assert.NotEqual(HttpStatusCode.MethodNotAllowed, status);
        }
    }

    [Fact]
    public async Task Lists_in_files_take_effect_while_the_tracker_runs()
    {
        string allow = Path.Combine(folder, "allow.txt"), deny = Path.Combine(folder, "deny.txt");
        string a = Sha1Hash.Of("a"u8).ToString(), b = Sha1Hash.Of("b"u8).ToString();
        File.WriteAllText(allow, $"# torrents\n{a.ToUpperInvariant()}\n\n  {b}  # of mine\n");
        File.WriteAllText(deny, "");
        var log = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { AllowListFile = allow, DenyListFile = deny, Log = log.Enqueue });
        async Task<bool> Served(string torrent) => (await tracker.AnnounceHttpAsync(Request(torrent, 1))).Failure is null;
        Assert.True(await Served("a") && await Served("b"));
        Assert.False(await Served("c"));
        File.WriteAllText(deny, b);
        Assert.True(tracker.Server.Reload());
        Assert.True(await Served("a"));
        Assert.False(await Served("b"));
        Assert.Equal(new ScrapeEntry(0, 0, 0, 0), (await tracker.ScrapeHttpAsync("b")).Torrents.Values.Single());
        File.WriteAllText(allow, "nonsense");
        Assert.False(tracker.Server.Reload());
        Assert.True(await Served("a")); // what was read before stays in force
        Assert.Contains(log, line => line.Contains("line 1: not an info-hash"));
        Assert.Contains("line 1", (await Assert.ThrowsAsync<IOException>(() => TestTracker.StartAsync(o => o with { AllowListFile = allow }))).Message);
        File.WriteAllText(allow, Sha1Hash.Of("c"u8).ToString());
        for (int i = 0; i < 300 && !await Served("c"); i++) await Task.Delay(200); // by itself
        Assert.True(await Served("c"));
    }

    [Fact]
    public async Task One_address_can_be_limited_without_harm_to_others()
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { AnnouncesPerMinute = 10, Time = new SetTime() });
        int refused = 0;
        for (int i = 0; i < 40; i++)
        {
            AnnounceAnswer answer = tracker.AnnounceUdp(Request("t", 1));
            if (answer.Failure is not null) refused++;
        }
        Assert.Equal(30, refused);
        using var other = new UdpTestClient(tracker.Udp, IPAddress.Parse("127.0.0.2"));
        Assert.Null(other.Announce(Request("t", 1)).Failure);
    }
}
