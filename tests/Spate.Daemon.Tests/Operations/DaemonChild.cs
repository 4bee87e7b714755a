using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Spate.Api;
using Spate.Daemon.Operations;

namespace Spate.Daemon.Tests.Operations;

/// <summary>A daemon in a process of its own, on loopback alone, that a test may kill.</summary>
internal sealed class DaemonChild : IDisposable
{
    private readonly Process process;

    private DaemonChild(Process process, Uri address, string key)
    {
        (this.process, Address) = (process, address);
        Client = new SpateClient(address, key);
    }

    public Uri Address { get; }

    public SpateClient Client { get; }

    /// <summary>Bytes of memory that it holds now.</summary>
    public long ResidentBytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
        }
    }

    public static async Task<DaemonChild> StartAsync(string stateFolder, string downloadFolder)
    {
        Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "exec", typeof(DaemonChild).Assembly.Location, "serve", stateFolder, downloadFolder },
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_TieredPGO"] = "0" }, // lives too short to profit from profiles
        })!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        try
        {
            string? address = await process.StandardOutput.ReadLineAsync(patience.Token), key = await process.StandardOutput.ReadLineAsync(patience.Token);
            Assert.True(key is not null, $"the daemon did not start: {address}");
            return new DaemonChild(process, new Uri(address!), key);
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>What the child does.</summary>
    public static async Task<int> ServeAsync(string stateFolder, string downloadFolder)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            stop.Cancel();
        });
        var options = new DaemonOptions
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)], StateFolder = stateFolder, DownloadFolder = downloadFolder,
            Session = new SessionOverrides { Listen = [new IPEndPoint(IPAddress.Loopback, 0)], Dht = false, LocalDiscovery = false },
        };
        bool inTime = await DaemonRun.RunAsync(options, async host =>
        {
            string key = await host.CreateLocalKeyAsync();
            Console.WriteLine(host.Addresses[0]);
            Console.WriteLine(key);
        }, stop.Token);
        return inTime ? 0 : 3;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using (Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
        Client.Dispose();
    }
}
