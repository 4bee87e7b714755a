using System.Buffers.Binary;
using System.Net;
using Spate.Engine.Disk;
using Spate.Engine.Limits;
using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Tests.Discovery;
using Spate.Engine.Tests.Runtime;

namespace Spate.Engine.Tests.Peers;

public class PeerSenderTests
{
    private const int Budget = 4;

    private readonly TestWorld world = new();
    private readonly TestConnection connection;
    private readonly SendBufferPool pool = new(Budget * SendBuffer.Blocks * BlockPool.BlockSize);
    private readonly RateLimit torrentLimit = new(), sessionLimit = new();
    private readonly RateMeter torrentSent = new();
    private readonly List<DisconnectReason> ends = [];
    private readonly PeerSender sender;
    private int buffersOut;

    public PeerSenderTests()
    {
        connection = new TestConnection(world);
        sender = new PeerSender(connection, pool, new TransferLimits(torrentLimit, sessionLimit), world, torrentSent, () => buffersOut++, ends.Add);
    }

    private static byte[] Control(params byte[] content)
    {
        byte[] rented = ControlBuffers.Rent(content.Length + 10);
        content.CopyTo(rented, 0);
        return rented;
    }

    private SendBuffer Blocks(byte fill, int length, int payload)
    {
        SendBuffer buffer = pool.TryRent()!;
        buffer.Bytes.AsSpan(0, length).Fill(fill);
        (buffer.Length, buffer.Payload) = (length, payload);
        return buffer;
    }

    private int BuffersLeft()
    {
        var taken = new List<SendBuffer>();
        while (pool.TryRent() is { } buffer) taken.Add(buffer);
        foreach (SendBuffer buffer in taken) pool.Return(buffer);
        return taken.Count;
    }

    [Fact]
    public void All_goes_out_in_the_order_it_came()
    {
        connection.IsDeaf = true; // so that a queue builds up
        sender.SendControl(Control(1, 2), 2);
        sender.SendBlocks(Blocks(9, 100, 87));
        sender.SendControl(Control(3), 1);
        sender.SendBlocks(Blocks(8, 50, 37));
        Assert.Equal([1, 2], connection.Sent);
        Assert.NotEqual(0, sender.WaitingSend);
        connection.Hear();
        world.Settle();
        Assert.Equal([1, 2, .. Enumerable.Repeat((byte)9, 100), 3, .. Enumerable.Repeat((byte)8, 50)], connection.Sent);
        Assert.Equal((2, Budget, 0), (buffersOut, BuffersLeft(), sender.WaitingSend));
        Assert.Equal((124, 153), (sender.Sent.Total, sender.SentRaw.Total));
        Assert.Equal(124, torrentSent.Total);
        Assert.Empty(ends);
    }

    [Fact]
    public void A_limited_send_shows_its_progress_and_adds_up()
    {
        sessionLimit.BytesPerSecond = 100_000;
        sender.SendBlocks(Blocks(1, 50_013, 50_000));
        var seen = new List<long>();
        for (int i = 0; i < 10; i++)
        {
            world.Advance(100);
            sessionLimit.Refill(0.1);
            world.Settle();
            seen.Add(sender.Sent.Total);
        }
        Assert.Equal(seen.Order(), seen);
        Assert.InRange(seen[1], 15_000, 25_000);
        Assert.Equal(50_000, seen[^1]);
        Assert.Equal(50_000, torrentSent.Total);
        Assert.Equal(1, buffersOut);
    }

    [Fact]
    public void When_the_connection_breaks_everything_is_given_back_and_said_once_or_more()
    {
        connection.IsDeaf = true;
        sender.SendControl(Control(1), 1);
        for (byte i = 0; i < Budget; i++) sender.SendBlocks(Blocks(i, 100, 87));
        sender.SendControl(Control(2), 1);
        Assert.Equal(0, BuffersLeft());
        connection.Abort();
        world.Settle();
        Assert.Equal((Budget, Budget), (buffersOut, BuffersLeft()));
        Assert.Contains(DisconnectReason.ConnectionLost, ends);
        // What still comes from a disk worker is dropped.
        sender.SendBlocks(Blocks(1, 100, 87));
        sender.SendControl(Control(3), 1);
        Assert.Equal((Budget + 1, Budget), (buffersOut, BuffersLeft()));
        Assert.Equal(0, sender.Sent.Total);
    }

    [Fact]
    public void A_send_that_waits_for_its_limit_ends_with_the_connection()
    {
        torrentLimit.BytesPerSecond = 1000;
        sender.SendBlocks(Blocks(1, 10_000, 9_987));
        Assert.Equal(0, buffersOut);
        connection.Abort();
        torrentLimit.Refill(0.1);
        world.Settle();
        Assert.Equal((1, Budget), (buffersOut, BuffersLeft()));
    }

    [Fact]
    public void A_peer_that_lets_messages_pile_up_is_told_on()
    {
        connection.IsDeaf = true;
        for (int i = 0; i < 63; i++) sender.SendControl(ControlBuffers.Rent(65_536), 65_536);
        Assert.Empty(ends);
        sender.SendControl(ControlBuffers.Rent(65_536), 65_536);
        sender.SendControl(ControlBuffers.Rent(65_536), 65_536);
        Assert.Equal([DisconnectReason.DoesNotRead], ends);
        connection.Hear();
        world.Settle();
        sender.SendControl(Control(1), 1); // the backlog counts down again
        Assert.Single(ends);
    }

    [Fact]
    public void A_pump_begun_on_a_strand_does_not_come_back_to_it()
    {
        connection.IsDeaf = true;
        bool onStrand = false;
        var other = new PeerSender(connection, pool, new TransferLimits(torrentLimit, sessionLimit), world, torrentSent,
            () => onStrand |= world.Strand.IsCurrent, ends.Add);
        SendBuffer buffer = Blocks(1, 10, 1);
        world.Do(() =>
        {
            other.SendBlocks(buffer);
            Assert.True(world.Strand.IsCurrent);
        });
        connection.Hear();
        world.Settle();
        Assert.False(onStrand);
        Assert.Equal(Budget, BuffersLeft());
    }

    // Control messages from one thread, blocks from others, over a connection that ends some sends at once and others elsewhere.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Under_many_threads_nothing_is_lost_mixed_up_or_sent_twice(bool breaks)
    {
        const int Messages = 3_000;
        var stream = new ThreadedConnection(breaks ? Messages / 2 : int.MaxValue);
        int returned = 0, given = 0;
        var many = new SendBufferPool(64L * SendBuffer.Blocks * BlockPool.BlockSize);
        var each = new PeerSender(stream, many, new TransferLimits(torrentLimit, sessionLimit), PoolScheduler.Instance, torrentSent,
            () => Interlocked.Increment(ref returned), _ => { });
        await Task.WhenAll(Enumerable.Range(0, 3).Select(producer => Task.Run(() =>
        {
            for (int i = 0; i < Messages; i++)
            {
                if (producer == 0)
                {
                    byte[] control = ControlBuffers.Rent(8);
                    BinaryPrimitives.WriteInt32BigEndian(control, producer);
                    BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(4), i);
                    each.SendControl(control, 8);
                    continue;
                }
                SendBuffer? buffer;
                while ((buffer = many.TryRent()) is null) Thread.Yield();
                BinaryPrimitives.WriteInt32BigEndian(buffer.Bytes, producer);
                BinaryPrimitives.WriteInt32BigEndian(buffer.Bytes.AsSpan(4), i);
                (buffer.Length, buffer.Payload) = (8, 1);
                Interlocked.Increment(ref given);
                each.SendBlocks(buffer);
            }
        }))).Within("All sends");
        var all = Task.Run(async () => { while (Volatile.Read(ref returned) < given) await Task.Delay(1); });
        await all.Within("The return of all buffers");

        Assert.Equal(2 * Messages, returned);
        Assert.Equal(0, stream.Overlaps);
        int[] next = new int[3];
        ReadOnlySpan<byte> bytes = stream.Bytes;
        for (; bytes.Length > 0; bytes = bytes[8..])
        {
            int producer = BinaryPrimitives.ReadInt32BigEndian(bytes);
            Assert.Equal(next[producer]++, BinaryPrimitives.ReadInt32BigEndian(bytes[4..]));
        }
        if (!breaks) Assert.Equal([Messages, Messages, Messages], next);
    }

    private sealed class ThreadedConnection(int breakAfter) : IConnection
    {
        private readonly List<byte> sent = [];
        private int inside;

        public int Overlaps { get; private set; }

        public byte[] Bytes => [.. sent];

        public IPEndPoint Remote { get; } = new(IPAddress.Loopback, 1);

        public TimeSpan RoundTrip => default;

        public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            if (Interlocked.Increment(ref inside) != 1) Overlaps++;
            try
            {
                if (sent.Count / 8 >= breakAfter) throw new IOException("broken");
                sent.AddRange(bytes.Span);
                if (sent.Count % 24 == 0) await Task.Yield();
            }
            finally { Interlocked.Decrement(ref inside); }
        }

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => throw new NotSupportedException();

        public void Abort()
        {
        }

        public void Dispose()
        {
        }
    }
}
