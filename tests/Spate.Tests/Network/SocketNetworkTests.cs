using System.Net;
using Spate.Engine.Ports;
using Spate.Network;

namespace Spate.Tests.Network;

public class SocketNetworkTests
{
    private readonly SocketNetwork network = new();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::")]
    public void A_port_that_another_listens_on_is_not_shared(string address)
    {
        if (address == "::" && !System.Net.Sockets.Socket.OSSupportsIPv6) address = "0.0.0.0";
        using IListener first = network.Listen(new IPEndPoint(IPAddress.Parse(address), 0));
        IOException refused = Assert.Throws<IOException>(() => network.Listen(first.Local));
        Assert.Contains("Is another program using the port?", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_can_be_listened_on_again_at_once_after_its_connections_were_closed()
    {
        IListener first = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using (IConnection here = await network.ConnectAsync(first.Local, default))
        {
            // The end that closes first keeps the address for a while (TIME_WAIT).
            using IConnection there = await first.AcceptAsync();
            there.Dispose();
            Assert.Equal(0, await here.ReceiveAsync(new byte[1]));
        }
        first.Dispose();
        using IListener again = network.Listen(first.Local);
    }
}
