using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Protocol.Trackers;
using Spate.Tracker.Tests.Server;

namespace Spate.Tracker.Tests.Abuse;

/// <summary>Connections that cost the tracker something and bring it nothing, and how honest clients fare beside them.</summary>
[Collection(Alone.Name)]
public class ConnectionAbuseTests
{
    private static byte[] Get(string target) => Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    // A process with an own table of descriptors: this one would not have enough for both ends. It says how many connections it has and
    // holds them until its input ends. Every second one sends the beginning of a request.
    private const string HoldConnections = """
        ulimit -n "$(ulimit -Hn)"
        opened=0
        for ((i = 0; i < $3; i++)); do
            if exec {c}<>"/dev/tcp/$1/$2"; then
                opened=$((opened + 1))
                if ((i % 2)); then printf 'GET /announce?info_hash=' >&"$c"; fi
            fi
        done 2>/dev/null
        echo "$opened"
        read -r _
        """;

    private static Process Attack(IPEndPoint tracker, int connections)
    {
        var start = new ProcessStartInfo("bash", ["-c", HoldConnections, "attack", tracker.Address.ToString(), tracker.Port.ToString(), connections.ToString()])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Honest_clients_are_served_beside_twenty_thousand_idle_connections(bool portable)
    {
        if (OperatingSystem.IsWindows()) return; // there is no bash
        const int attackers = 4, each = 5000;
        // As many as the process may have descriptors for; the oldest ones go when there are more.
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with
        {
            UsePortableSockets = portable, MaxConnections = 15_000, RequestTimeout = TimeSpan.FromMinutes(5), KeepAliveTimeout = TimeSpan.FromMinutes(5),
        });
        long before = Process.GetCurrentProcess().WorkingSet64;
        Process[] processes = [.. Enumerable.Range(0, attackers).Select(_ => Attack(tracker.Http, each))];
        try
        {
            Assert.Equal(100, await HonestClients.AnnounceHttpAsync(tracker, 100)); // while they come
            int opened = 0;
            foreach (Process process in processes) opened += int.Parse((await process.StandardOutput.ReadLineAsync())!);
            Assert.Equal(attackers * each, opened);
            Assert.Equal(100, await HonestClients.AnnounceHttpAsync(tracker, 100)); // while they are there
            Assert.Equal(100, HonestClients.AnnounceUdp(tracker, 100));
            if (!portable) // the portable lane counts requests, not connections
                await TestTracker.EventuallyAsync(() => tracker.Server.Status.FrontEnds.Single(f => f.Name == "http").Connections >= attackers * each + 200);
            long grown = Process.GetCurrentProcess().WorkingSet64 - before;
            Assert.True(grown < 200 << 20, $"{grown >> 20} MiB for {opened} connections");
        }
        finally
        {
            foreach (Process process in processes)
            {
                process.StandardInput.Close();
                process.WaitForExit();
                process.Dispose();
            }
        }
        Assert.Equal(100, await HonestClients.AnnounceHttpAsync(tracker, 100)); // and when they have gone
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Slow_writers_are_closed_in_time_and_nobody_waits_for_them(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { UsePortableSockets = portable, RequestTimeout = TimeSpan.FromSeconds(1) });
        byte[] request = Get(HttpAnnounceQuery.AppendTo("/announce", TestTracker.Request("slow", 1)));
        Task<bool>[] slow = [.. Enumerable.Range(0, 200).Select(i => WriteSlowlyAsync(tracker.Http, i % 2 == 0 ? request : "POST /stats HTTP/1.1\r\nContent-Length: 9000\r\n\r\n"u8.ToArray()))];
        Assert.Equal(100, await HonestClients.AnnounceHttpAsync(tracker, 100));
        Assert.All(await Task.WhenAll(slow), Assert.True);
        Assert.Equal(100, await HonestClients.AnnounceHttpAsync(tracker, 100));
    }

    // A byte every tenth of a second, for ever. True when the tracker has had enough of it.
    private static async Task<bool> WriteSlowlyAsync(IPEndPoint tracker, byte[] request)
    {
        using var socket = new Socket(tracker.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(tracker);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        Task<int> answer = socket.ReceiveAsync(new byte[1], SocketFlags.None, patience.Token).AsTask();
        try
        {
            for (int i = 0; !answer.IsCompleted; i++)
            {
                await socket.SendAsync(request.AsMemory(Math.Min(i, request.Length - 2), 1));
                await Task.WhenAny(answer, Task.Delay(100));
            }
            return await answer == 0;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Who_asks_on_and_on_and_reads_nothing_is_closed(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { UsePortableSockets = portable, RequestTimeout = TimeSpan.FromSeconds(2), KeepAliveTimeout = TimeSpan.FromSeconds(2) });
        for (int i = 1; i <= 60; i++) tracker.AnnounceUdp(TestTracker.Request("t", i));
        byte[] request = Encoding.ASCII.GetBytes($"GET {HttpAnnounceQuery.AppendTo("/announce", TestTracker.Request("t", 99))} HTTP/1.1\r\n\r\n");
        byte[] many = [.. Enumerable.Repeat(request, 1000).SelectMany(bytes => bytes)];
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(tracker.Http);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true) await socket.SendAsync(many, patience.Token);
        });
        Assert.Equal(20, await HonestClients.AnnounceHttpAsync(tracker, 20));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Rubbish_gets_a_short_answer_or_none(bool portable)
    {
        await using TestTracker tracker = await TestTracker.StartAsync(o => o with { UsePortableSockets = portable, RequestTimeout = TimeSpan.FromSeconds(1), KeepAliveTimeout = TimeSpan.FromSeconds(1) });
        var random = new Random(5);
        string[] parts = ["GET ", "POST ", "/announce", "/scrape", "?", "&", "=", "%", "%6", "%00", "info_hash=", "info_hash=aaaaaaaaaaaaaaaaaaaa", "peer_id=aaaaaaaaaaaaaaaaaaaa",
            "port=0", "port=70000", "compact=0", "unknown=%zz", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "\r\n\r\n", "\r\n", "Content-Length: 5", "Transfer-Encoding: chunked", "\0", "\u00ff"];
        await Parallel.ForEachAsync(Enumerable.Range(0, 300), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (seed, _) =>
        {
            var own = new Random(seed);
            string text = string.Concat(Enumerable.Range(0, own.Next(1, 20)).Select(_ => parts[own.Next(parts.Length)])) + "\r\n\r\n";
            string answer = await TestTracker.ExchangeAsync(tracker.Http, Encoding.Latin1.GetBytes(text));
            Assert.True(answer.Length <= 1024, answer);
            Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal), answer);
        });
        Assert.Equal(20, await HonestClients.AnnounceHttpAsync(tracker, 20));
    }

    [Theory]
    [InlineData("&numwant=99999999999999999999&unknown=1&unknown=2&&=&compact=1&compact=1&event=started&event=x&left=0&left=5", null)]
    [InlineData("&ip=%zz&key=%&trackerid=%00%ff", null)]
    [InlineData("&info_hash=aaaaaaaaaaaaaaaaaaaa", "info_hash stands twice")]
    [InlineData("&port=1", "port stands twice")]
    [InlineData("&uploaded=%31", "uploaded is not a number")]
    public async Task Unknown_and_repeated_keys_are_taken_or_named(string more, string? reason)
    {
        await using TestTracker tracker = await TestTracker.StartAsync();
        string answer = await TestTracker.ExchangeAsync(tracker.Http, Get($"/announce?info_hash=bbbbbbbbbbbbbbbbbbbb&peer_id=aaaaaaaaaaaaaaaaaaaa&port=5{more}"));
        if (reason is null) Assert.Contains("8:intervali", answer);
        else Assert.Contains(reason, answer);
    }
}
