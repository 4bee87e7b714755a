using System.Net;
using System.Net.Sockets;
using Spate.Engine.Dht;
using Spate.Engine.Discovery;
using Spate.Network;
using Spate.Runtime;

namespace Spate;

/// <summary>The DHT by itself, over real sockets, for who wants to look things up and has no torrents.</summary>
public static class SpateDht
{
    /// <summary>Starts a node for each address family. Dispose it to stop; a session starts its own.</summary>
    /// <param name="options">Where it listens and whom it asks first.</param>
    /// <param name="onFault">Told of every exception inside that is a bug; by default they go to standard error.</param>
    public static DhtClient Start(DhtOptions? options = null, Action<Exception>? onFault = null)
    {
        options ??= new DhtOptions();
        if (!Socket.OSSupportsIPv6) options = options with { Local6 = null };
        IEnumerable<IPEndPoint> local = new[] { options.Local4, options.Local6 }.OfType<IPEndPoint>();
        var network = new SocketNetwork(LocalAddresses.For([.. local]));
        return new DhtClient(
            network, new NameCache(network.ResolveAsync, TimeProvider.System), new PoolScheduler(), new SystemRandom(), TimeProvider.System,
            new ExternalAddress(), options, onFault ?? (static e => Console.Error.WriteLine($"spate: an error in this program: {e}")));
    }
}
