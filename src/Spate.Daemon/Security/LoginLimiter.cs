using System.Net;
using System.Net.Sockets;

namespace Spate.Daemon.Security;

/// <summary>
/// How often an address may fail to prove who it is: a few times at once, then once in a while. An IPv6 network of 64 bits counts as one
/// address. Memory is bounded: when it is full, the address that failed longest ago is forgotten.
/// </summary>
internal sealed class LoginLimiter(TimeProvider time)
{
    /// <summary>Failures that are free.</summary>
    public const int Burst = 10;

    /// <summary>One more after each such time.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromSeconds(30);

    /// <summary>Addresses that are remembered.</summary>
    public const int MostAddresses = 10_000;

    private readonly Lock gate = new();
    private readonly Dictionary<IPAddress, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> byLastFailure = []; // oldest first

    private sealed record Entry(IPAddress Address, double Failures, DateTimeOffset At);

    /// <summary>How long an address must wait before it may try again; zero when it may.</summary>
    public TimeSpan WaitOf(IPAddress address)
    {
        lock (gate)
        {
            double failures = entries.TryGetValue(Network(address), out LinkedListNode<Entry>? node) ? Left(node.Value) : 0;
            return failures <= Burst - 1 ? TimeSpan.Zero : Refill * (failures - (Burst - 1));
        }
    }

    /// <summary>An address failed.</summary>
    public void Fail(IPAddress address)
    {
        IPAddress network = Network(address);
        lock (gate)
        {
            double failures = 0;
            if (entries.Remove(network, out LinkedListNode<Entry>? node))
            {
                failures = Left(node.Value);
                byLastFailure.Remove(node);
            }
            if (entries.Count >= MostAddresses)
            {
                entries.Remove(byLastFailure.First!.Value.Address);
                byLastFailure.RemoveFirst();
            }
            entries[network] = byLastFailure.AddLast(new Entry(network, Math.Min(Burst, failures + 1), time.GetUtcNow()));
        }
    }

    /// <summary>An address proved who it is: what failed before is forgiven.</summary>
    public void Succeed(IPAddress address)
    {
        lock (gate)
        {
            if (entries.Remove(Network(address), out LinkedListNode<Entry>? node)) byLastFailure.Remove(node);
        }
    }

    internal int Count
    {
        get
        {
            lock (gate) return entries.Count;
        }
    }

    private double Left(Entry entry) => Math.Max(0, entry.Failures - (time.GetUtcNow() - entry.At) / Refill);

    private static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
