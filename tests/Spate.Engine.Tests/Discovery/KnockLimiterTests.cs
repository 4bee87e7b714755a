using System.Net;
using Spate.Engine.Discovery;

namespace Spate.Engine.Tests.Discovery;

public class KnockLimiterTests
{
    private readonly KnockLimiter limiter = new(burst: 3, perMinute: 2);

    [Theory]
    [InlineData("198.51.100.7", "198.51.100.7", "198.51.100.8")]
    [InlineData("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")] // an IPv6 network is one house
    public void Who_does_not_answer_is_tried_a_few_times_and_then_a_few_times_a_minute(string first, string same, string other)
    {
        for (int i = 0; i < 3; i++) Assert.True(limiter.TryKnock(IPAddress.Parse(first), 0));
        Assert.False(limiter.TryKnock(IPAddress.Parse(same), 0));
        Assert.True(limiter.TryKnock(IPAddress.Parse(other), 0));
        int tried = 0;
        for (long now = 0; now < 600_000; now += 1000) tried += limiter.TryKnock(IPAddress.Parse(same), now) ? 1 : 0;
        Assert.InRange(tried, 19, 20);
    }

    [Fact]
    public void Who_answers_is_tried_as_often_as_one_likes()
    {
        var address = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 100; i++)
        {
            Assert.True(limiter.TryKnock(address, 0));
            limiter.OnAnswered(address);
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("192.168.1.7")]
    [InlineData("fe80::1")]
    public void Neighbours_are_not_counted(string address)
    {
        for (int i = 0; i < 100; i++) Assert.True(limiter.TryKnock(IPAddress.Parse(address), 0));
    }

    [Fact]
    public void A_flood_of_addresses_does_not_set_free_the_one_that_was_tried_last()
    {
        var victim = IPAddress.Parse("198.51.100.7");
        for (int i = 0; i < 3; i++) limiter.TryKnock(victim, 0);
        for (int i = 0; i < 4000; i++) limiter.TryKnock(new IPAddress([20, 1, (byte)(i >> 8), (byte)i]), 0);
        Assert.False(limiter.TryKnock(victim, 0));
    }
}
