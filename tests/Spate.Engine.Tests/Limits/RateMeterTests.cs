using Spate.Engine.Limits;

namespace Spate.Engine.Tests.Limits;

public class RateMeterTests
{
    private readonly RateMeter meter = new();
    private long now = 5_000;

    private void Run(int bytesPerSecond, int seconds, int stepMs = 500)
    {
        for (int i = 0; i < seconds * 1000 / stepMs; i++)
        {
            meter.Add(bytesPerSecond * stepMs / 1000);
            meter.Sample(now += stepMs);
        }
    }

    [Fact]
    public void Shows_a_new_rate_at_once()
    {
        meter.Sample(now);
        meter.Add(50_000);
        meter.Sample(now += 500);
        Assert.Equal(100_000, meter.BytesPerSecond, 1.0);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(500)]
    [InlineData(2000)]
    public void Follows_a_change_within_some_seconds_whatever_the_step(int stepMs)
    {
        meter.Sample(now);
        Run(100_000, 10, stepMs);
        Assert.Equal(100_000, meter.BytesPerSecond, 1.0);
        Run(400_000, 2, stepMs);
        Assert.InRange(meter.BytesPerSecond, 200_000, 399_000);
        Run(400_000, 10, stepMs);
        Assert.InRange(meter.BytesPerSecond, 390_000, 400_000);
        Run(0, 2, stepMs);
        Assert.InRange(meter.BytesPerSecond, 50_000, 250_000);
        Run(0, 60, stepMs);
        Assert.Equal(0, meter.BytesPerSecond);
        Assert.Equal((10L * 100_000) + (12L * 400_000), meter.Total);
    }

    [Fact]
    public void Two_samples_in_one_millisecond_lose_nothing()
    {
        meter.Sample(now);
        meter.Add(1000);
        meter.Sample(now);
        meter.Add(1000);
        meter.Sample(now += 1000);
        Assert.Equal(2000, meter.BytesPerSecond, 0.1);
    }

    [Fact]
    public void Totals_of_an_earlier_run_are_no_rate()
    {
        meter.Restore(1 << 30);
        meter.Sample(now);
        meter.Sample(now += 1000);
        Assert.Equal(0, meter.BytesPerSecond);
        Assert.Equal(1 << 30, meter.Total);
    }

    [Fact]
    public async Task Counts_what_many_threads_add()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 100_000; i++) meter.Add(3);
        })));
        Assert.Equal(1_200_000, meter.Total);
    }
}
