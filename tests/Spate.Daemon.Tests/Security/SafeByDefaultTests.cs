using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Spate.Daemon.Tests.Api;

namespace Spate.Daemon.Tests.Security;

/// <summary>What holds before anybody has configured anything.</summary>
public sealed class SafeByDefaultTests
{
    [Fact]
    public async Task It_listens_on_the_loopback_alone()
    {
        Assert.All(new DaemonOptions { StateFolder = "/s", DownloadFolder = "/d" }.Listen, address => Assert.True(IPAddress.IsLoopback(address.Address)));
        await using TestDaemon daemon = await TestDaemon.StartAsync();
        IEnumerable<IPAddress> others = NetworkInterface.GetAllNetworkInterfaces().SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address).Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal);
        foreach (IPAddress address in others)
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await Assert.ThrowsAnyAsync<SocketException>(() => socket.ConnectAsync(address, daemon.Host.Addresses[0].Port));
        }
    }

    [Theory]
    [InlineData("Spate.Daemon")]
    [InlineData("Spate.Api")]
    [InlineData("Spate")]
    [InlineData("Spate.Engine")]
    [InlineData("Spate.Protocol")]
    [InlineData("Spate.Tracker")]
    public void Nothing_in_it_can_run_a_program(string assembly)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        MetadataReader metadata = file.GetMetadataReader();
        var types = metadata.TypeReferences.Select(metadata.GetTypeReference).Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}").ToHashSet();
        Assert.Contains("System.Object", types); // it reads what it shall
        Assert.DoesNotContain("System.Diagnostics.Process", types);
        Assert.DoesNotContain("System.Diagnostics.ProcessStartInfo", types);
        IEnumerable<string> natives = metadata.MethodDefinitions.Select(handle => metadata.GetMethodDefinition(handle).GetImport()).Where(import => !import.Name.IsNil)
            .Select(import => metadata.GetString(import.Name));
        Assert.All(natives, name => Assert.DoesNotMatch("^(exec.*|posix_spawn.*|v?fork|system|popen|clone.*|CreateProcess.*|ShellExecute.*|WinExec|dlopen|LoadLibrary.*)$", name));
    }
}
