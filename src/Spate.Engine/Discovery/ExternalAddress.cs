using System.Net;
using System.Net.Sockets;

namespace Spate.Engine.Discovery;

/// <summary>
/// Which address the world sees us at, by the word of others: trackers (BEP 24), peers (BEP 10 <c>yourip</c>) and DHT nodes (BEP 42).
/// None is believed alone: the last 64 voters count, one vote for each network, and an address wins with two votes and more than half.
/// One for each session; safe to call from any thread.
/// </summary>
public sealed class ExternalAddress
{
    private const int MaxVotes = 64;
    private const int LeastVotes = 2;

    private readonly Lock gate = new(); // a few votes per minute
    private readonly Votes votes4 = new(), votes6 = new();

    /// <summary>The IPv4 address, once it is known.</summary>
    public IPAddress? V4 => Volatile.Read(ref votes4.Winner);

    /// <summary>The IPv6 address, once it is known.</summary>
    public IPAddress? V6 => Volatile.Read(ref votes6.Winner);

    /// <summary>Takes a vote. Addresses that are not of the Internet are nobody's external address and do not count.</summary>
    /// <param name="claimed">Where the voter sees us.</param>
    /// <param name="voter">Where it sits; its latest vote replaces the one before from the same /24 or /48.</param>
    /// <returns>True when this changed what we take for our address.</returns>
    public bool Vote(IPAddress claimed, IPAddress voter)
    {
        if (claimed.IsIPv4MappedToIPv6) claimed = claimed.MapToIPv4();
        if (claimed.ScopeOf() != AddressScope.Global) return false;
        lock (gate) return (claimed.AddressFamily == AddressFamily.InterNetwork ? votes4 : votes6).Take(claimed, NetworkOf(voter));
    }

    private static IPAddress NetworkOf(IPAddress voter)
    {
        if (voter.IsIPv4MappedToIPv6) voter = voter.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        voter.TryWriteBytes(bytes, out int length);
        int kept = length == 4 ? 3 : 6;
        bytes[kept..length].Clear();
        return new IPAddress(bytes[..length]);
    }

    private sealed class Votes
    {
        private readonly List<(IPAddress Voter, IPAddress Claimed)> latest = [];

        public IPAddress? Winner;

        public bool Take(IPAddress claimed, IPAddress voter)
        {
            latest.RemoveAll(v => v.Voter.Equals(voter));
            if (latest.Count == MaxVotes) latest.RemoveAt(0);
            latest.Add((voter, claimed));
            int count = latest.Count(v => v.Claimed.Equals(claimed));
            if (count < LeastVotes || count * 2 <= latest.Count || claimed.Equals(Winner)) return false;
            Volatile.Write(ref Winner, claimed);
            return true;
        }
    }
}
