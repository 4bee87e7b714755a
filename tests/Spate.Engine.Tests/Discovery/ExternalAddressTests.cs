using System.Net;
using Spate.Engine.Discovery;

namespace Spate.Engine.Tests.Discovery;

public class ExternalAddressTests
{
    private readonly ExternalAddress external = new();

    [Fact]
    public void Two_networks_that_agree_are_believed()
    {
        Assert.False(Vote("203.0.113.5", "198.51.100.1"));
        Assert.False(Vote("203.0.113.5", "198.51.100.2")); // the same network
        Assert.Null(external.V4);
        Assert.True(Vote("203.0.113.5", "8.8.8.8"));
        Assert.Equal("203.0.113.5", external.V4!.ToString());
        Assert.False(Vote("203.0.113.5", "9.9.9.9"));
    }

    [Fact]
    public void Families_are_apart()
    {
        Vote("2001:db8::5", "2001:db8:1::1");
        Vote("203.0.113.5", "2001:db8:2::1");
        Assert.Null(external.V6);
        Assert.True(Vote("2001:db8::5", "2001:db8:3::1"));
        Assert.Equal("2001:db8::5", external.V6!.ToString());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("fe80::1")]
    public void Addresses_that_nobody_outside_can_see_do_not_count(string claimed)
    {
        for (int i = 0; i < 10; i++) Assert.False(Vote(claimed, $"198.51.{i}.1"));
    }

    [Fact]
    public void A_minority_of_liars_changes_nothing_and_a_real_change_wins()
    {
        for (int i = 0; i < 10; i++) Vote("203.0.113.5", $"198.51.{i}.1");
        for (int i = 0; i < 9; i++) Assert.False(Vote($"203.0.113.66", $"198.52.{i}.1"));
        Assert.Equal("203.0.113.5", external.V4!.ToString());
        for (int i = 0; i < 64; i++) Vote("203.0.113.7", $"198.53.{i}.1");
        Assert.Equal("203.0.113.7", external.V4!.ToString());
    }

    private bool Vote(string claimed, string voter) => external.Vote(IPAddress.Parse(claimed), IPAddress.Parse(voter));
}
