using Spate.Engine.Runtime;
using Spate.Engine.Tests.Discovery;

namespace Spate.Engine.Tests.Runtime;

public class DeadlinesTests
{
    private readonly TestWorld world = new();
    private readonly Deadlines deadlines;
    private readonly List<string> late = [];

    public DeadlinesTests() => deadlines = new Deadlines(new MonotonicClock(world));

    private void Tick(long afterMs)
    {
        world.Advance(afterMs);
        deadlines.Tick();
    }

    [Fact]
    public void What_is_late_is_given_up_once_and_what_came_in_time_is_not()
    {
        deadlines.Set(1000, () => late.Add("first"));
        IDisposable met = deadlines.Set(1000, () => late.Add("met"));
        deadlines.Set(3000, () => late.Add("second"));
        Tick(999);
        Assert.Empty(late);
        met.Dispose();
        Tick(1);
        Assert.Equal(["first"], late);
        Tick(10_000);
        Assert.Equal(["first", "second"], late);
        Tick(10_000);
        met.Dispose();
        Assert.Equal(["first", "second"], late);
    }

    [Fact]
    public void What_is_given_up_may_set_and_dispose_of_others()
    {
        IDisposable other = deadlines.Set(10, () => late.Add("other"));
        IDisposable? own = null;
        own = deadlines.Set(5, () =>
        {
            own!.Dispose();
            other.Dispose();
            deadlines.Set(1, () => late.Add("next"));
        });
        Tick(5);
        Assert.Empty(late);
        Tick(5);
        Assert.Equal(["next"], late);
    }

    [Fact]
    public void At_the_end_everything_is_given_up_at_once_and_what_comes_later_too()
    {
        deadlines.Set(60_000, () => late.Add("first"));
        deadlines.End();
        Assert.Equal(["first"], late);
        deadlines.Set(60_000, () => late.Add("second")).Dispose();
        Assert.Equal(["first", "second"], late);
    }

    [Fact]
    public async Task Once_it_is_disposed_of_nothing_is_given_up_any_more()
    {
        for (int i = 0; i < 200; i++)
        {
            bool gone = false, used = false;
            IDisposable deadline = deadlines.Set(0, () => used = Volatile.Read(ref gone));
            Task tick = Task.Run(deadlines.Tick);
            deadline.Dispose();
            Volatile.Write(ref gone, true);
            await tick;
            Assert.False(used);
        }
    }
}
