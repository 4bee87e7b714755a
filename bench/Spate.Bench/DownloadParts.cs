using System.Net;
using Spate.Engine.Disk;
using Spate.Engine.Limits;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Engine.Torrents;
using Spate.Protocol;
using Spate.Protocol.Hashing;
using Spate.Protocol.Wire;

namespace Spate.Bench;

/// <summary>
/// The downloading half of a torrent as a session has it, between a network that takes everything and a disk that keeps nothing. What it runs
/// on the strand and what on disk workers is called for by the benchmark, each at its time.
/// </summary>
internal sealed class DownloadParts : IDownloadOwner, IScheduler, IWorkers
{
    private const int BlocksPerMs = 32; // half a gigabyte a second

    private readonly List<PeerConnection> peers = [];
    private readonly List<PeerConnection> withOutbox = [];
    private readonly Queue<IWorkItem> scheduled = new(), jobs = new();
    private readonly Action<object?> onBatch;
    private int batchSize, turn;
    private long received;

    public DownloadParts(int pieces, int pieceLength, int peerCount, long memory)
    {
        // All content is zeros, so that every piece has the right hash.
        byte[] hash = Sha1Hash.Of(new byte[pieceLength]).AsSpan().ToArray();
        var builder = new TorrentBuilder { Name = "film.mkv", PieceLength = pieceLength, Files = [new NewFile([], (long)pieces * pieceLength)] };
        Metainfo = Metainfo.Parse(builder.Build([.. Enumerable.Repeat(hash, pieces).SelectMany(bytes => bytes)]));
        Strand = new Strand(this, static e => throw new InvalidOperationException("A fault on the strand.", e));
        Pool = new BlockPool(memory);
        Picker = new PiecePicker(Metainfo, new FixedRandom());
        var files = new TorrentFiles(new FileLayout(Metainfo), new FileCache(new NoStorage(), 10), "/", preallocate: false);
        Disk = new TorrentDisk(files, Pool, this, Strand, job => Downloads!.OnPieceJob(job), static _ => { });
        Downloads = new Downloads(this, Picker, Disk);
        Strand.TurnEnd = () =>
        {
            Downloads!.OnTurnEnd();
            Flush();
        };
        onBatch = peer => TakeBatch((PeerConnection)peer!);
        var slots = new List<int>();
        while (Pool.TryRent(out int slot))
        {
            Pool.Span(slot).Clear();
            slots.Add(slot);
        }
        slots.ForEach(Pool.Return);
        for (int i = 0; i < peerCount; i++) AddPeer(i);
    }

    public Metainfo Metainfo { get; }

    public Strand Strand { get; }

    public BlockPool Pool { get; }

    public PiecePicker Picker { get; }

    public TorrentDisk Disk { get; }

    public Downloads Downloads { get; }

    public IReadOnlyList<PeerConnection> Peers => peers;

    public long NowMs { get; private set; } = 1;

    public int Count => 2;

    public int HashLanes => Sha1Lanes.Count;

    public int PiecesPassed { get; private set; }

    /// <summary>A batch of so many blocks from every peer in turn, until so many blocks came.</summary>
    public void Receive(int blocks, int batch)
    {
        for (int idle = 0; blocks > 0;)
        {
            batchSize = Math.Min(batch, blocks);
            Strand.EnqueueOrRun(onBatch, peers[turn++ % peers.Count]);
            blocks -= batchSize;
            idle = batchSize == 0 ? idle + 1 : 0;
            if (idle > peers.Count) throw new InvalidOperationException("No peer is asked for anything.");
            received += batchSize;
            NowMs = 1 + received / BlocksPerMs;
        }
    }

    /// <summary>What the disk's workers have to do: hashing and writing. Its ends wait for the strand.</summary>
    public void RunDisk()
    {
        while (jobs.TryDequeue(out IWorkItem? job)) job.Run();
    }

    /// <summary>What waits for the strand.</summary>
    public void RunStrand()
    {
        while (scheduled.TryDequeue(out IWorkItem? item)) item.Run();
    }

    public void Schedule(IWorkItem item) => scheduled.Enqueue(item);

    public void Queue(IWorkItem item) => jobs.Enqueue(item);

    public void Disconnect(PeerConnection peer, DisconnectReason reason) => throw new InvalidOperationException($"A peer was disconnected: {reason}.");

    public void Ban(int serial) => throw new InvalidOperationException("A peer was banned.");

    public void OnPiecePassed(int piece)
    {
        PiecesPassed++;
        foreach (PeerConnection peer in peers)
        {
            peer.SendPiece(MessageId.Have, piece); // as to seeds that look how pieces spread
            peer.Interesting--;
        }
    }

    public void OnPieceFailed(int piece) => throw new InvalidOperationException($"Piece {piece} failed.");

    public void OnDiskError(Exception error) => throw new InvalidOperationException("The disk failed.", error);

    private void TakeBatch(PeerConnection peer)
    {
        batchSize = Math.Min(batchSize, ((NoConnection)peer.Connection).Requests.Count);
        for (int i = 0; i < batchSize; i++)
        {
            (int Piece, int Offset) request = ((NoConnection)peer.Connection).Requests.Dequeue();
            if (!Pool.TryRent(out int slot)) throw new InvalidOperationException("The pool is empty.");
            Downloads.OnBlock(peer, request.Piece, request.Offset, BlockPool.BlockSize, slot);
        }
        Downloads.Refill(peer);
    }

    private void Flush()
    {
        foreach (PeerConnection peer in withOutbox) peer.Flush(NowMs);
        withOutbox.Clear();
    }

    private void AddPeer(int serial)
    {
        var connection = new NoConnection(serial);
        var peer = new PeerConnection(serial + 1, connection, new Handshake(HandshakeFeatures.Fast, default, default), incoming: false, Metainfo.PieceCount, withOutbox.Add, NowMs);
        peer.Sender = new PeerSender(connection, new SendBufferPool(0), new TransferLimits(new RateLimit(), new RateLimit()), this, new RateMeter(), static () => { }, static _ => { });
        peer.Have.SetAll();
        peer.AmInterested = true;
        peer.PeerChoking = false;
        peer.Window.PeerLimit = 500;
        peers.Add(peer);
        Picker.Availability.Count(peer.Have, arrives: true);
        Strand.EnqueueOrRun(_ => Downloads.OnUnchoke(peer));
    }

    private sealed class NoConnection(int number) : IConnection
    {
        private readonly FrameDecoder decoder = new();

        public IPEndPoint Remote { get; } = new(IPAddress.Loopback, 1000 + number);

        public TimeSpan RoundTrip => TimeSpan.FromMilliseconds(20);

        /// <summary>What the peer was asked for and did not send, the oldest first.</summary>
        public Queue<(int Piece, int Offset)> Requests { get; } = new(4096);

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer) => new(0);

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            ReadOnlySpan<byte> left = bytes.Span;
            while (decoder.Next(ref left) is { Kind: FrameKind.Message } message)
            {
                if (message.Id == MessageId.Request) Requests.Enqueue((message.A, message.B));
            }
            return default;
        }

        public void Abort()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class FixedRandom : IRandom
    {
        private readonly Random random = new(1);

        public void Fill(Span<byte> bytes) => random.NextBytes(bytes);

        public int Next(int limit) => random.Next(limit);
    }

    private sealed class NoStorage : IStorage, IStorageFile
    {
        public string Path => "/film.mkv";

        public long OpenedLength => 0;

        public IStorageFile Open(string path, StorageAccess access) => this;

        public StorageEntry Stat(string path) => default;

        public void CreateFolder(string path)
        {
        }

        public void CreateLink(string path, string target)
        {
        }

        public void Move(string from, string to)
        {
        }

        public void Delete(string path)
        {
        }

        public byte[]? ReadSmall(string path, int maxBytes) => null;

        public void ReplaceSmall(string path, ReadOnlySpan<byte> content)
        {
        }

        public void Flush(IReadOnlyCollection<string> paths)
        {
        }

        public long FreeBytes(string folder) => long.MaxValue;

        public int Read(Span<byte> buffer, long position) => 0;

        public void Write(ReadOnlySpan<byte> bytes, long position)
        {
        }

        public void Write(ReadOnlySpan<ReadOnlyMemory<byte>> buffers, long position)
        {
        }

        public void SetLength(long length, bool allocate)
        {
        }

        public void Dispose()
        {
        }
    }
}
