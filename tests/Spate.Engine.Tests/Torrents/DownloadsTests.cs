using Spate.Engine.Disk;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Tests.Torrents;

public class DownloadsTests
{
    private const int BlockSize = BlockPool.BlockSize;

    private static DownloadBench Small(int pieces = 6, int blocksPerPiece = 4) =>
        new(TestTorrents.Single((long)pieces * blocksPerPiece * BlockSize - 1000, blocksPerPiece * BlockSize));

    // Lets peers answer in turn until nothing is left to do.
    private static void Finish(DownloadBench bench, params TestPeer[] peers)
    {
        for (int i = 0; i < 100_000 && !bench.Picker.IsFinished; i++)
        {
            int answered = peers.Sum(peer => peer.Answer(3));
            if (answered == 0) bench.Tick();
            if (answered == 0 && i > 500) break;
        }
        bench.AssertComplete();
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(7, 1)]
    [InlineData(6, 4)]
    [InlineData(3, 150)] // larger than the runs that large pieces are written in
    public void Gets_everything_from_one_and_from_several(int pieces, int blocks)
    {
        foreach (int count in (int[])[1, 3])
        {
            DownloadBench bench = Small(pieces, blocks);
            Finish(bench, [.. Enumerable.Range(0, count).Select(_ => bench.Add())]);
            Assert.Empty(bench.Disconnected);
            Assert.Equal(0, bench.Downloads.Failed);
        }
    }

    [Fact]
    public void Blocks_in_any_order_come_together()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            DownloadBench bench = Small(4, 100);
            TestPeer[] peers = [bench.Add(), bench.Add(fast: false)];
            for (int i = 0; i < 10_000 && !bench.Picker.IsFinished; i++)
            {
                TestPeer peer = peers[random.Next(2)];
                if (peer.Open.Count == 0) continue;
                (int piece, int offset, int length) = peer.Open[random.Next(peer.Open.Count)];
                peer.Send(piece, offset, bench.Content.Piece(piece).Slice(offset, length).ToArray());
                if (random.Next(200) == 0) bench.World.Do(() => bench.Downloads.FlushHeld()); // partial pieces go to disk now and then
            }
            bench.AssertComplete();
            Assert.Empty(bench.Disconnected);
        }
    }

    [Fact]
    public void A_block_that_nobody_asked_for_ends_the_connection()
    {
        DownloadBench bench = Small();
        TestPeer peer = bench.Add();
        int piece = Enumerable.Range(0, 6).First(piece => peer.Open.All(request => request.Piece != piece));
        peer.Send(piece, 0, bench.Content.Piece(piece)[..1000].ToArray());
        Assert.Equal([(peer.Serial, DisconnectReason.UnrequestedBlock)], bench.Disconnected);
        Assert.Equal(1000, bench.Downloads.Wasted);
        Finish(bench, bench.Add());
    }

    // Three peers or one that comes back: after as many, a block must still be asked for.
    [Fact]
    public void A_block_of_the_wrong_length_ends_the_connection_and_is_asked_of_others()
    {
        foreach (bool shorter in (bool[])[true, false])
        {
            DownloadBench bench = Small(1, 2);
            for (int i = 0; i < 5; i++)
            {
                TestPeer liar = bench.Add();
                (int piece, int offset, int _) = liar.Open.MaxBy(request => request.Offset);
                liar.Send(piece, offset, new byte[shorter ? 1 : BlockSize]);
                Assert.Equal((liar.Serial, DisconnectReason.BlockSize), bench.Disconnected[^1]);
            }
            Finish(bench, bench.Add());
        }
    }

    [Fact]
    public void A_block_at_an_odd_place_is_asked_of_others()
    {
        DownloadBench bench = Small(1, 2);
        for (int i = 0; i < 5; i++)
        {
            TestPeer liar = bench.Add();
            liar.Send(0, 7, new byte[BlockSize]);
            Assert.Equal((liar.Serial, DisconnectReason.BlockSize), bench.Disconnected[^1]);
        }
        Finish(bench, bench.Add());
    }

    [Fact]
    public void Four_that_send_are_many_until_one_stops()
    {
        DownloadBench bench = Small(200, 1);
        TestPeer[] peers = [.. Enumerable.Range(0, 4).Select(_ => bench.Add())];
        bench.Tick(10);
        Assert.All(peers, peer => Assert.False(peer.Connection.Window.IsOneOfMany)); // none has sent anything for a while
        foreach (TestPeer peer in peers) peer.Answer(1);
        bench.Tick();
        Assert.All(peers, peer => Assert.True(peer.Connection.Window.IsOneOfMany));
        for (int i = 0; i < 5; i++)
        {
            foreach (TestPeer peer in peers[1..]) peer.Answer(1);
            bench.Tick();
        }
        Assert.All(peers, peer => Assert.False(peer.Connection.Window.IsOneOfMany));
    }

    // Who needs more than a minute for a piece helps others with theirs; who is faster gets whole ones to itself.
    [Fact]
    public void Fast_peers_get_whole_pieces_and_slow_ones_help()
    {
        DownloadBench bench = Small(40, 64);
        TestPeer fast = bench.Add(), slow = bench.Add();
        for (int second = 0; second < 30; second++)
        {
            fast.Answer(20);
            if (second % 3 == 0) slow.Answer(1);
            bench.Tick();
        }
        Assert.Equal((false, true), (fast.Connection.Pick.IsSlow, slow.Connection.Pick.IsSlow));
    }

    [Fact]
    public void A_peer_that_loses_a_piece_still_sends_the_others()
    {
        foreach (bool fast in (bool[])[true, false])
        {
            DownloadBench bench = Small();
            TestPeer peer = bench.Add(fast);
            bench.World.Do(() =>
            {
                peer.Connection.Window.PeerLimit = 100;
                for (int i = 0; i < 40; i++) peer.Connection.Window.OnBlock(BlockSize, bench.NowMs + i * 30 - 20, bench.NowMs + i * 30);
                bench.Downloads.Refill(peer.Connection);
            });
            int[] pieces = [.. peer.Open.Select(request => request.Piece).Distinct()];
            Assert.True(pieces.Length > 1);
            bench.World.Do(() =>
            {
                peer.Connection.Have.Clear(pieces[0]);
                bench.Picker.Availability.Decrease(pieces[0]);
                bench.Downloads.OnGone(peer.Connection, pieces[0]);
            });
            foreach ((int piece, int offset, int length) in peer.Open.ToList())
            {
                if (piece != pieces[0]) peer.Send(piece, offset, bench.Content.Piece(piece).Slice(offset, length).ToArray());
                else if (fast) bench.World.Do(() => bench.Downloads.OnReject(peer.Connection, piece, offset));
            }
            Assert.Empty(bench.Disconnected);
            Assert.Equal(0, bench.Downloads.Wasted);
            peer.Forget(pieces[0]);
            Finish(bench, peer, bench.Add(fast, [pieces[0]]));
        }
    }

    [Fact]
    public void What_a_choking_peer_owes_is_asked_of_others_and_taken_when_it_still_comes()
    {
        DownloadBench bench = Small();
        TestPeer old = bench.Add(fast: false);
        (int piece, int offset, int length) = old.Open[0];
        old.Choke();
        old.Send(piece, offset, bench.Content.Piece(piece).Slice(offset, length).ToArray()); // it was on its way
        Assert.Equal(0, bench.Downloads.Wasted);
        Finish(bench, bench.Add());
        Assert.Empty(bench.Disconnected);
    }

    [Fact]
    public void With_the_fast_extension_a_choke_takes_nothing_back()
    {
        DownloadBench bench = Small(1, 4);
        TestPeer peer = bench.Add();
        Assert.Equal(4, peer.Open.Count);
        peer.Choke();
        peer.Answer();
        bench.AssertComplete();
    }

    [Fact]
    public void A_peer_that_rejects_everything_is_not_asked_for_ever()
    {
        DownloadBench bench = Small();
        TestPeer peer = bench.Add();
        for (int i = 0; i < 20_000 && !peer.Connection.IsClosed; i++) peer.Reject();
        Assert.Equal([(peer.Serial, DisconnectReason.RejectFlood)], bench.Disconnected);
        Finish(bench, bench.Add());
    }

    [Fact]
    public void A_peer_that_stalls_does_not_hold_up_the_end()
    {
        DownloadBench bench = Small();
        TestPeer silent = bench.Add(), good = bench.Add();
        Assert.NotEmpty(silent.Open);
        Finish(bench, good);
        Assert.Empty(silent.Open);
        Assert.Empty(bench.Disconnected);
    }

    [Fact]
    public void A_peer_that_stalled_is_tried_with_what_others_were_asked_for()
    {
        DownloadBench bench = Small(40, 4);
        TestPeer silent = bench.Add();
        bench.Tick(31);
        Assert.True(silent.Connection.IsSnubbed);
        Assert.Single(silent.Open);
        Assert.True(silent.Cancels > 0);
        TestPeer other = bench.Add();
        bench.Tick(31);
        Assert.Single(silent.Open);
        Assert.Contains(silent.Open[0], other.Open);
        silent.Answer(1);
        Assert.False(silent.Connection.IsSnubbed);
        Assert.True(silent.Open.Count > 1);
        Finish(bench, silent, other);
        Assert.Empty(bench.Disconnected);
    }

    // It spoils a block, gets the piece to itself, and then stays silent but connected.
    [Fact]
    public void A_poisoner_that_gets_the_piece_to_itself_can_not_hold_it_for_ever()
    {
        DownloadBench bench = Small(1, 4);
        TestPeer liar = bench.Add(), good = bench.Add();
        liar.Answer(1, (_, _, bytes) => bytes[0] ^= 1);
        good.Answer(3);
        liar.Answer(0);
        for (int i = 0; i < 4 && bench.Failed.Count == 0; i++)
        {
            good.Answer(1);
            liar.Answer(1);
        }
        Assert.Equal([0], bench.Failed);
        // Whoever has the piece now, the silent one gets every chance to take it.
        for (int i = 0; i < 600 && !bench.Picker.IsFinished; i++)
        {
            bench.Tick();
            good.Answer();
        }
        bench.AssertComplete();
        Assert.Equal([liar.Serial], bench.Banned);
    }

    [Fact]
    public void A_slow_peer_can_not_keep_a_failed_piece_to_itself()
    {
        DownloadBench bench = Small(1, 64);
        TestPeer slow = bench.Add(), good = bench.Add();
        ActivePiece piece = bench.Picker.Active[0];
        slow.Forget();
        good.Forget();
        bench.World.Do(() =>
        {
            foreach (PeerConnection peer in bench.Peers.ToList()) while (peer.Pick.Requests.RemovePiece(0, out _)) { }
            bench.Picker.Restart(piece);
            bench.Downloads.Refill(slow.Connection);
        });
        Assert.Equal(slow.Serial, piece.Owner);
        int seconds = 0;
        for (; seconds < 600 && !bench.Picker.IsFinished; seconds++)
        {
            bench.Tick();
            if (seconds % 20 == 0) slow.Answer(1); // never silent for long enough to be snubbed
            good.Answer();
        }
        bench.AssertComplete();
        Assert.InRange(seconds, 1, 120);
    }

    // It answers every request but one.
    [Fact]
    public void A_request_that_is_passed_over_is_asked_of_others()
    {
        DownloadBench bench = Small(1000, 1);
        TestPeer picky = bench.Add();
        (int piece, int offset, int length) = picky.Open[0];
        TestPeer? other = null;
        for (int i = 0; i < 300; i++)
        {
            if (picky.Open.Count > 1)
            {
                (int p, int o, int n) = picky.Open.First(request => request.Piece != piece);
                picky.Send(p, o, bench.Content.Piece(p).Slice(o, n).ToArray());
            }
            bench.Tick();
            if (i == 60) other = bench.Add(pieces: [piece]);
        }
        Assert.NotEmpty(other!.Open);
        other.Answer();
        Assert.True(bench.Picker.Have[piece]);
        Assert.Empty(bench.Disconnected);
    }

    [Fact]
    public void The_one_who_lied_is_banned_and_nobody_else()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            DownloadBench bench = Small(4, 6);
            TestPeer[] good = [bench.Add(), bench.Add(), bench.Add()];
            TestPeer liar = bench.Add();
            for (int i = 0; i < 3000 && !bench.Picker.IsFinished; i++)
            {
                if (random.Next(3) > 0 && liar.Answer(random.Next(1, 3), (_, _, bytes) => { if (random.Next(2) == 0) bytes[random.Next(bytes.Length)] ^= 1; }) > 0) continue;
                if (good.Sum(peer => peer.Answer(random.Next(3))) == 0) bench.Tick();
            }
            bench.AssertComplete();
            Assert.All(bench.Banned, serial => Assert.Equal(liar.Serial, serial));
            if (bench.Failed.Count > 0) Assert.NotEmpty(bench.Banned);
        }
    }

    [Fact]
    public void A_disk_that_refuses_costs_no_slot_and_the_piece_is_got_again()
    {
        DownloadBench bench = Small(4, 100);
        TestPeer[] peers = [bench.Add(), bench.Add()];
        bench.Storage.Before = (operation, _) => { if (operation == "write") throw new StorageFullException("full"); };
        for (int i = 0; i < 1000 && bench.DiskErrors.Count == 0; i++) foreach (TestPeer peer in peers) peer.Answer(5);
        Assert.IsType<StorageFullException>(bench.DiskErrors[0]);
        foreach (TestPeer peer in peers) peer.Answer(); // what was on its way
        Assert.Empty(bench.Disconnected);

        bench.Storage.Before = null;
        bench.World.Do(() =>
        {
            bench.Downloads.Halted = false;
            bench.Downloads.RefillAll();
        });
        Finish(bench, peers);
        Assert.Empty(bench.Disconnected);
    }

    [Fact]
    public void Short_of_memory_partial_pieces_are_written_out_and_it_goes_on()
    {
        // More than the pool holds in pieces of which each peer has one.
        var bench = new DownloadBench(TestTorrents.Single(8L * 32 * BlockSize, 32 * BlockSize), memory: 1 << 20);
        TestPeer[] peers = [.. Enumerable.Range(0, 8).Select(_ => bench.Add())];
        for (int i = 0; i < 4000 && !bench.Picker.IsFinished; i++)
        {
            int answered = 0;
            foreach (TestPeer peer in peers) if (bench.Pool.Rented < bench.Pool.Capacity) answered += peer.Answer(1);
            if (answered == 0) bench.Tick();
        }
        bench.AssertComplete();
        Assert.Empty(bench.Disconnected);
    }

    [Fact]
    public void What_is_held_can_be_flushed_or_dropped_at_any_time()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            DownloadBench bench = Small(3, 10);
            TestPeer[] peers = [bench.Add(), bench.Add()];
            for (int i = random.Next(20); i > 0; i--) peers[random.Next(2)].Answer(1);
            bench.World.Do(() => { foreach (PeerConnection peer in bench.Peers.ToList()) bench.Disconnect(peer, DisconnectReason.TorrentStopped); });
            int received = bench.Picker.Active.Sum(piece => piece.Received);
            while (seed % 2 == 0)
            {
                bool more = false;
                bench.World.Do(() => more = bench.Downloads.FlushHeld());
                if (!more) break;
            }
            bench.World.Do(bench.Downloads.DropHeld);
            Assert.Equal(0, bench.Pool.Rented);
            int stored = bench.Picker.Active.Sum(piece => Enumerable.Range(0, piece.BlockCount).Count(block => piece[block].State == BlockState.Stored));
            Assert.Equal(seed % 2 == 0 ? received : 0, stored);
            Finish(bench, bench.Add());
        }
    }
}
