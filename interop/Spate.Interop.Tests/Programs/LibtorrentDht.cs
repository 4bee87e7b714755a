using System.Diagnostics;
using System.Net;

namespace Spate.Interop.Tests.Programs;

/// <summary>A DHT of libtorrent nodes, each on an address of its own, that is told what to do line by line.</summary>
internal sealed class LibtorrentDht : IAsyncDisposable
{
    private readonly Process process;
    private readonly string prefix;
    private int beside;

    private LibtorrentDht(Process process, string prefix) => (this.process, this.prefix) = (process, prefix);

    public static async Task<LibtorrentDht> StartAsync(int nodes)
    {
        string prefix = $"127.{Random.Shared.Next(128, 250)}";
        // Debian's own Python, for which the binding is made; another one may come first in the path.
        string python = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : Installed.Find("python3", "python3");
        var start = new ProcessStartInfo(python, [Path.Combine(AppContext.BaseDirectory, "Programs", "libtorrent_dht.py"), nodes.ToString(), prefix])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        var dht = new LibtorrentDht(Process.Start(start)!, prefix);
        Assert.Equal("READY", await dht.process.StandardOutput.ReadLineAsync());
        return dht;
    }

    /// <summary>Where a node listens; they are numbered from 1.</summary>
    public IPEndPoint EndPointOf(int node) => new(IPAddress.Parse($"{prefix}.{node}.1"), 6881);

    /// <summary>An address beside those of the nodes that no test has had yet.</summary>
    public IPAddress NextBeside() => IPAddress.Parse($"{prefix}.{Interlocked.Increment(ref beside)}.77");

    /// <summary>Tells a node to do something and returns what it says (see the script).</summary>
    public async Task<string> AskAsync(string command)
    {
        await process.StandardInput.WriteLineAsync(command);
        await process.StandardInput.FlushAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await process.StandardOutput.ReadLineAsync(patience.Token) ?? throw new InvalidOperationException("libtorrent's script ended.");
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException) { process.Kill(); }
        process.Dispose();
    }
}
