using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>Two on one cable, in network namespaces of their own, find each other by multicast (BEP 14): two of ours, or one of ours and libtorrent.</summary>
public class LocalDiscoveryTests
{
    [Theory]
    [InlineData("4", "spate", "spate")]
    [InlineData("6", "spate", "spate")]
    [InlineData("4", "spate", "libtorrent")]
    [InlineData("4", "libtorrent", "spate")]
    [InlineData("6", "spate", "libtorrent")]
    [InlineData("6", "libtorrent", "spate")]
    public Task Two_find_each_other_on_a_cable(string family, string seeder, string downloader) => Scene.RunAsync(async scene =>
    {
        (string output, string errors) = await OwnNetwork.RunAsync("two_networks.sh", TimeSpan.FromSeconds(180), family, seeder, downloader, scene.NewFolder());
        Assert.True(output.TrimEnd().EndsWith("SAME", StringComparison.Ordinal), $"{output}\n{errors}");
    }, limitSeconds: 200);
}
