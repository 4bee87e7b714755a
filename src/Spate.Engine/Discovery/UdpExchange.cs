using System.Net;
using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>One question to a UDP tracker and its answer. Belongs to the strand of its <see cref="UdpAnnouncer"/>.</summary>
internal abstract class UdpExchange
{
    public UdpAnnouncer Owner { get; set; } = null!;

    public Uri Tracker { get; set; } = null!;

    public IPEndPoint EndPoint { get; set; } = null!;

    public TrackerEndPoint At { get; set; } = null!;

    /// <summary>Completes by posting to whoever waits.</summary>
    public TaskCompletionSource<AnnounceAnswer> Promise { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The id of the request that is on the wire, if one is.</summary>
    public uint? Transaction { get; set; }

    public int Attempt { get; set; }

    public long NextMs { get; set; }

    public long DeadlineMs { get; set; }

    /// <summary>The connection id was not asked for by this exchange: the tracker may have forgotten it.</summary>
    public bool UsesOldId { get; set; }

    public abstract int Write(Span<byte> packet, ulong connectionId, uint transaction);

    /// <summary>Takes the answer; false when it is none to this question.</summary>
    public abstract bool Read(UdpAnswer answer, bool isIPv6, int maxPeers);

    public void Fail(string message) => Promise.TrySetException(new IOException(message));

    /// <summary>The tracker said no.</summary>
    public virtual void Refuse(string message) => Promise.TrySetResult(new AnnounceAnswer { Failure = message });

    public void Withdraw(Dictionary<uint, UdpExchange> onTheWire)
    {
        if (Transaction is uint transaction) onTheWire.Remove(transaction);
        Transaction = null;
    }

    internal sealed class Announce(AnnounceRequest request, byte[] urlData) : UdpExchange
    {
        public override int Write(Span<byte> packet, ulong connectionId, uint transaction) =>
            UdpRequestWriter.WriteAnnounce(packet, connectionId, transaction, request, urlData);

        public override bool Read(UdpAnswer answer, bool isIPv6, int maxPeers)
        {
            if (!answer.TryReadAnnounce(isIPv6, maxPeers, out AnnounceAnswer content)) return false;
            Promise.TrySetResult(content);
            return true;
        }
    }

    internal sealed class Scrape(ReadOnlyMemory<Sha1Hash> infoHashes) : UdpExchange
    {
        public ScrapeEntry[] Entries { get; } = new ScrapeEntry[infoHashes.Length];

        public int Count { get; private set; }

        public override int Write(Span<byte> packet, ulong connectionId, uint transaction) =>
            UdpRequestWriter.WriteScrape(packet, connectionId, transaction, infoHashes.Span);

        public override bool Read(UdpAnswer answer, bool isIPv6, int maxPeers)
        {
            if (answer.Action == UdpTrackerAction.Error)
            {
                Refuse(answer.Message);
                return true;
            }
            int count = answer.ReadScrape(Entries);
            if (count < 0) return false;
            Count = count;
            Promise.TrySetResult(new AnnounceAnswer());
            return true;
        }

        public override void Refuse(string message) => Fail($"The tracker {Tracker.Host} refused to be scraped: {message}");
    }
}

/// <summary>What is known of one address of a tracker: its connection id, and who waits for one.</summary>
internal sealed class TrackerEndPoint(IPEndPoint endPoint, IDatagramSocket socket)
{
    public IPEndPoint EndPoint { get; } = endPoint;

    public IDatagramSocket Socket { get; } = socket;

    public ulong ConnectionId { get; set; }

    public long IdGivenMs { get; set; } = long.MinValue;

    public long IdExpiresMs { get; set; } = long.MinValue;

    public List<UdpExchange> Waiting { get; } = [];

    public uint ConnectTransaction { get; set; }

    public int ConnectAttempt { get; set; }

    public long ConnectNextMs { get; set; }

    public UdpExchange[] TakeWaiting()
    {
        UdpExchange[] taken = [.. Waiting];
        Waiting.Clear();
        return taken;
    }
}
