using System.Net;
using System.Net.NetworkInformation;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Network;

namespace Spate.Tests.Network;

public class MulticastSocketTests
{
    [Fact] // over IPv4: loopback has no route for groups of IPv6
    public async Task Two_programs_on_one_machine_hear_each_other_and_themselves()
    {
        IPEndPoint group = LocalDiscovery.Group4;
        using var a = new MulticastSocket(group, IsLoopback);
        using var b = new MulticastSocket(group, IsLoopback);
        a.Send("hello"u8, group);
        foreach (MulticastSocket socket in new[] { a, b })
        {
            byte[] buffer = new byte[100];
            Datagram datagram = await socket.ReceiveAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal("hello"u8.ToArray(), buffer[..datagram.Length]);
            Assert.Equal(group.AddressFamily, datagram.Remote.AddressFamily);
        }
    }

    [Fact]
    public async Task Disposing_ends_a_receive()
    {
        var socket = new MulticastSocket(LocalDiscovery.Group4, IsLoopback);
        Task<Datagram> receive = socket.ReceiveAsync(new byte[10]).AsTask();
        socket.Dispose();
        await Assert.ThrowsAsync<IOException>(() => receive.WaitAsync(TimeSpan.FromSeconds(30)));
        socket.Send("x"u8, LocalDiscovery.Group4); // does nothing, and does not throw
    }

    [Fact]
    public void No_interface_is_an_error_for_people()
    {
        IOException error = Assert.Throws<IOException>(() => new MulticastSocket(LocalDiscovery.Group4, _ => false));
        Assert.Equal("No interface takes part in 239.192.152.143:6771.", error.Message);
    }

    private static bool IsLoopback(NetworkInterface card) => card.NetworkInterfaceType == NetworkInterfaceType.Loopback;
}
