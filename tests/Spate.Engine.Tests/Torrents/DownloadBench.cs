using System.Net;
using Spate.Engine.Disk;
using Spate.Engine.Limits;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Tests.Discovery;
using Spate.Engine.Tests.Disk;
using Spate.Engine.Tests.Peers;
using Spate.Engine.Torrents;
using Spate.Protocol;
using Spate.Protocol.Wire;

namespace Spate.Engine.Tests.Torrents;

/// <summary>The downloading half of a torrent with peers that the test plays: they hear what we send and send what they like.</summary>
internal sealed class DownloadBench : IDownloadOwner
{
    private readonly List<PeerConnection> peers = [];
    private readonly List<PeerConnection> withOutbox = [];
    private int serial;

    public DownloadBench(TestContent content, long memory = 16 << 20)
    {
        Content = content;
        Pool = new BlockPool(memory);
        Files = new TorrentFiles(new FileLayout(content.Metainfo), new FileCache(Storage, 10), "/dl", preallocate: false);
        Picker = new PiecePicker(content.Metainfo, World);
        Workers = new WorldWorkers(World);
        Disk = new TorrentDisk(Files, Pool, Workers, World.Strand, job => Downloads!.OnPieceJob(job), _ => { });
        Downloads = new Downloads(this, Picker, Disk);
        World.Strand.TurnEnd = () =>
        {
            Downloads.OnTurnEnd();
            foreach (PeerConnection peer in withOutbox) peer.Flush(World.NowMs);
            withOutbox.Clear();
        };
    }

    public TestContent Content { get; }

    public Metainfo Metainfo => Content.Metainfo;

    public TestWorld World { get; } = new();

    public MemoryStorage Storage { get; } = new();

    public BlockPool Pool { get; }

    public TorrentFiles Files { get; }

    public PiecePicker Picker { get; }

    public WorldWorkers Workers { get; }

    public TorrentDisk Disk { get; }

    public Downloads Downloads { get; }

    public IReadOnlyList<PeerConnection> Peers => peers;

    public long NowMs => World.NowMs;

    public List<(int Serial, DisconnectReason Reason)> Disconnected { get; } = [];

    public List<int> Banned { get; } = [];

    public List<int> Passed { get; } = [];

    public List<int> Failed { get; } = [];

    public List<Exception> DiskErrors { get; } = [];

    /// <summary>A peer that has all pieces, or those given, and lets us ask.</summary>
    public TestPeer Add(bool fast = true, int[]? pieces = null)
    {
        var connection = new TestConnection(World) { Remote = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1000 + serial) };
        var handshake = new Handshake(fast ? HandshakeFeatures.Fast : HandshakeFeatures.None, default, default);
        var peer = new PeerConnection(++serial, connection, handshake, incoming: false, Metainfo.PieceCount, withOutbox.Add, NowMs);
        peer.Sender = new PeerSender(connection, new SendBufferPool(0), new TransferLimits(new RateLimit(), new RateLimit()), World, new RateMeter(), () => { }, _ => { });
        foreach (int piece in pieces ?? [.. Enumerable.Range(0, Metainfo.PieceCount)]) peer.Have.Set(piece);
        World.Do(() =>
        {
            peers.Add(peer);
            Picker.Availability.Count(peer.Have, arrives: true);
            Picker.PeerGained();
            peer.AmInterested = true;
            peer.PeerChoking = false;
            Downloads.OnUnchoke(peer);
        });
        return new TestPeer(this, peer, connection);
    }

    public void Tick(int seconds = 1)
    {
        for (int i = 0; i < seconds * 2; i++)
        {
            World.Advance(500);
            World.Do(() =>
            {
                foreach (PeerConnection peer in peers) peer.Downloaded.Sample(NowMs);
                Downloads.Tick();
            });
        }
    }

    public void Disconnect(PeerConnection peer, DisconnectReason reason)
    {
        if (peer.IsClosed) return;
        peer.Closed = reason;
        peers.Remove(peer);
        Disconnected.Add((peer.Serial, reason));
        Downloads.OnDisconnected(peer);
        Picker.Availability.Count(peer.Have, arrives: false);
        Downloads.RefillAll();
    }

    public void Ban(int serial)
    {
        Banned.Add(serial);
        if (peers.Find(peer => peer.Serial == serial) is { } found) Disconnect(found, DisconnectReason.BadData);
    }

    public void OnPiecePassed(int piece) => Passed.Add(piece);

    public void OnPieceFailed(int piece) => Failed.Add(piece);

    public void OnDiskError(Exception error)
    {
        Downloads.Halted = true;
        DiskErrors.Add(error);
    }

    public void AssertComplete()
    {
        Assert.True(Picker.IsFinished, $"{Picker.Missing.Count} pieces are missing.");
        Assert.Equal(0, Pool.Rented);
        Assert.Equal(Passed.Order(), Enumerable.Range(0, Metainfo.PieceCount));
        foreach (MetainfoFile file in Metainfo.Files) Assert.Equal(Content.FileBytes(file), Storage.Content("/dl/" + file.Path));
    }
}

/// <summary>A peer as the test plays it.</summary>
internal sealed class TestPeer(DownloadBench bench, PeerConnection connection, TestConnection wire)
{
    private readonly FrameDecoder decoder = new();
    private readonly List<(int Piece, int Offset, int Length)> open = [];

    public PeerConnection Connection => connection;

    public int Serial => connection.Serial;

    /// <summary>Cancels that came so far.</summary>
    public int Cancels { get; private set; }

    /// <summary>Requests that we did not answer, in their order.</summary>
    public IReadOnlyList<(int Piece, int Offset, int Length)> Open
    {
        get
        {
            ReadOnlySpan<byte> bytes = wire.TakeSent();
            while (decoder.Next(ref bytes) is { Kind: FrameKind.Message } frame)
            {
                if (frame.Id == MessageId.Request) open.Add((frame.A, frame.B, frame.C));
                if (frame.Id != MessageId.Cancel) continue;
                Cancels++;
                open.Remove((frame.A, frame.B, frame.C));
            }
            return open;
        }
    }

    /// <summary>Answers the oldest requests, as many as given; <paramref name="spoil"/> changes the bytes.</summary>
    public int Answer(int most = int.MaxValue, Action<int, int, byte[]>? spoil = null)
    {
        int answered = 0;
        while (answered < most && !connection.IsClosed && Open.Count > 0)
        {
            (int piece, int offset, int length) = open[0];
            byte[] bytes = bench.Content.Piece(piece).Slice(offset, length).ToArray();
            spoil?.Invoke(piece, offset, bytes);
            Send(piece, offset, bytes);
            answered++;
        }
        return answered;
    }

    /// <summary>Sends a block, asked for or not.</summary>
    public void Send(int piece, int offset, byte[] bytes)
    {
        open.Remove((piece, offset, bytes.Length));
        bench.World.Do(() =>
        {
            if (connection.IsClosed) return;
            Assert.True(bench.Pool.TryRent(out int slot), "The pool is empty.");
            bytes.CopyTo(bench.Pool.Span(slot));
            bench.Downloads.OnBlock(connection, piece, offset, bytes.Length, slot);
            if (!connection.IsClosed) bench.Downloads.Refill(connection);
        });
    }

    /// <summary>Forgets what it was asked for, or what of one piece.</summary>
    public void Forget(int? piece = null)
    {
        _ = Open;
        open.RemoveAll(request => piece is null || request.Piece == piece);
    }

    /// <summary>Refuses the oldest request.</summary>
    public void Reject()
    {
        (int piece, int offset, int _) = Open[0];
        open.RemoveAt(0);
        bench.World.Do(() =>
        {
            bench.Downloads.OnReject(connection, piece, offset);
            bench.Downloads.Refill(connection);
        });
    }

    public void Choke()
    {
        _ = Open;
        if (!connection.UsesFast) open.Clear();
        bench.World.Do(() =>
        {
            connection.PeerChoking = true;
            bench.Downloads.OnChoke(connection);
        });
    }

    public void Unchoke() => bench.World.Do(() =>
    {
        connection.PeerChoking = false;
        bench.Downloads.OnUnchoke(connection);
    });
}
