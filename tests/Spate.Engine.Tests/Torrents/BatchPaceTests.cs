using Spate.Engine.Torrents;

namespace Spate.Engine.Tests.Torrents;

/// <summary>When a whole piece may wait for others, decided from nothing but times and counts.</summary>
public class BatchPaceTests
{
    private const int Row = 8;
    private const int Many = 1000;

    private readonly BatchPace pace = new(Row);

    [Fact]
    public void The_first_row_shows_how_fast_they_come()
    {
        for (int i = 0; i < Row; i++) Assert.False(pace.OnWhole(i, Many, isMemoryShort: false));
        for (int i = 0; i < Row; i++) Assert.True(pace.OnWhole(Row + i, Many, isMemoryShort: false));
    }

    [Theory]
    [InlineData(BatchPace.FastMs, true)]
    [InlineData(BatchPace.FastMs + 1, false)]
    public void They_are_fast_when_a_row_took_no_longer_than_that(long rowMs, bool expected)
    {
        Come(Row - 1, 5000);
        Come(1, 5000 + rowMs);
        Assert.Equal(expected, pace.OnWhole(5000 + rowMs, Many, isMemoryShort: false));
    }

    [Fact]
    public void A_row_that_was_slow_ends_the_waiting_until_one_is_fast_again()
    {
        Come(Row, 0);
        Assert.True(pace.OnWhole(0, Many, isMemoryShort: false));
        Come(Row - 2, 0);
        Assert.True(pace.OnWhole(1000, Many, isMemoryShort: false)); // what counts is the row before
        Come(Row - 1, 2000);
        Assert.False(pace.OnWhole(2000, Many, isMemoryShort: false));
        Assert.True(pace.OnWhole(2000, Many, isMemoryShort: false));
    }

    [Fact]
    public void Nobody_waits_while_memory_is_short()
    {
        Come(Row, 0);
        Assert.False(pace.OnWhole(0, Many, isMemoryShort: true));
        Assert.True(pace.OnWhole(0, Many, isMemoryShort: false));
    }

    [Fact]
    public void Nobody_waits_for_what_will_not_come()
    {
        Come(Row, 0);
        // Nine are at the disk with this one: eight more make a batch.
        Assert.True(pace.OnWhole(0, missing: 2 * Row + 1, isMemoryShort: false));
        Assert.False(pace.OnWhole(0, missing: 2 * Row + 1, isMemoryShort: false));
    }

    [Fact]
    public void What_is_done_is_at_the_disk_no_longer()
    {
        Come(Row, 0);
        for (int i = 0; i < Row; i++) pace.OnDone();
        Assert.True(pace.OnWhole(0, missing: Row + 1, isMemoryShort: false));
        Assert.False(pace.OnWhole(0, missing: Row + 1, isMemoryShort: false));
        pace.OnDone();
        pace.OnDone();
        Assert.True(pace.OnWhole(0, missing: Row + 1, isMemoryShort: false));
    }

    [Fact]
    public void Without_batches_nobody_ever_waits()
    {
        var none = new BatchPace(1);
        for (int i = 0; i < 100; i++)
        {
            Assert.False(none.OnWhole(0, Many, isMemoryShort: false));
            none.OnDone();
        }
    }

    private void Come(int pieces, long atMs)
    {
        for (int i = 0; i < pieces; i++) pace.OnWhole(atMs, Many, isMemoryShort: false);
    }
}
