using System.Diagnostics;

namespace Spate.Interop.Tests.Programs;

/// <summary>Runs one of our scripts with a network of its own, where it may make addresses and cables as it likes.</summary>
internal static class OwnNetwork
{
    /// <summary>Runs it. What it needs to run spate is added behind its arguments.</summary>
    /// <returns>What it printed, and what it said of errors.</returns>
    public static async Task<(string Output, string Errors)> RunAsync(string script, TimeSpan limit, params string[] arguments)
    {
        string dotnet = Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet";
        var start = new ProcessStartInfo(
            Installed.Find("unshare", "util-linux"),
            [
                "--user", "--map-root-user", "--net", "--mount", "bash", Path.Combine(AppContext.BaseDirectory, "Programs", script), .. arguments,
                dotnet, "exec", Path.Combine(AppContext.BaseDirectory, "Spate.Cli.dll"),
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(limit);
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { process.Kill(entireProcessTree: true); }
        return (await output, await errors);
    }
}
