using System.Diagnostics;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>Two of ours on one cable, in network namespaces of their own, find each other by multicast (BEP 14).</summary>
public class LocalDiscoveryTests
{
    [Theory]
    [InlineData("4")]
    [InlineData("6")]
    public Task We_find_ourselves_on_a_cable(string family) => Scene.RunAsync(async scene =>
    {
        string script = Path.Combine(AppContext.BaseDirectory, "Programs", "two_networks.sh");
        var start = new ProcessStartInfo(
            Installed.Find("unshare", "util-linux"),
            [
                "--user", "--map-root-user", "--net", "--mount", "bash", script, family, scene.NewFolder(),
                Environment.ProcessPath is { } dotnet && Path.GetFileNameWithoutExtension(dotnet) == "dotnet" ? dotnet : "dotnet",
                "exec", Path.Combine(AppContext.BaseDirectory, "Spate.Cli.dll"),
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { process.Kill(entireProcessTree: true); }
        Assert.True((await output).TrimEnd().EndsWith("SAME", StringComparison.Ordinal), $"{await output}\n{await errors}");
    }, limitSeconds: 200);
}
