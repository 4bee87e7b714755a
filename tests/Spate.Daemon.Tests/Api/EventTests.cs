using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Spate.Api;

namespace Spate.Daemon.Tests.Api;

/// <summary>The live view: what readers are told, and that none is told wrong.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task A_reader_sees_a_snapshot_and_then_what_changes()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        string first = await daemon.AddAsync(await daemon.MakeTorrentAsync("first"), new AddOptions { Paused = true });
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using IAsyncEnumerator<DaemonEvent> events = daemon.Client.WatchAsync(new EventQuery { Torrent = first, Parts = [EventPart.Details, EventPart.Log] }, null, end.Token).GetAsyncEnumerator(end.Token);
        Assert.True(await events.MoveNextAsync());
        EventSnapshot snapshot = events.Current.Snapshot!;
        Assert.Equal(first, Assert.Single(snapshot.Page.Rows).Id);
        Assert.Equal(first, snapshot.Torrent!.Details!.Row.Id);

        await daemon.Client.ChangeTorrentAsync(first, new TorrentChange { Category = "news" });
        JsonElement row = await NextAsync(events, patch => patch.Rows?.TryGetValue(first, out JsonElement changed) == true && changed.TryGetProperty("category", out _) ? changed : null);
        Assert.Equal("news", row.GetProperty("category").GetString());
        Assert.False(row.TryGetProperty("name", out _)); // did not change

        string second = await daemon.AddAsync(await daemon.MakeTorrentAsync("second"), new AddOptions { Paused = true });
        await NextAsync(events, patch => patch.Order is { Count: 2 } order && patch.Total == 2 && patch.Rows!.ContainsKey(second) ? patch.Rows[second] : null);
        await daemon.Client.RemoveTorrentAsync(first);
        await NextAsync(events, patch => patch.Torrent is { IsGone: true } ? default(JsonElement) : null);
    }

    [Fact]
    public async Task A_reader_goes_on_where_it_was()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        string id = await daemon.AddAsync(await daemon.MakeTorrentAsync("again"), new AddOptions { Paused = true });
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string last = "";
        await foreach (DaemonEvent seen in daemon.Client.WatchAsync(new EventQuery(), null, end.Token))
        {
            last = seen.Id;
            break;
        }
        await daemon.Client.ChangeTorrentAsync(id, new TorrentChange { Name = "while away" });
        await using (IAsyncEnumerator<DaemonEvent> events = daemon.Client.WatchAsync(new EventQuery(), last, end.Token).GetAsyncEnumerator(end.Token))
        {
            JsonElement row = await NextAsync(events, patch => patch.Rows?.TryGetValue(id, out JsonElement changed) == true && changed.TryGetProperty("name", out _) ? changed : null);
            Assert.Equal("while away", row.GetProperty("name").GetString());
        }
        // Another view, or one that nobody knows: told so, and a snapshot.
        foreach ((EventQuery query, string from) in new[] { (new EventQuery { View = new TorrentQuery { Limit = 5 } }, last), (new EventQuery(), "0123456789ab-7"), (new EventQuery(), "rubbish") })
        {
            await using IAsyncEnumerator<DaemonEvent> events = daemon.Client.WatchAsync(query, from, end.Token).GetAsyncEnumerator(end.Token);
            Assert.True(await events.MoveNextAsync());
            Assert.NotNull(events.Current.Reset);
            Assert.True(await events.MoveNextAsync());
            Assert.NotNull(events.Current.Snapshot);
        }
    }

    [Fact]
    public async Task Five_hundred_readers_watch_and_one_more_is_told_why_not()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        string id = await daemon.AddAsync(await daemon.MakeTorrentAsync("busy"), new AddOptions { Paused = true });
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var sockets = new List<Socket>();
        try
        {
            for (int i = 0; i < Daemon.Events.EventStreams.Most; i++) sockets.Add(await ConnectAsync(daemon, end.Token));
            await TestDaemon.UntilAsync(() => Task.FromResult(daemon.Host.Events.Readers), readers => readers == Daemon.Events.EventStreams.Most);
            using (HttpResponseMessage refused = await daemon.Http.GetAsync("api/v1/events", HttpCompletionOption.ResponseHeadersRead, end.Token)) Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            // Half-closed: they say that they send no more, and still read.
            foreach (Socket socket in sockets.Take(50)) socket.Shutdown(SocketShutdown.Send);
            await daemon.Client.ChangeTorrentAsync(id, new TorrentChange { Name = "seen by all" }, end.Token);
            foreach (Socket socket in sockets.Skip(50)) await ReadUntilAsync(socket, "seen by all", end.Token);
        }
        finally
        {
            foreach (Socket socket in sockets) socket.Dispose();
        }
        await TestDaemon.UntilAsync(() => Task.FromResult(daemon.Host.Events.Readers), readers => readers == 0);
        await using IAsyncEnumerator<DaemonEvent> events = daemon.Client.WatchAsync(new EventQuery(), null, end.Token).GetAsyncEnumerator(end.Token);
        Assert.True(await events.MoveNextAsync());
    }

    private static async Task<JsonElement> NextAsync(IAsyncEnumerator<DaemonEvent> events, Func<EventPatch, JsonElement?> wanted)
    {
        while (await events.MoveNextAsync())
        {
            if (events.Current.Patch is { } patch && wanted(patch) is { } found) return found;
        }
        throw new InvalidOperationException("The stream ended.");
    }

    private static async Task<Socket> ConnectAsync(TestDaemon daemon, CancellationToken cancellation)
    {
        Uri address = daemon.Host.Addresses[0];
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port, cancellation);
        string request = $"GET /api/v1/events?limit=10 HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {daemon.Key}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), cancellation);
        return socket;
    }

    private static async Task ReadUntilAsync(Socket socket, string text, CancellationToken cancellation)
    {
        byte[] buffer = new byte[16 * 1024];
        var seen = new StringBuilder();
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count = await socket.ReceiveAsync(buffer, cancellation);
            Assert.True(count > 0, "The stream ended.");
            seen.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }
}
