using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text.Json;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests.OurTracker;

/// <summary>The npm package bittorrent-tracker as client, over all three protocols.</summary>
public sealed class WebTorrentClientTests : IClassFixture<WebTorrentClientTests.Package>
{
    private readonly Package package;

    public WebTorrentClientTests(Package package) => this.package = package;

    /// <summary>The package and what it needs, as the lock file names them.</summary>
    public sealed class Package
    {
        public Package()
        {
            // Beside the sources, where the lock file is. ./test installs there before it takes the network away.
            Folder = typeof(Package).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "WebTorrentFolder").Value!;
            if (Directory.Exists(Path.Combine(Folder, "node_modules"))) return;
            var install = new ProcessStartInfo(Installed.Find("npm", "npm"), ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            {
                WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true,
            };
            using Process process = Process.Start(install)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new InvalidOperationException($"npm ci failed: {output.Result}{error.Result}");
        }

        public string Folder { get; }
    }

    [Theory]
    [InlineData("http", false)]
    [InlineData("http", true)]
    [InlineData("udp", false)]
    [InlineData("ws", false)]
    [InlineData("ws", true)]
    public Task Two_clients_meet(string scheme, bool v6) => Scene.RunAsync(async scene =>
    {
        TrackerScene tracker = await TrackerScene.StartAsync(scene, v6 ? IPAddress.IPv6Loopback : IPAddress.Loopback);
        await using var process = new ForeignProcess(Installed.Find("node", "nodejs"), ["client.mjs", tracker.Url(scheme)], package.Folder);
        await scene.WaitAsync(() => process.HasEnded, $"the clients to end\n{process.Log}");
        var steps = process.Log.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(step => step.GetProperty("step").GetString()!);
        Assert.True(process.ExitCode == 0 && !steps.ContainsKey("warning") && steps.ContainsKey("done"), process.Log);

        (int, int, int?) Counts(string step) => CountsOf(steps[step]);
        int? none = scheme == "http" ? 0 : null; // only HTTP answers announces with the count of downloads
        Assert.Equal((0, 1, none), Counts("ann starts"));
        Assert.Equal((1, 1, none), Counts("bob starts"));
        Assert.Equal((1, 1, 0), Counts("scrape"));
        Assert.Equal((2, 0, scheme == "http" ? 1 : null), Counts("ann completes"));
        Assert.Equal((2, 0, 1), Counts("scrape again"));
        Assert.Equal((1, 0, scheme == "http" ? 1 : null), Counts("bob stops"));
        if (scheme != "udp")
        {
            Assert.Equal((2, 0, 1), CountsOf(steps["scrape of two"].GetProperty("known")));
            Assert.Equal((0, 0, 0), CountsOf(steps["scrape of two"].GetProperty("unknown")));
        }
        if (scheme == "ws")
        {
            JsonElement signalled = steps["signalled"];
            Assert.Equal("-WW0001-bob000000000", signalled.GetProperty("annSees").GetString());
            Assert.Equal("-WW0001-ann000000000", signalled.GetProperty("bobSees").GetString());
            Assert.True(signalled.GetProperty("offer").GetBoolean() && signalled.GetProperty("answer").GetBoolean());
        }
        else
        {
            string address = v6 ? "[::1]:6881" : "127.0.0.1:6881";
            Assert.Equal(address, steps["peers"].GetProperty("bobSees").EnumerateArray().Single().GetString());
        }
    });

    private static (int, int, int?) CountsOf(JsonElement step) => (
        step.GetProperty("complete").GetInt32(), step.GetProperty("incomplete").GetInt32(),
        step.TryGetProperty("downloaded", out JsonElement downloaded) ? downloaded.GetInt32() : null);
}
