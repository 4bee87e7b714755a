using System.Net;
using Spate.Engine;
using Spate.Engine.Discovery;
using Spate.Engine.Ports;
using Spate.Engine.Session;
using Spate.Files;
using Spate.Http;
using Spate.Network;
using Spate.Runtime;

namespace Spate;

/// <summary>Starts sessions in the real world: sockets, files, HTTP.</summary>
public static class SpateSession
{
    /// <summary>Starts a session and begins to listen. Dispose it to stop in order.</summary>
    /// <param name="options">How it behaves; the defaults suit a desktop.</param>
    /// <param name="onFault">Told of every exception inside the session that is a bug; by default they go to standard error.</param>
    /// <exception cref="IOException">A listen address can't be had.</exception>
    public static Task<TorrentSession> StartAsync(SessionOptions? options = null, Action<Exception>? onFault = null)
    {
        options ??= new SessionOptions();
        onFault ??= static e => Console.Error.WriteLine($"spate: an error in this program: {e}");
        var workers = new DiskWorkers(Math.Clamp(Environment.ProcessorCount, 2, 8), onFault);
        var network = new SocketNetwork(Sources(options));
        var names = new NameCache(network.ResolveAsync, TimeProvider.System);
        var environment = new SessionEnvironment
        {
            Time = TimeProvider.System,
            Random = new SystemRandom(),
            Network = network,
            Storage = new DiskStorage(),
            Http = new HttpFetcher(options.ClientName.Replace(' ', '/'), names, network),
            Scheduler = new PoolScheduler(),
            Disk = workers,
        };
        var trackers = new TrackerClients(
            new HttpAnnouncer(environment.Http, names, environment.Time),
            new UdpAnnouncer(network, names, environment.Scheduler, environment.Random, environment.Time, onFault));
        var session = new TorrentSession(options, environment, trackers, onFault);
        try
        {
            session.Start();
            return Task.FromResult(session);
        }
        catch
        {
            workers.Dispose();
            throw;
        }
    }

    // Addresses that are one address, not all of them.
    private static IPAddress[] Sources(SessionOptions options) =>
    [
        .. options.Listen.Select(local => local.Address)
            .Where(address => !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            .DistinctBy(address => address.AddressFamily),
    ];
}
