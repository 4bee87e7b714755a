using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;
using Spate.Network;

namespace Spate.Tests.Network;

public class LocalAddressesTests
{
    [Theory]
    [InlineData("", "0.0.0.0", "::")]
    [InlineData("[::]:1", "0.0.0.0", "::")]
    [InlineData("0.0.0.0:1", "0.0.0.0", "::")]
    [InlineData("10.8.0.2:1", "10.8.0.2", null)]
    [InlineData("[fd00::2]:1", null, "fd00::2")]
    [InlineData("10.8.0.2:1 [fd00::2]:1", "10.8.0.2", "fd00::2")]
    [InlineData("10.8.0.2:1 [::]:1", "10.8.0.2", "::")]
    public void Who_listens_on_certain_addresses_only_speaks_from_these_only(string listen, string? v4, string? v6)
    {
        IPEndPoint[] endPoints = [.. listen.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPEndPoint.Parse)];
        Assert.Equal(new LocalAddresses(v4 is null ? null : IPAddress.Parse(v4), v6 is null ? null : IPAddress.Parse(v6)), LocalAddresses.For(endPoints));
    }

    [Fact]
    public async Task Connections_leave_from_the_address()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen();
        var network = new SocketNetwork(new LocalAddresses(IPAddress.Parse("127.0.0.7"), null));

        using IConnection connection = await network.ConnectAsync((IPEndPoint)server.LocalEndPoint!, CancellationToken.None);

        using Socket accepted = await server.AcceptAsync();
        Assert.Equal("127.0.0.7", ((IPEndPoint)accepted.RemoteEndPoint!).Address.ToString());
    }

    [Fact]
    public async Task Nothing_leaves_over_a_family_that_is_not_used()
    {
        using var server = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        server.Listen();
        var network = new SocketNetwork(new LocalAddresses(IPAddress.Loopback, null));

        await Assert.ThrowsAsync<IOException>(async () => await network.ConnectAsync((IPEndPoint)server.LocalEndPoint!, CancellationToken.None));
    }
}
