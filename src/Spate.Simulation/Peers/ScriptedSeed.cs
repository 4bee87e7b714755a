using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>How a <see cref="ScriptedSeed"/> departs from good manners.</summary>
public sealed record SeedManners
{
    /// <summary>Changes a block before it is sent: piece, offset, bytes.</summary>
    public Action<int, int, byte[]>? Tamper { get; init; }

    /// <summary>Pieces that it says it has; all when null.</summary>
    public Func<int, bool>? Has { get; init; }

    /// <summary>Waits so long before each block.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Answers this many requests of a connection and then no more.</summary>
    public int AnswersAtMost { get; init; } = int.MaxValue;

    /// <summary>Rejects this share of the requests (BEP 6).</summary>
    public double Rejects { get; init; }

    /// <summary>Never unchokes.</summary>
    public bool NeverUnchokes { get; init; }

    /// <summary>Runs beside each connection once the handshakes are done: to send whatever else.</summary>
    public Func<RawPeer, Task>? Aside { get; init; }
}

/// <summary>A peer that serves content by a script: it takes connections, unchokes whoever is interested, and answers requests.</summary>
public sealed class ScriptedSeed : IDisposable
{
    private readonly SimContent content;
    private readonly SeedManners manners;
    private readonly IListener listener;

    public ScriptedSeed(SimHost host, SimContent content, SeedManners? manners = null, int port = 6881)
    {
        Host = host;
        this.content = content;
        this.manners = manners ?? new SeedManners();
        listener = RawPeer.Serve(host, port, Serve);
    }

    public SimHost Host { get; }

    /// <summary>Bytes of blocks that it sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Requests that it got.</summary>
    public long Requests { get; private set; }

    /// <summary>Connections that it took.</summary>
    public int Connections { get; private set; }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    private async Task Serve(RawPeer peer)
    {
        Connections++;
        RawHandshake theirs = await peer.ReceiveHandshakeAsync();
        if (theirs.InfoHash != content.InfoHash) return;
        await peer.SendHandshakeAsync(content.InfoHash, RawPeer.Id(Host.Name));
        if (manners.Has is null) await peer.SendMessageAsync(RawPeer.HaveAll);
        else await peer.SendMessageAsync(RawPeer.Bitfield, RawPeer.BitfieldBytes(content.PieceCount, manners.Has));
        // Sends of both would cross each other on one stream, so what runs aside has the stream to itself.
        if (manners.Aside is not null) await manners.Aside(peer);
        int answered = 0;
        while (true)
        {
            RawMessage message = await peer.ReceiveMessageAsync();
            if (message.Id == RawPeer.Interested && !manners.NeverUnchokes) await peer.SendMessageAsync(RawPeer.Unchoke);
            if (message.Id != RawPeer.Request) continue;
            Requests++;
            if (answered++ >= manners.AnswersAtMost) continue;
            await Answer(peer, message);
        }
    }

    private async Task Answer(RawPeer peer, RawMessage request)
    {
        if (manners.Delay > TimeSpan.Zero) await Host.World.Delay(manners.Delay);
        if (Host.World.Random.Chance(manners.Rejects))
        {
            await peer.SendMessageAsync(RawPeer.Reject, request.Payload);
            return;
        }
        int piece = request.Number(0), begin = request.Number(1), length = request.Number(2);
        byte[] block = content.Block(piece, begin, length);
        manners.Tamper?.Invoke(piece, begin, block);
        Sent += length;
        await peer.SendPieceAsync(piece, begin, block);
    }
}
