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
        LocalAddresses from = LocalAddresses.For(options.Listen);
        var network = new SocketNetwork(from);
        var names = new NameCache(network.ResolveAsync, TimeProvider.System);
        var environment = new SessionEnvironment
        {
            Time = TimeProvider.System,
            Random = new SystemRandom(),
            Network = network,
            Storage = new DiskStorage(options.DirectWrites),
            Http = new HttpFetcher(options.ClientName.Replace(' ', '/'), names, network),
            Scheduler = new PoolScheduler(),
            Disk = workers,
            LargePages = OperatingSystem.IsLinux() ? LargePages.Use : null,
        };
        var trackers = new TrackerClients(
            new HttpAnnouncer(environment.Http, names, environment.Time, new HttpAnnouncerOptions { IPv4 = from.V4 is not null, IPv6 = from.V6 is not null }),
            new UdpAnnouncer(network, names, environment.Scheduler, environment.Random, environment.Time, onFault,
                new UdpAnnouncerOptions { Local4 = from.V4, Local6 = from.V6 }));
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
}
