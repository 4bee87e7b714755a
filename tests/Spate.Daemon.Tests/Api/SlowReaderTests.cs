using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Spate.Api;

namespace Spate.Daemon.Tests.Api;

/// <summary>A reader of events that takes nothing for a while is told less often, and knows the same in the end.</summary>
public sealed class SlowReaderTests
{
    private const int Torrents = 200;

    [Fact]
    public async Task A_slow_reader_knows_all_in_the_end()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        string[] hashes = [.. Enumerable.Range(1, Torrents).Select(i => i.ToString("x40", System.Globalization.CultureInfo.InvariantCulture))];
        foreach (string[] some in hashes.Chunk(100)) await daemon.Client.AddAsync(new AddTorrents { Sources = some, Options = new AddOptions { Paused = true } });
        Uri address = daemon.Host.Addresses[0];
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(address.Host, address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /api/v1/events?limit={Torrents} HTTP/1.0\r\nHost: {address.Authority}\r\nAuthorization: Bearer {daemon.Key}\r\n\r\n"));
        using var reader = new StreamReader(new NetworkStream(socket));
        while (await reader.ReadLineAsync() is { Length: > 0 }) { } // the head
        (long number, JsonNode data) = await NextAsync(reader);
        var names = data["page"]!["rows"]!.AsArray().ToDictionary(row => (string)row!["id"]!, row => (string)row!["name"]!);
        Assert.Equal(Torrents, names.Count);

        // Half a minute of it is more than the system holds for a reader: patches of 100 KiB a second.
        for (int i = 0; i < 60; i++)
        {
            string name = $"{i} {new string('x', 450)}";
            Assert.Equal(Torrents, (await daemon.Client.ChangeAsync(new ChangeTorrents { Filter = new TorrentFilter(), Change = new TorrentChange { Name = name } })).Done);
            await Task.Delay(100);
        }
        await daemon.Client.ChangeAsync(new ChangeTorrents { Filter = new TorrentFilter(), Change = new TorrentChange { Name = "the last" } });

        long patches = 0;
        while (names.Values.Any(name => name != "the last"))
        {
            (long next, data) = await NextAsync(reader);
            Assert.Equal(number + 1, next); // nothing was left out
            number = next;
            patches++;
            foreach ((string id, JsonNode? row) in data["rows"]?.AsObject() ?? [])
            {
                if (row!["name"] is { } name) names[id] = (string)name!;
            }
        }
        Assert.InRange(patches, 1, 59);
    }

    [Fact]
    public async Task Five_hundred_readers_of_lists_at_once_are_all_answered()
    {
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        await daemon.AddAsync(await daemon.MakeTorrentAsync("one"), new AddOptions { Paused = true });
        TorrentPage[] pages = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            using var client = new SpateClient(daemon.Host.Addresses[0], daemon.Key); // a connection of its own
            return await client.GetTorrentsAsync(new TorrentQuery { Filter = new TorrentFilter { Text = i % 2 == 0 ? "one" : $"{i}" } });
        }));
        Assert.Equal(250, pages.Count(page => page.Total == 1));
    }

    private static async Task<(long Number, JsonNode Data)> NextAsync(StreamReader reader)
    {
        string id = "", data = "";
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            if (line.Length == 0 && data.Length > 0) return (long.Parse(id[(id.LastIndexOf('-') + 1)..], System.Globalization.CultureInfo.InvariantCulture), JsonNode.Parse(data)!);
        }
        throw new InvalidOperationException("The stream ended.");
    }
}
