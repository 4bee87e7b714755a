using Spate.Engine.Peers;

namespace Spate.Engine.Tests.Peers;

public class RequestRingTests
{
    [Fact]
    public void Is_a_list_in_the_order_of_asking()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var ring = new RequestRing();
            var model = new List<PendingRequest>();
            long now = 0;
            for (int step = 0; step < 600; step++)
            {
                int piece = random.Next(6), block = random.Next(40);
                int at = model.FindIndex(request => request.Piece == piece && request.Block == block);
                switch (random.Next(seed % 2 == 0 ? 8 : 12)) // every second history grows
                {
                    case < 3:
                        Assert.Equal(at >= 0, ring.Remove(piece, block, out PendingRequest removed));
                        if (at < 0) break;
                        Assert.Equal(model[at], removed);
                        model.RemoveAt(at);
                        break;
                    case 3:
                        Assert.Equal(model.Count > 0, ring.TryTake(out PendingRequest taken));
                        if (model.Count == 0) break;
                        Assert.Equal(model[0], taken);
                        model.RemoveAt(0);
                        break;
                    case 4:
                        int first = model.FindIndex(request => request.Piece == piece);
                        Assert.Equal(first >= 0, ring.RemovePiece(piece, out PendingRequest ofPiece));
                        if (first < 0) break;
                        Assert.Equal(model[first], ofPiece);
                        model.RemoveAt(first);
                        break;
                    default:
                        if (at >= 0) break; // a block is asked of a peer once
                        ring.Add(piece, block, ++now);
                        model.Add(new PendingRequest(piece, block, now));
                        break;
                }
                Assert.Equal(model.Count, ring.Count);
                if (model.Count > 0) Assert.Equal(model[0].SentMs, ring.OldestSentMs);
                Assert.Equal(model.Any(request => request.Piece == piece && request.Block == block), ring.Contains(piece, block));
            }
        }
    }

    // A peer may leave one request open for ever and answer all others.
    [Fact]
    public void A_request_that_is_never_answered_costs_neither_memory_nor_time()
    {
        var ring = new RequestRing();
        ring.Add(0, 0, 0);
        for (int i = 1; i < 100; i++) ring.Add(i, 0, i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 100; i < 1_000_000; i++)
        {
            Assert.True(ring.Remove(i - 99, 0, out _)); // never ends when each search passes by all that was answered before
            ring.Add(i, 0, i);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.Equal(100, ring.Count);
        Assert.Equal(0, ring.OldestSentMs);
    }

    [Fact]
    public void Steady_use_allocates_nothing()
    {
        var ring = new RequestRing();
        for (int i = 0; i < 2000; i++) ring.Add(i, 0, i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 2000; i < 50_000; i++)
        {
            ring.Remove(i - 2000, 0, out _);
            ring.Add(i, 0, i);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
