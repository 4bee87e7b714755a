using System.Net;

namespace Spate.Engine.Dht;

/// <summary>How a DHT node behaves.</summary>
public sealed record DhtNodeOptions
{
    /// <summary>Asks but does not answer (BEP 43): for machines that can't be reached or must save traffic.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Four bytes that name our software: two letters and two numbers (BEP 5).</summary>
    public ReadOnlyMemory<byte> Version { get; init; } = new byte[] { (byte)'S', (byte)'P', 0, 1 };

    /// <summary>Queries that one address may send in a second for long.</summary>
    public double QueriesPerSecond { get; init; } = 10;

    /// <summary>Queries that one address may send at once; who goes on is not listened to for five minutes.</summary>
    public double QueryBurst { get; init; } = 50;
}

/// <summary>Sends a datagram; drops it where there is no room or no route.</summary>
public delegate void DhtSend(ReadOnlySpan<byte> datagram, IPEndPoint to);
