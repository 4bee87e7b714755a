using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Engine.Tests.Pieces;

public class BlameTests
{
    private readonly Blame blame = new();

    private static ActivePiece Sent(int piece, params int[] senders)
    {
        var active = new ActivePiece(senders.Length);
        active.Start(piece, senders.Length * BlockPool.BlockSize);
        for (int i = 0; i < senders.Length; i++) active[i] = new ActivePiece.Block { State = BlockState.Stored, Sender = senders[i] };
        return active;
    }

    private static Sha1Hash[] Hashes(params string[] blocks) => [.. blocks.Select(block => Sha1Hash.Of(System.Text.Encoding.ASCII.GetBytes(block)))];

    [Fact]
    public void Who_sent_all_of_a_bad_piece_is_guilty_at_once()
    {
        Assert.Equal(7, blame.OnFailed(Sent(0, 7, 7, 7), Hashes("a", "b", "x")));
        Assert.Equal(7, blame.OnFailed(Sent(1, 7), null)); // also when the blocks could not be read back
        Assert.False(blame.Remembers(0));
    }

    [Fact]
    public void Of_several_only_those_whose_blocks_prove_wrong_are_guilty()
    {
        Assert.Equal(0, blame.OnFailed(Sent(0, 1, 2, 3, 1), Hashes("a", "x", "c", "d")));
        Assert.True(blame.Remembers(0));
        Assert.Equal([2], blame.OnPassed(0, Hashes("a", "b", "c", "d")));
        Assert.False(blame.Remembers(0));
        Assert.Empty(blame.OnPassed(0, Hashes("a", "b", "c", "d")));
    }

    [Fact]
    public void Several_failures_of_one_piece_add_up()
    {
        blame.OnFailed(Sent(0, 1, 2), Hashes("a", "x"));
        blame.OnFailed(Sent(0, 3, 1), Hashes("y", "b"));
        blame.OnFailed(Sent(0, 2, 1), Hashes("a", "b")); // good blocks: a third culprit was elsewhere
        Assert.Equal([2, 3], blame.OnPassed(0, Hashes("a", "b")).Order());
    }

    [Fact]
    public void A_guilty_peer_is_named_once()
    {
        blame.OnFailed(Sent(0, 2, 2, 1), Hashes("x", "y", "c"));
        Assert.Equal([2], blame.OnPassed(0, Hashes("a", "b", "c")));
    }

    [Fact]
    public void Blocks_from_an_earlier_run_are_nobodys()
    {
        Assert.Equal(0, blame.OnFailed(Sent(0, 0, 0), Hashes("x", "y")));
        Assert.Equal(0, blame.OnFailed(Sent(1, 0, 4), Hashes("x", "b")));
        Assert.Empty(blame.OnPassed(0, Hashes("a", "b")));
        Assert.Empty(blame.OnPassed(1, Hashes("a", "b")));
        // Nor does it make the only sender of the rest guilty.
        Assert.Equal(0, blame.OnFailed(Sent(2, 4, 0), Hashes("a", "y")));
        Assert.Empty(blame.OnPassed(2, Hashes("a", "b")));
    }

    [Fact]
    public void Without_the_hashes_of_the_blocks_nobody_is_blamed()
    {
        Assert.Equal(0, blame.OnFailed(Sent(0, 1, 2), null));
        Assert.False(blame.Remembers(0));
        blame.OnFailed(Sent(0, 1, 2), Hashes("x", "b"));
        Assert.Empty(blame.OnPassed(0, null));
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_the_oldest_goes_first()
    {
        for (int piece = 0; piece < 1000; piece++) blame.OnFailed(Sent(piece, 1, 2), Hashes("a", "x"));
        int remembered = Enumerable.Range(0, 1000).Count(blame.Remembers);
        Assert.InRange(remembered, 16, 64);
        Assert.True(blame.Remembers(999));
        Assert.False(blame.Remembers(0));
        // The same piece again and again is no way around it, nor does it push others out.
        for (int i = 0; i < 1000; i++) blame.OnFailed(Sent(999, i + 1, i + 2), Hashes($"{i}", "x"));
        Assert.Equal(remembered, Enumerable.Range(0, 1000).Count(blame.Remembers));
    }

    [Fact]
    public void Pieces_that_passed_make_room_for_new_ones()
    {
        for (int piece = 0; piece < 1000; piece++)
        {
            blame.OnFailed(Sent(piece, 1, 2), Hashes("a", "x"));
            if (piece % 100 != 0) blame.OnPassed(piece, Hashes("a", "b"));
        }
        Assert.All(Enumerable.Range(0, 10), i => Assert.True(blame.Remembers(i * 100)));
    }
}
