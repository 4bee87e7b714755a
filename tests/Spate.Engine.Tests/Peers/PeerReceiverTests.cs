using System.Buffers.Binary;
using Spate.Engine.Disk;
using Spate.Engine.Limits;
using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol.Wire;

namespace Spate.Engine.Tests.Peers;

public class PeerReceiverTests
{
    private readonly TestWorld world = new();
    private readonly BlockPool pool = new(1 << 20);
    private readonly RateLimit torrentLimit = new(), sessionLimit = new();
    private readonly ReceiveBuffers buffers = new();

    /// <summary>A receiver and what it delivered.</summary>
    private sealed class Bench
    {
        private readonly PeerReceiverTests tests;

        public Bench(PeerReceiverTests tests, Strand? strand = null)
        {
            this.tests = tests;
            Connection = new TestConnection(tests.world);
            Receiver = new PeerReceiver(Connection, tests.pool, tests.buffers, new TransferLimits(tests.torrentLimit, tests.sessionLimit),
                strand ?? tests.world.Strand, tests.world, OnBatch, this, reason => Ends.Add(reason));
            tests.world.Schedule(Receiver);
            tests.world.Settle();
        }

        public TestConnection Connection { get; }

        public PeerReceiver Receiver { get; }

        public List<string> Messages { get; } = [];

        public List<int> Batches { get; } = [];

        public List<DisconnectReason> Ends { get; } = [];

        /// <summary>Blocks are kept in the pool, as by a torrent that is slow to write.</summary>
        public bool KeepBlocks { get; set; }

        public List<int> Kept { get; } = [];

        public void Push(params byte[] bytes)
        {
            Connection.Push(bytes);
            tests.world.Settle();
        }

        private void OnBatch(object? state)
        {
            Assert.Same(this, state);
            Batches.Add(Receiver.Batch.Count);
            foreach (PeerMessage message in Receiver.Batch)
            {
                string content = message.Payload is null ? "" : Convert.ToHexString(message.Payload);
                if (message.Slot >= 0)
                {
                    content = Convert.ToHexString(tests.pool.Span(message.Slot)[..message.C]);
                    if (KeepBlocks) Kept.Add(message.Slot);
                    else tests.pool.Return(message.Slot);
                }
                Messages.Add($"{message.Id} {message.A} {message.B} {message.C} {content}");
            }
            Receiver.Done();
        }
    }

    private static byte[] Block(int piece, int offset, byte[] content)
    {
        byte[] bytes = new byte[MessageWriter.PieceHeader + content.Length];
        MessageWriter.PieceHead(bytes, piece, offset, content.Length);
        content.CopyTo(bytes, MessageWriter.PieceHeader);
        return bytes;
    }

    private static byte[] Message(byte id, params byte[] content)
    {
        byte[] bytes = new byte[5 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 1 + content.Length);
        bytes[4] = id;
        content.CopyTo(bytes, 5);
        return bytes;
    }

    private static byte[] Numbers(params int[] numbers)
    {
        byte[] bytes = new byte[numbers.Length * 4];
        for (int i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * 4), numbers[i]);
        return bytes;
    }

    private static byte[] Conversation(Random random, out List<string> expected)
    {
        var bytes = new List<byte>();
        expected = [];
        for (int i = 0; i < 200; i++)
        {
            switch (random.Next(5))
            {
                case 0:
                    bytes.AddRange(new byte[4]);
                    break;
                case 1:
                    bytes.AddRange(Message(4, Numbers(i)));
                    expected.Add($"Have {i} 0 0 ");
                    break;
                case 2:
                    bytes.AddRange(Message(6, Numbers(i, i * 16, 99)));
                    expected.Add($"Request {i} {i * 16} 99 ");
                    break;
                case 3:
                    byte[] payload = new byte[random.Next(0, 50)];
                    random.NextBytes(payload);
                    bytes.AddRange(Message(20, payload));
                    expected.Add($"Extended 0 0 0 {Convert.ToHexString(payload)}");
                    break;
                default:
                    byte[] block = new byte[random.Next(5) == 0 ? BlockPool.BlockSize : random.Next(1, 600)];
                    random.NextBytes(block);
                    bytes.AddRange(Block(i, 7, block));
                    expected.Add($"Piece {i} 7 {block.Length} {Convert.ToHexString(block)}");
                    break;
            }
        }
        return [.. bytes];
    }

    [Fact]
    public void Whatever_the_portions_the_messages_are_the_same()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = Conversation(random, out List<string> expected);
            var bench = new Bench(this);
            bench.Connection.Portion = seed % 3 == 0 ? int.MaxValue : random.Next(1, 3000);
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(random.Next(1, seed % 2 == 0 ? 20_000 : 40), bytes.Length - at);
                bench.Push(bytes[at..(at + length)]);
                at += length;
            }
            Assert.Equal(expected, bench.Messages);
            Assert.Equal(bytes.Length, bench.Receiver.Received.Total);
            bench.Connection.PushEnd();
            world.Settle();
            Assert.Equal([DisconnectReason.ClosedByPeer], bench.Ends);
            Assert.Equal(0, pool.Rented);
        }
    }

    [Fact]
    public void A_strand_that_is_behind_stops_the_receiving()
    {
        var slow = new Queue<IWorkItem>();
        var strand = new Strand(new Holding(slow), static _ => { });
        strand.Enqueue(static _ => { }); // busy: what comes waits in line
        var bench = new Bench(this, strand);
        bench.Push(Message(4, Numbers(1)));
        bench.Push(Message(4, Numbers(2)));
        bench.Push(Message(4, Numbers(3)));
        Assert.Empty(bench.Messages);
        Assert.Equal(18, bench.Connection.Unread);
        while (slow.TryDequeue(out IWorkItem? item)) item.Run();
        world.Settle();
        Assert.Equal([1, 2], bench.Batches); // what had come meanwhile came together
        Assert.Equal(3, bench.Messages.Count);
    }

    private sealed class Holding(Queue<IWorkItem> items) : IScheduler
    {
        public void Schedule(IWorkItem item) => items.Enqueue(item);
    }

    [Fact]
    public void Without_memory_it_waits_and_goes_on_where_it_was()
    {
        var others = new Stack<int>();
        while (pool.TryRent(out int slot)) others.Push(slot);
        byte[] one = new byte[300], two = new byte[BlockPool.BlockSize];
        new Random(1).NextBytes(one);
        new Random(2).NextBytes(two);
        var bench = new Bench(this) { KeepBlocks = true };
        bench.Push([.. Message(4, Numbers(1)), .. Block(1, 0, one), .. Message(4, Numbers(2)), .. Block(2, 0, two), .. Message(1)]);
        Assert.Equal(["Have 1 0 0 "], bench.Messages);

        pool.Return(others.Pop());
        world.Settle();
        Assert.Equal(3, bench.Messages.Count);
        Assert.Equal($"Piece 1 0 300 {Convert.ToHexString(one)}", bench.Messages[1]);

        pool.Return(others.Pop());
        world.Settle();
        Assert.Equal(5, bench.Messages.Count);
        Assert.Equal($"Piece 2 0 {two.Length} {Convert.ToHexString(two)}", bench.Messages[3]);
        Assert.Equal("Unchoke 0 0 0 ", bench.Messages[4]);
    }

    [Fact]
    public void A_full_pool_holds_up_nobody_who_sends_no_block()
    {
        while (pool.TryRent(out _)) { }
        var bench = new Bench(this);
        // More than one batch of them.
        for (int i = 0; i < 40; i++) bench.Push([.. Enumerable.Range(0, 100).SelectMany(n => Message(4, Numbers(n)))]);
        bench.Push([.. Enumerable.Range(0, 5000).SelectMany(n => Message(4, Numbers(n)))]);
        Assert.Equal(9000, bench.Messages.Count);
    }

    [Fact]
    public void A_block_that_was_cut_off_gives_its_memory_back()
    {
        foreach (bool abort in (bool[])[false, true])
        {
            var bench = new Bench(this);
            bench.Push(Block(1, 0, new byte[1000])[..700]);
            Assert.Equal(1, pool.Rented);
            if (abort) bench.Connection.Abort();
            else bench.Connection.PushEnd();
            world.Settle();
            Assert.Equal([abort ? DisconnectReason.ConnectionLost : DisconnectReason.ClosedByPeer], bench.Ends);
            Assert.Equal(0, pool.Rented);
        }
    }

    [Fact]
    public void Broken_protocol_ends_it_with_the_reason_after_what_came_before()
    {
        foreach ((byte[] bad, DisconnectReason reason) in new (byte[], DisconnectReason)[]
        {
            ([0x7f, 0xff, 0xff, 0xff], DisconnectReason.MessageTooLong),
            (Message(0, 1), DisconnectReason.MessageLength),
            (Message(4, Numbers(-1)), DisconnectReason.NumberOutOfRange),
            (Message(7, Numbers(1, 0)), DisconnectReason.BlockSize),
            (Block(0, 0, new byte[BlockPool.BlockSize + 1]), DisconnectReason.BlockSize), // we never ask for more
        })
        {
            var bench = new Bench(this);
            bench.Push([.. Message(1), .. bad, .. Message(1)]);
            Assert.Equal(["Unchoke 0 0 0 "], bench.Messages);
            Assert.Equal([reason], bench.Ends);
            Assert.Equal(0, pool.Rented);
        }
    }

    [Fact]
    public void Of_a_flood_no_batch_is_too_long()
    {
        var bench = new Bench(this);
        bench.Push([.. Enumerable.Range(0, 20_000).SelectMany(_ => Message(2))]);
        Assert.Equal(20_000, bench.Messages.Count);
        Assert.All(bench.Batches, length => Assert.InRange(length, 1, 1024));
    }

    [Fact]
    public void Tells_once_that_something_was_heard()
    {
        var bench = new Bench(this);
        Assert.False(bench.Receiver.TakeHeardFrom());
        bench.Push(new byte[4]);
        Assert.True(bench.Receiver.TakeHeardFrom());
        Assert.False(bench.Receiver.TakeHeardFrom());
    }

    // Each peer sends in bursts and pauses in between; together twice as much as is allowed.
    [Fact]
    public void A_limit_is_used_in_full_by_many_peers_that_pause()
    {
        sessionLimit.BytesPerSecond = 1_000_000;
        Bench[] benches = [.. Enumerable.Range(0, 100).Select(_ => new Bench(this))];
        byte[] burst = new byte[16_000]; // keep-alives
        for (int beat = 0; beat < 200; beat++)
        {
            for (int i = 0; i < benches.Length; i++) if ((beat + i) % 8 == 0) benches[i].Connection.Push(burst);
            world.Advance(100);
            sessionLimit.Refill(0.1);
            world.Settle();
        }
        Assert.InRange(benches.Sum(bench => bench.Receiver.Received.Total), 19_000_000, 20_200_000);
        double fair = 200_000;
        Assert.All(benches, bench => Assert.InRange(bench.Receiver.Received.Total, fair * 0.5, fair * 1.5));
    }
}
