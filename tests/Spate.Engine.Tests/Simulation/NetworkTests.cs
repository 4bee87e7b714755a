using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;
using Spate.Simulation;

namespace Spate.Engine.Tests.Simulation;

/// <summary>Links behave as told: rates, delays, windows, loss, and every way in which streams end.</summary>
public sealed class NetworkTests
{
    private const int Port = 6881;
    private static readonly TimeSpan limit = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(50_000)]
    [InlineData(1_000_000)]
    [InlineData(100_000_000)]
    public void An_uplink_carries_its_rate(long rate)
    {
        using var world = new SimWorld(1);
        SimHost from = world.AddHost("from", LinkOptions.Of(rate, 0)), to = world.AddHost("to", LinkOptions.Of(0, 0));
        double seconds = Transfer(world, [(from, to, rate * 10)])[0];
        Assert.InRange(seconds, 9.9, 10.4);
    }

    [Theory]
    [InlineData(50_000)]
    [InlineData(1_000_000)]
    [InlineData(20_000_000)]
    public void A_downlink_carries_its_rate(long rate)
    {
        using var world = new SimWorld(1);
        SimHost from = world.AddHost("from", LinkOptions.Of(0, 0)), to = world.AddHost("to", LinkOptions.Of(0, rate));
        double seconds = Transfer(world, [(from, to, rate * 10)])[0];
        Assert.InRange(seconds, 9.9, 10.5);
    }

    [Fact]
    public void Streams_share_an_uplink_fairly_and_unused_shares_go_to_the_others()
    {
        using var world = new SimWorld(1);
        SimHost from = world.AddHost("from", LinkOptions.Of(1_000_000, 0));
        SimHost a = world.AddHost("a", LinkOptions.Of(0, 0)), b = world.AddHost("b", LinkOptions.Of(0, 0)), slow = world.AddHost("slow", LinkOptions.Of(0, 100_000));
        double[] seconds = Transfer(world, [(from, a, 4_500_000), (from, b, 4_500_000), (from, slow, 1_000_000)]);
        Assert.InRange(seconds[0], 9.5, 10.5);
        Assert.InRange(seconds[1], 9.5, 10.5);
        Assert.InRange(seconds[2], 9.5, 11.0);
    }

    [Fact]
    public void Streams_share_a_downlink_fairly()
    {
        using var world = new SimWorld(1);
        SimHost to = world.AddHost("to", LinkOptions.Of(0, 1_000_000));
        var jobs = Enumerable.Range(0, 5).Select(i => (world.AddHost($"f{i}", LinkOptions.Of(0, 0)), to, 2_000_000L)).ToArray();
        Assert.All(Transfer(world, jobs), seconds => Assert.InRange(seconds, 9.0, 10.5));
    }

    [Fact]
    public void A_long_fat_pipe_fills_when_the_window_is_large_and_not_when_it_is_small()
    {
        double wide = LongPipe(64 << 20), narrow = LongPipe(4 << 20);
        // 250 MB at 125 MB/s; slow start costs some two seconds. With 4 MiB in 200 ms it is 21 MB/s.
        Assert.InRange(wide, 2.2, 5.0);
        Assert.InRange(narrow, 11.0, 14.0);
    }

    [Fact]
    public void A_round_trip_takes_the_latency_of_both_links()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a", LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(80))), b = world.AddHost("b", LinkOptions.Of(0, 0, TimeSpan.FromMilliseconds(20)));
        RawPeer.Serve(b, Port, async peer => await peer.SendAsync(await peer.ReceiveAsync(1)));
        world.Play(async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
            Assert.Equal(50, world.Now.TotalMilliseconds, 0.1);
            await peer.SendAsync(new byte[] { 1 });
            await peer.ReceiveAsync(1);
            Assert.Equal(100, world.Now.TotalMilliseconds, 0.1);
            Assert.Equal(TimeSpan.FromMilliseconds(50), peer.Connection.RoundTrip);
        }, limit);
    }

    [Fact]
    public void Bytes_arrive_whole_and_in_order_whatever_the_sizes_and_the_loss()
    {
        using var world = new SimWorld(99);
        var link = new LinkOptions { UpBytesPerSecond = 300_000, DownBytesPerSecond = 250_000, Loss = 0.02, Jitter = TimeSpan.FromMilliseconds(30) };
        SimHost a = world.AddHost("a", link), b = world.AddHost("b", link);
        byte[] sent = new byte[1_000_000];
        world.Random.Fill(sent);
        byte[]? got = null;
        RawPeer.Serve(b, Port, async peer => got = await peer.ReceiveAsync(sent.Length));
        world.Play(async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
            for (int at = 0; at < sent.Length;)
            {
                int n = Math.Min(sent.Length - at, 1 + world.Random.Next(60_000));
                await peer.SendAsync(sent.AsMemory(at, n));
                at += n;
            }
            await peer.UntilClosedAsync();
        }, limit);
        Assert.Equal(sent, got);
    }

    [Fact]
    public void Loss_makes_streams_slower()
    {
        double Lossy(double loss)
        {
            using var world = new SimWorld(3);
            LinkOptions link = LinkOptions.Of(10_000_000, 10_000_000, TimeSpan.FromMilliseconds(100)) with { Loss = loss };
            return Transfer(world, [(world.AddHost("a", link), world.AddHost("b", link), 20_000_000)])[0];
        }
        double clean = Lossy(0), some = Lossy(0.0005), much = Lossy(0.01);
        Assert.True(clean * 1.3 < some && some * 1.5 < much, $"{clean} {some} {much}");
    }

    [Fact]
    public void A_sender_waits_for_a_reader_that_does_not_read()
    {
        using var world = new SimWorld(1);
        var link = new LinkOptions { SendBuffer = 64 << 10, ReceiveWindow = 256 << 10 };
        SimHost a = world.AddHost("a", link), b = world.AddHost("b", link);
        var go = new TaskCompletionSource();
        RawPeer.Serve(b, Port, async peer =>
        {
            await go.Task;
            await peer.UntilClosedAsync();
        });
        long accepted = 0;
        world.Play(async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
            ValueTask send = default;
            while (true)
            {
                send = peer.SendAsync(new byte[16 << 10]);
                await world.Delay(TimeSpan.FromSeconds(1));
                if (!send.IsCompleted) break;
                await send;
                accepted += 16 << 10;
            }
            Assert.InRange(accepted, 256 << 10, (256 + 64 + 64 + 16) << 10);
            go.SetResult();
            await send;
        }, limit);
    }

    [Fact]
    public void Nobody_listening_is_refused_and_nobody_there_times_out()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a"), b = world.AddHost("b"), nat = world.AddHost("nat", new LinkOptions { Nat = true });
        RawPeer.Serve(nat, Port, static peer => peer.UntilClosedAsync().AsTask());
        world.Play(async () =>
        {
            var refused = await Assert.ThrowsAsync<IOException>(async () => await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port)));
            Assert.Contains("refused", refused.Message, StringComparison.Ordinal);
            Assert.InRange(world.Now.TotalMilliseconds, 3.9, 4.1);
            foreach (IPAddress silent in new[] { IPAddress.Parse("198.51.100.1"), nat.Address })
            {
                TimeSpan before = world.Now;
                await Assert.ThrowsAsync<IOException>(async () => await RawPeer.ConnectAsync(a, new IPEndPoint(silent, Port)));
                Assert.InRange((world.Now - before).TotalSeconds, 127, 128);
            }
        }, limit);
        Assert.Equal(0, a.Process.Environment.Network is SimNetwork n ? n.HalfOpen : -1);
    }

    [Fact]
    public void A_connection_attempt_can_be_cancelled()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a");
        world.Play(async () =>
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(10), a.Process.Environment.Time);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                await a.Process.Environment.Network.ConnectAsync(new IPEndPoint(IPAddress.Parse("198.51.100.1"), Port), cancel.Token));
            Assert.Equal(10, world.Now.TotalSeconds, 0.01);
        }, limit);
    }

    [Fact]
    public void What_was_sent_before_a_close_arrives_and_then_the_end()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a", LinkOptions.Of(100_000, 0)), b = world.AddHost("b");
        int got = 0, end = -1;
        RawPeer.Serve(b, Port, async peer =>
        {
            got = (await peer.ReceiveAsync(20_000)).Length;
            end = await peer.Connection.ReceiveAsync(new byte[10]);
        });
        world.Play(async () =>
        {
            RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
            await peer.SendAsync(new byte[20_000]);
            peer.Dispose();
            await Assert.ThrowsAsync<IOException>(async () => await peer.SendAsync(new byte[1]));
        }, limit);
        world.Run(TimeSpan.FromSeconds(5));
        Assert.Equal((20_000, 0), (got, end));
        Assert.Equal(0, ((SimNetwork)a.Process.Environment.Network).Streams);
    }

    [Fact]
    public void A_reset_breaks_both_ends_and_wakes_whoever_waits()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a"), b = world.AddHost("b");
        bool broke = false;
        RawPeer.Serve(b, Port, async peer =>
        {
            try { await peer.ReceiveAsync(1); }
            catch (IOException) { broke = true; }
        });
        world.Play(async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
            world.After(TimeSpan.FromSeconds(1), () => ((SimNetwork)a.Process.Environment.Network).ResetAll());
            await Assert.ThrowsAsync<IOException>(async () => await peer.ReceiveAsync(1));
        }, limit);
        world.Run(TimeSpan.FromSeconds(1));
        Assert.True(broke);
    }

    [Fact]
    public void An_empty_receive_waits_until_there_is_something_to_read()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a"), b = world.AddHost("b");
        RawPeer.Serve(b, Port, async peer =>
        {
            await world.Delay(TimeSpan.FromSeconds(3));
            await peer.SendAsync(new byte[100]);
            await peer.UntilClosedAsync();
        });
        world.Play(async () =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
            Assert.Equal(0, await peer.Connection.ReceiveAsync(Memory<byte>.Empty));
            Assert.True(world.Now > TimeSpan.FromSeconds(3));
            Assert.Equal(100, await peer.Connection.ReceiveAsync(new byte[200]));
        }, limit);
    }

    [Fact]
    public void A_partition_holds_streams_up_and_healing_lets_them_go_on()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a", LinkOptions.Of(1_000_000, 0)), b = world.AddHost("b"), c = world.AddHost("c");
        world.After(TimeSpan.FromSeconds(2), () => world.Partition([a], [b]));
        world.After(TimeSpan.FromSeconds(62), world.Heal);
        double[] seconds = Transfer(world, [(a, b, 5_000_000), (a, c, 1_000_000)]);
        Assert.InRange(seconds[0], 63, 68);
        Assert.InRange(seconds[1], 1.5, 3);
    }

    [Fact]
    public void A_killed_host_closes_its_streams_and_a_dark_one_says_nothing_until_it_is_back()
    {
        using var world = new SimWorld(1);
        SimHost a = world.AddHost("a"), killed = world.AddHost("killed"), dark = world.AddHost("dark");
        foreach (SimHost host in new[] { killed, dark }) RawPeer.Serve(host, Port, static peer => peer.UntilClosedAsync().AsTask());
        world.Play(async () =>
        {
            using RawPeer first = await RawPeer.ConnectAsync(a, new IPEndPoint(killed.Address, Port));
            using RawPeer second = await RawPeer.ConnectAsync(a, new IPEndPoint(dark.Address, Port));
            await world.Delay(TimeSpan.FromSeconds(1));
            killed.Kill();
            dark.PowerCut();
            Assert.Equal(0, await first.Connection.ReceiveAsync(new byte[1]));
            ValueTask<int> silent = second.Connection.ReceiveAsync(new byte[1]);
            await second.SendAsync(new byte[100]);
            await world.Delay(TimeSpan.FromMinutes(5));
            Assert.False(silent.IsCompleted);
            dark.Restart();
            await Assert.ThrowsAsync<IOException>(async () => await silent);
        }, limit);
    }

    [Fact]
    public void What_a_host_sent_before_its_power_went_is_cut_off_and_has_no_holes()
    {
        for (ulong seed = 0; seed < 30; seed++)
        {
            using var world = new SimWorld(seed);
            SimHost a = world.AddHost("a", LinkOptions.Of(100_000, 0)), b = world.AddHost("b", LinkOptions.Of(0, 80_000));
            var got = new List<byte>();
            RawPeer.Serve(b, Port, async peer =>
            {
                while (true) got.AddRange(await peer.ReceiveAsync(1));
            });
            byte[] sent = new byte[60_000];
            GeneratedBytes.Fill(1, 0, sent);
            _ = RawPeer.Run(a, async () =>
            {
                using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address, Port));
                for (int at = 0; at < sent.Length; at += 1000) await peer.SendAsync(sent.AsMemory(at, 1000));
                await peer.UntilClosedAsync();
            });
            world.Run(TimeSpan.FromSeconds(0.1 + (world.Random.NextDouble() * 0.4)));
            a.PowerCut();
            world.Run(TimeSpan.FromSeconds(10));
            Assert.InRange(got.Count, 1, sent.Length - 1);
            Assert.Equal(sent[..got.Count], got);
        }
    }

    [Fact]
    public void Datagrams_get_lost_delayed_and_reordered_but_never_changed()
    {
        using var world = new SimWorld(5);
        var link = new LinkOptions { Loss = 0.1, Jitter = TimeSpan.FromMilliseconds(50), Latency = TimeSpan.FromMilliseconds(20) };
        SimHost a = world.AddHost("a", link), b = world.AddHost("b", link);
        var got = new List<int>();
        IDatagramSocket inbox = b.Process.Environment.Network.BindDatagram(new IPEndPoint(IPAddress.Any, Port));
        _ = RawPeer.Run(b, async () =>
        {
            byte[] buffer = new byte[2000];
            while (true)
            {
                Datagram datagram = await inbox.ReceiveAsync(buffer);
                Assert.Equal(a.Address, datagram.Remote.Address);
                Assert.Equal(100, datagram.Length);
                got.Add(BitConverter.ToInt32(buffer));
            }
        });
        IDatagramSocket outbox = a.Process.Environment.Network.BindDatagram(new IPEndPoint(IPAddress.Any, 0));
        world.Play(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                byte[] bytes = new byte[100];
                BitConverter.TryWriteBytes(bytes, i);
                outbox.Send(bytes, new IPEndPoint(b.Address, Port));
                await world.Delay(TimeSpan.FromMilliseconds(5));
            }
            await world.Delay(TimeSpan.FromSeconds(1));
        }, limit);
        Assert.InRange(got.Count, 760, 860);
        Assert.Equal(got.Count, got.Distinct().Count());
        Assert.NotEqual(got.Order(), got);
    }

    [Fact]
    public void A_nat_lets_datagrams_in_only_from_where_some_went_out()
    {
        using var world = new SimWorld(5);
        SimHost inside = world.AddHost("inside", new LinkOptions { Nat = true }), friend = world.AddHost("friend"), stranger = world.AddHost("stranger");
        IDatagramSocket own = inside.Process.Environment.Network.BindDatagram(new IPEndPoint(IPAddress.Any, Port));
        IDatagramSocket known = friend.Process.Environment.Network.BindDatagram(new IPEndPoint(IPAddress.Any, Port));
        IDatagramSocket unknown = stranger.Process.Environment.Network.BindDatagram(new IPEndPoint(IPAddress.Any, Port));
        world.Play(async () =>
        {
            own.Send("out"u8, known.At(friend));
            ValueTask<Datagram> receive = own.ReceiveAsync(new byte[100]);
            unknown.Send("in"u8, own.At(inside));
            await world.Delay(TimeSpan.FromSeconds(1));
            Assert.False(receive.IsCompleted);
            known.Send("in"u8, own.At(inside));
            Assert.Equal(friend.Address, (await receive).Remote.Address);
        }, limit);
    }

    [Fact]
    public void Names_and_both_families_work()
    {
        using var world = new SimWorld(5);
        SimHost a = world.AddHost("a"), b = world.AddHost("b");
        IListener listener = b.Process.Environment.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, 0));
        world.Play(async () =>
        {
            IPAddress[] found = await a.Process.Environment.Network.ResolveAsync("b", default);
            Assert.Equal([b.Address, b.Address6], found);
            await Assert.ThrowsAsync<IOException>(async () => await a.Process.Environment.Network.ResolveAsync("nowhere", default));
            ValueTask<IConnection> accept = listener.AcceptAsync();
            using RawPeer peer = await RawPeer.ConnectAsync(a, new IPEndPoint(b.Address6, listener.Local.Port));
            using IConnection accepted = await accept;
            Assert.Equal(AddressFamily.InterNetworkV6, accepted.Remote.AddressFamily);
            Assert.Equal(a.Address6, accepted.Remote.Address);
            Assert.Throws<IOException>(() => b.Process.Environment.Network.Listen(listener.Local));
            Assert.Throws<IOException>(() => b.Process.Environment.Network.Listen(new IPEndPoint(a.Address, 0)));
        }, limit);
    }

    private static double LongPipe(int window)
    {
        using var world = new SimWorld(1);
        LinkOptions link = LinkOptions.Of(125_000_000, 125_000_000, TimeSpan.FromMilliseconds(200)) with { ReceiveWindow = window };
        return Transfer(world, [(world.AddHost("a", link), world.AddHost("b", link), 250_000_000)])[0];
    }

    // Sends zeros from host to host, all at the same time; the seconds that each took.
    private static double[] Transfer(SimWorld world, (SimHost From, SimHost To, long Bytes)[] jobs)
    {
        double[] seconds = new double[jobs.Length];
        for (int i = 0; i < jobs.Length; i++)
        {
            var (from, to, bytes) = jobs[i];
            int job = i, port = Port + i;
            RawPeer.Serve(to, port, async peer =>
            {
                long got = 0;
                byte[] buffer = new byte[256 << 10];
                while (got < bytes) got += await peer.Connection.ReceiveAsync(buffer);
                seconds[job] = world.Now.TotalSeconds;
            });
            _ = RawPeer.Run(from, async () =>
            {
                using RawPeer peer = await RawPeer.ConnectAsync(from, new IPEndPoint(to.Address, port));
                byte[] buffer = new byte[64 << 10];
                for (long sent = 0; sent < bytes; sent += buffer.Length) await peer.SendAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, bytes - sent)));
                await peer.UntilClosedAsync();
            });
        }
        world.RunUntil(() => seconds.All(s => s > 0), limit, "all transfers are done");
        return seconds;
    }
}

internal static class SocketExtensions
{
    /// <summary>Where others reach the socket.</summary>
    public static IPEndPoint At(this IDatagramSocket socket, SimHost host) => new(host.Address, socket.Local.Port);
}
