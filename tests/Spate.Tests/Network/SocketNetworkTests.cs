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
        Assert.Contains("another program uses the port", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_of_another_machine_is_not_blamed_on_another_program()
    {
        IOException refused = Assert.Throws<IOException>(() => network.Listen(new IPEndPoint(IPAddress.Parse("192.0.2.77"), 0)));
        Assert.Contains("this machine does not have that address", refused.Message, StringComparison.Ordinal);
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
