namespace Spate.Simulation;

/// <summary>How a host hangs on the network. The way between two hosts is the sum of both links.</summary>
public sealed record LinkOptions
{
    /// <summary>No limits, and 1 ms to the core of the network.</summary>
    public static LinkOptions Unlimited { get; } = new();

    /// <summary>Payload bytes a second outwards, shared fairly by all streams; 0 is without limit.</summary>
    public long UpBytesPerSecond { get; init; }

    /// <summary>Payload bytes a second inwards, shared fairly by all streams; 0 is without limit.</summary>
    public long DownBytesPerSecond { get; init; }

    /// <summary>Time one way between the host and the core of the network: a quarter of the round trip between two such hosts.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>What is added at most, at random, to every chunk or datagram. Datagrams overtake each other by it.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share of packets that are lost, 0 to 1. On streams it costs retransmission time and window.</summary>
    public double Loss { get; init; }

    /// <summary>Bytes that a stream's sender may have in the kernel before they leave; 0 is a quarter of a second of the rate.</summary>
    public int SendBuffer { get; init; }

    /// <summary>Bytes that may be under way to, and unread at, one stream of this host.</summary>
    public int ReceiveWindow { get; init; } = 4 << 20;

    /// <summary>Behind a NAT: nobody can open a stream to it, and datagrams come in only from where some went out to.</summary>
    public bool Nat { get; init; }

    /// <summary>A link of the given rates, in bytes a second, and round trip between two such hosts (20 ms when not given).</summary>
    public static LinkOptions Of(long up, long down, TimeSpan roundTrip = default) => new()
    {
        UpBytesPerSecond = up,
        DownBytesPerSecond = down,
        Latency = roundTrip == default ? TimeSpan.FromMilliseconds(5) : roundTrip / 4,
    };

    /// <summary>Bytes that a stream gets at a time when many share a link.</summary>
    internal static int Share(long bytesPerSecond) => bytesPerSecond == 0 ? 64 << 10 : (int)Math.Clamp(bytesPerSecond / 50, 2 << 10, 64 << 10);

    internal int EffectiveSendBuffer => SendBuffer > 0 ? SendBuffer
        : UpBytesPerSecond == 0 ? 256 << 10
        : (int)Math.Clamp(UpBytesPerSecond / 4, 16 << 10, 256 << 10);
}
