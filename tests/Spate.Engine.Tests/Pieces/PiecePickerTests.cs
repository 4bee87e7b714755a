using Spate.Engine.Disk;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;

namespace Spate.Engine.Tests.Pieces;

public class PiecePickerTests
{
    private const int BlockSize = BlockPool.BlockSize;

    private readonly TestWorld world = new();

    private int serials;

    private PickState Seed(Metainfo metainfo, PiecePicker picker)
    {
        var have = new Bitfield(metainfo.PieceCount);
        have.SetAll();
        picker.Availability.Seeds++;
        return new PickState(++serials, have);
    }

    private PickState With(Metainfo metainfo, PiecePicker picker, params int[] pieces)
    {
        var have = new Bitfield(metainfo.PieceCount);
        foreach (int piece in pieces) have.Set(piece);
        picker.Availability.Count(have, arrives: true);
        picker.PeerGained();
        return new PickState(++serials, have);
    }

    private static List<(int Piece, int Block)> Pick(PiecePicker picker, PickState peer, int count)
    {
        var picked = new PickedBlock[count];
        int got = picker.Pick(peer, picked);
        var blocks = new List<(int, int)>();
        foreach ((ActivePiece piece, int block) in picked.AsSpan(0, got))
        {
            peer.Requests.Add(piece.Index, block, 0);
            blocks.Add((piece.Index, block));
        }
        return blocks;
    }

    private static void Receive(PiecePicker picker, PickState peer, int piece, int block)
    {
        Assert.True(peer.Requests.Remove(piece, block, out _));
        ActivePiece active = picker.Find(piece)!;
        active[block].State = BlockState.Stored;
        active[block].Requests = 0;
        active.Received++;
        if (active.IsComplete) picker.Complete(active);
    }

    // Makes the picker pass its first random pieces.
    private static void SkipTheRandomStart(PiecePicker picker, params int[] pieces)
    {
        foreach (int piece in pieces) picker.MarkHave(piece);
        Assert.True(picker.Have.Count >= 4);
    }

    [Fact]
    public void Takes_the_rarest_piece_first_once_it_has_something_to_trade()
    {
        Metainfo metainfo = TestTorrents.Shape(20);
        var picker = new PiecePicker(metainfo, world);
        SkipTheRandomStart(picker, 16, 17, 18, 19);
        PickState seed = Seed(metainfo, picker);
        With(metainfo, picker, [.. Enumerable.Range(0, 16).Where(piece => piece != 7 && piece != 3)]);
        With(metainfo, picker, [.. Enumerable.Range(0, 16).Where(piece => piece != 7)]);
        Assert.Equal([(7, 0), (3, 0)], Pick(picker, seed, 2));
    }

    [Fact]
    public void Begins_with_pieces_of_chance_so_that_not_all_begin_with_the_same()
    {
        Metainfo metainfo = TestTorrents.Shape(200);
        var firsts = new HashSet<int>();
        for (int run = 0; run < 20; run++)
        {
            var picker = new PiecePicker(metainfo, new TestWorld(run));
            PickState seed = Seed(metainfo, picker);
            With(metainfo, picker, [.. Enumerable.Range(1, 199)]); // piece 0 is rarest for all of them
            firsts.Add(Pick(picker, seed, 1)[0].Piece);
        }
        Assert.True(firsts.Count > 10);
    }

    [Fact]
    public void Takes_what_is_wanted_most_first_and_never_what_is_not_wanted()
    {
        Metainfo metainfo = TestTorrents.Shape(30);
        var picker = new PiecePicker(metainfo, world);
        PickState seed = Seed(metainfo, picker);
        for (int piece = 0; piece < 30; piece++) picker.SetPriority(piece, (PiecePriority)(piece % 4));
        List<(int Piece, int Block)> picked = Pick(picker, seed, 30);
        Assert.Equal(22, picked.Count); // 30 without the eight of priority Skip
        int[] priorities = [.. picked.Select(block => block.Piece % 4)];
        Assert.Equal([.. Enumerable.Repeat(3, 7), .. Enumerable.Repeat(2, 7), .. Enumerable.Repeat(1, 8)], priorities);
        Assert.Empty(Pick(picker, With(metainfo, picker, 0, 4, 8), 10));
    }

    [Fact]
    public void Takes_what_the_peer_suggests_the_latest_first()
    {
        Metainfo metainfo = TestTorrents.Shape(20);
        var picker = new PiecePicker(metainfo, world);
        PickState seed = Seed(metainfo, picker), other = Seed(metainfo, picker);
        With(metainfo, picker, [.. Enumerable.Range(1, 19)]); // piece 0 is rarest
        seed.Suggest(9);
        seed.Suggest(12);
        Assert.Equal([(12, 0), (9, 0)], Pick(picker, seed, 2));
        SkipTheRandomStart(picker, 1, 2, 3, 4);
        Assert.Equal([(0, 0)], Pick(picker, other, 1)); // who suggests nothing is asked as ever
        PickState third = With(metainfo, picker, 5, 6, 7);
        foreach (int piece in (int[])[6, 0, 1, 12, 18]) third.Suggest(piece); // of others it has none, or they are under way or there
        Assert.Equal([(6, 0)], Pick(picker, third, 1));
    }

    [Fact]
    public void What_is_wanted_more_goes_before_what_is_suggested()
    {
        Metainfo metainfo = TestTorrents.Shape(20);
        var picker = new PiecePicker(metainfo, world);
        PickState seed = Seed(metainfo, picker);
        picker.SetPriority(3, PiecePriority.High);
        picker.SetPriority(8, PiecePriority.Skip);
        seed.Suggest(9);
        seed.Suggest(8);
        Assert.Equal([(3, 0), (9, 0)], Pick(picker, seed, 2));
        Assert.DoesNotContain((8, 0), Pick(picker, seed, 20));
    }

    [Fact]
    public void Of_many_suggestions_the_latest_count()
    {
        Metainfo metainfo = TestTorrents.Shape(100);
        var picker = new PiecePicker(metainfo, world);
        PickState seed = Seed(metainfo, picker);
        for (int i = 0; i < 1000; i++) seed.Suggest(i % 100);
        seed.Suggest(90);
        Assert.Equal(16, seed.Suggested!.Count);
        Assert.Equal([(90, 0), (99, 0), (98, 0)], Pick(picker, seed, 3));
    }

    [Fact]
    public void In_sequence_takes_pieces_in_their_order()
    {
        Metainfo metainfo = TestTorrents.Shape(10, 3 * BlockSize);
        var picker = new PiecePicker(metainfo, world) { Sequential = true };
        PickState seed = Seed(metainfo, picker), other = Seed(metainfo, picker);
        Assert.Equal([(0, 0), (0, 1)], Pick(picker, seed, 2));
        Assert.Equal([(0, 2), (1, 0), (1, 1)], Pick(picker, other, 3));
        Assert.Equal([(1, 2), (2, 0)], Pick(picker, seed, 2));
        PickState partial = With(metainfo, picker, 4, 9);
        Assert.Equal([(4, 0)], Pick(picker, partial, 1));
        picker.SetPriority(2, PiecePriority.Skip);
        picker.SetPriority(3, PiecePriority.Skip);
        Assert.Equal((4, 1), Pick(picker, other, 1)[0]);
    }

    [Fact]
    public void Keeps_a_peer_at_one_piece_and_peers_apart()
    {
        Metainfo metainfo = TestTorrents.Shape(10, 8 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState one = Seed(metainfo, picker), two = Seed(metainfo, picker);
        int first = Pick(picker, one, 3)[0].Piece;
        int second = Pick(picker, two, 3)[0].Piece;
        Assert.NotEqual(first, second);
        Assert.All(Pick(picker, one, 5), block => Assert.Equal(first, block.Piece));
        Assert.All(Pick(picker, two, 5), block => Assert.Equal(second, block.Piece));
    }

    [Fact]
    public void A_slow_peer_helps_with_pieces_under_way_and_starts_none()
    {
        Metainfo metainfo = TestTorrents.Shape(10, 8 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState fast = Seed(metainfo, picker), slow = Seed(metainfo, picker);
        slow.IsSlow = true;
        int piece = Pick(picker, fast, 2)[0].Piece;
        Assert.Equal([(piece, 2)], Pick(picker, slow, 1));
    }

    [Fact]
    public void Pieces_left_behind_are_finished_before_new_ones_are_begun()
    {
        Metainfo metainfo = TestTorrents.Shape(10, 4 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState leaver = Seed(metainfo, picker), heir = Seed(metainfo, picker);
        List<(int Piece, int Block)> asked = Pick(picker, leaver, 3);
        int piece = asked[0].Piece;
        Receive(picker, leaver, piece, 0);
        Leave(picker, leaver);
        List<(int Piece, int Block)> next = Pick(picker, heir, 4);
        Assert.Equal([(piece, 1), (piece, 2), (piece, 3)], next[..3]);
        Assert.NotEqual(piece, next[3].Piece);
    }

    private static void Leave(PiecePicker picker, PickState peer)
    {
        while (peer.Requests.TryTake(out PendingRequest request)) picker.Release(peer, request.Piece, request.Block);
        picker.Disown(peer);
    }

    [Fact]
    public void While_choked_takes_only_what_the_peer_allows()
    {
        Metainfo metainfo = TestTorrents.Shape(20, 2 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState peer = With(metainfo, picker, 1, 2, 3, 4);
        peer.Only = [3, 9, 1, 3]; // it may allow what it does not have, and twice
        picker.MarkHave(1);
        Assert.Equal([(3, 0), (3, 1)], Pick(picker, peer, 10));
        Assert.Empty(Pick(picker, peer, 10));
        peer.Only = [];
        Assert.Empty(Pick(picker, peer, 10));
        peer.Only = null;
        Assert.Equal(4, Pick(picker, peer, 10).Count);
    }

    [Fact]
    public void A_piece_that_failed_is_asked_of_one_peer_at_a_time()
    {
        Metainfo metainfo = TestTorrents.Shape(1, 8 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState one = Seed(metainfo, picker), two = Seed(metainfo, picker);
        Pick(picker, one, 8);
        ActivePiece piece = picker.Find(0)!;
        while (one.Requests.TryTake(out _)) { }
        picker.Restart(piece);

        Assert.Equal(3, Pick(picker, two, 3).Count);
        Assert.Empty(Pick(picker, one, 8)); // neither free blocks nor, as in end game, those asked of the other
        Assert.Equal(5, Pick(picker, two, 8).Count);
        Leave(picker, two);
        Assert.Equal(8, Pick(picker, one, 8).Count);
    }

    [Fact]
    public void At_the_end_asks_others_too_but_each_once_and_not_more_than_three()
    {
        Metainfo metainfo = TestTorrents.Shape(1, 2 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState[] peers = [.. Enumerable.Range(0, 5).Select(_ => Seed(metainfo, picker))];
        Assert.Equal(2, Pick(picker, peers[0], 10).Count);
        Assert.Empty(Pick(picker, peers[0], 10));
        Assert.Equal(2, Pick(picker, peers[1], 10).Count);
        Assert.Equal(2, Pick(picker, peers[2], 10).Count);
        Assert.Empty(Pick(picker, peers[3], 10));
        // One of the three gives up: its place is free.
        peers[1].Requests.Remove(0, 1, out _);
        picker.Release(peers[1], 0, 1);
        Assert.Equal([(0, 1)], Pick(picker, peers[4], 10));
    }

    [Fact]
    public void Blocks_that_are_in_the_file_are_not_asked_for_again()
    {
        Metainfo metainfo = TestTorrents.Shape(3, 4 * BlockSize, lastPiece: 2 * BlockSize + 5);
        var picker = new PiecePicker(metainfo, world);
        ActivePiece restored = picker.Restore(2, block => block == 1);
        Assert.Equal((3, 2, 1), (restored.BlockCount, restored.Free, restored.Received));
        Assert.Equal(5, restored.BlockLength(2));
        PickState seed = Seed(metainfo, picker);
        List<(int Piece, int Block)> picked = Pick(picker, seed, 100);
        Assert.Equal([(2, 0), (2, 2)], picked[..2]);
        Assert.Equal(10, picked.Count);
        Assert.Equal(10, picked.Distinct().Count());
    }

    [Fact]
    public void A_piece_that_is_gone_is_wanted_again()
    {
        Metainfo metainfo = TestTorrents.Shape(3);
        var picker = new PiecePicker(metainfo, world);
        for (int piece = 0; piece < 3; piece++) picker.MarkHave(piece);
        Assert.True(picker.IsFinished);
        PickState seed = Seed(metainfo, picker);
        Assert.Empty(Pick(picker, seed, 5));
        picker.MarkMissing(1);
        Assert.False(picker.IsFinished);
        Assert.Equal([(1, 0)], Pick(picker, seed, 5));
    }

    [Fact]
    public void A_piece_given_up_begins_anew()
    {
        Metainfo metainfo = TestTorrents.Shape(2, 2 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState seed = Seed(metainfo, picker);
        int piece = Pick(picker, seed, 1)[0].Piece;
        seed.Requests.RemovePiece(piece, out _);
        picker.Abandon(picker.Find(piece)!);
        Assert.Null(picker.Find(piece));
        List<(int Piece, int Block)> picked = Pick(picker, seed, 10);
        Assert.Equal(4, picked.Distinct().Count());
    }

    [Fact]
    public void Picking_allocates_nothing_in_steady_state()
    {
        Metainfo metainfo = TestTorrents.Shape(2000, 4 * BlockSize);
        var picker = new PiecePicker(metainfo, world);
        PickState seed = Seed(metainfo, picker);
        var picked = new PickedBlock[64];
        Run(400);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(400);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400); // nothing for any of 1,600 blocks

        void Run(int pieces)
        {
            for (int done = 0; done < pieces;)
            {
                int count = picker.Pick(seed, picked);
                for (int i = 0; i < count; i++)
                {
                    (ActivePiece piece, int block) = picked[i];
                    piece[block].State = BlockState.Stored;
                    piece[block].Requests = 0;
                    piece.Received++;
                    if (!piece.IsComplete) continue;
                    picker.Complete(piece);
                    done++;
                }
            }
        }
    }
}
