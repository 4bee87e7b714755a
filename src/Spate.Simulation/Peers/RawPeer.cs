using System.Buffers.Binary;
using System.Net;
using System.Text;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Simulation;

/// <summary>A message as it came over the wire. A keep-alive has the id <see cref="RawPeer.KeepAlive"/>.</summary>
public readonly record struct RawMessage(int Id, byte[] Payload)
{
    /// <summary>A big-endian number of the payload, by its index.</summary>
    public int Number(int index) => BinaryPrimitives.ReadInt32BigEndian(Payload.AsSpan(index * 4));
}

/// <summary>A handshake as it came over the wire (BEP 3).</summary>
public sealed record RawHandshake(byte[] Reserved, Sha1Hash InfoHash, PeerId PeerId);

/// <summary>
/// A peer of which a script says every byte: for behaviours that no honest client shows. Its calls are awaited in scripts on the
/// world's thread.
/// </summary>
public sealed class RawPeer : IDisposable
{
    public const int KeepAlive = -1;
    public const byte Choke = 0, Unchoke = 1, Interested = 2, NotInterested = 3, Have = 4, Bitfield = 5, Request = 6, Piece = 7, Cancel = 8;
    public const byte Suggest = 13, HaveAll = 14, HaveNone = 15, Reject = 16, AllowedFast = 17, Extended = 20;

    /// <summary>Reserved bytes of a peer that speaks the fast extension (BEP 6).</summary>
    public static readonly byte[] FastOnly = [0, 0, 0, 0, 0, 0, 0, 4];

    /// <summary>Reserved bytes of a peer that speaks the fast extension and the extension protocol (BEP 6, 10).</summary>
    public static readonly byte[] FastAndExtended = [0, 0, 0, 0, 0, 0x10, 0, 4];

    private const int MaxMessage = 16 << 20;

    private readonly byte[] buffer = new byte[64 << 10];
    private int start, end;

    public RawPeer(IConnection connection) => Connection = connection;

    public IConnection Connection { get; }

    /// <summary>Opens a stream from a host to an endpoint.</summary>
    /// <exception cref="IOException">Nobody answered.</exception>
    public static async ValueTask<RawPeer> ConnectAsync(SimHost from, IPEndPoint to) =>
        new(await from.Process.Environment.Network.ConnectAsync(to, CancellationToken.None));

    /// <summary>Serves every stream that comes in with a script. A script that ends by an <see cref="IOException"/> has ended well.</summary>
    public static IListener Serve(SimHost host, int port, Func<RawPeer, Task> script)
    {
        IListener listener = host.Process.Environment.Network.Listen(new IPEndPoint(IPAddress.Any, port));
        _ = AcceptLoop(host, listener, script);
        return listener;
    }

    /// <summary>Runs a script on a host; what it throws other than an <see cref="IOException"/> fails the world's run.</summary>
    public static async Task Run(SimHost host, Func<Task> script)
    {
        try { await script(); }
        catch (IOException) { }
        catch (OperationCanceledException) { }
        catch (Exception e) { host.World.Fault(e); }
    }

    /// <summary>Sends bytes as they are.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => Connection.SendAsync(bytes);

    /// <summary>Sends a handshake (BEP 3).</summary>
    public ValueTask SendHandshakeAsync(Sha1Hash infoHash, PeerId peerId, byte[]? reserved = null) =>
        SendAsync(HandshakeBytes(infoHash, peerId, reserved ?? FastOnly));

    /// <summary>The 68 bytes of a handshake.</summary>
    public static byte[] HandshakeBytes(Sha1Hash infoHash, PeerId peerId, byte[] reserved)
    {
        byte[] bytes = new byte[68];
        bytes[0] = 19;
        "BitTorrent protocol"u8.CopyTo(bytes.AsSpan(1));
        reserved.CopyTo(bytes, 20);
        infoHash.AsSpan().CopyTo(bytes.AsSpan(28));
        peerId.AsSpan().CopyTo(bytes.AsSpan(48));
        return bytes;
    }

    /// <summary>The other end's handshake.</summary>
    /// <exception cref="IOException">The stream ended, or it is no handshake.</exception>
    public async ValueTask<RawHandshake> ReceiveHandshakeAsync()
    {
        byte[] bytes = await ReceiveAsync(68);
        if (bytes[0] != 19 || !bytes.AsSpan(1, 19).SequenceEqual("BitTorrent protocol"u8)) throw new IOException("This is not a BitTorrent handshake.");
        return new RawHandshake(bytes[20..28], new Sha1Hash(bytes.AsSpan(28, 20)), new PeerId(bytes.AsSpan(48, 20)));
    }

    /// <summary>Exactly so many bytes.</summary>
    /// <exception cref="IOException">The stream ended before.</exception>
    public async ValueTask<byte[]> ReceiveAsync(int count)
    {
        byte[] bytes = new byte[count];
        int have = 0;
        while (have < count)
        {
            if (start == end)
            {
                start = 0;
                end = await Connection.ReceiveAsync(buffer);
                if (end == 0) throw new IOException("The other end closed.");
            }
            int n = Math.Min(count - have, end - start);
            buffer.AsSpan(start, n).CopyTo(bytes.AsSpan(have));
            start += n;
            have += n;
        }
        return bytes;
    }

    /// <summary>The next message.</summary>
    /// <exception cref="IOException">The stream ended, or the message is longer than 16 MiB.</exception>
    public async ValueTask<RawMessage> ReceiveMessageAsync()
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(await ReceiveAsync(4));
        if (length == 0) return new RawMessage(KeepAlive, []);
        if (length is < 0 or > MaxMessage) throw new IOException($"A message of {length} bytes.");
        byte[] bytes = await ReceiveAsync(length);
        return new RawMessage(bytes[0], bytes[1..]);
    }

    /// <summary>Messages until one has the id; the others are dropped.</summary>
    public async ValueTask<RawMessage> ReceiveMessageAsync(int id)
    {
        while (true)
        {
            RawMessage message = await ReceiveMessageAsync();
            if (message.Id == id) return message;
        }
    }

    /// <summary>Reads until the other end closes or breaks the stream.</summary>
    public async ValueTask UntilClosedAsync()
    {
        try
        {
            while (await Connection.ReceiveAsync(buffer) > 0) { }
        }
        catch (IOException) { }
    }

    /// <summary>Sends a message with a payload.</summary>
    public ValueTask SendMessageAsync(byte id, params byte[] payload) => SendAsync(MessageBytes(id, payload));

    /// <summary>Sends a message whose payload is big-endian numbers: have, request, cancel, and so on.</summary>
    public ValueTask SendNumbersAsync(byte id, params int[] numbers) => SendAsync(MessageBytes(id, Numbers(numbers)));

    /// <summary>Sends a block (BEP 3 "piece").</summary>
    public ValueTask SendPieceAsync(int piece, int begin, ReadOnlySpan<byte> block) =>
        SendAsync(MessageBytes(Piece, [.. Numbers(piece, begin), .. block]));

    /// <summary>Sends an extended message (BEP 10); id 0 is the handshake.</summary>
    public ValueTask SendExtendedAsync(byte extendedId, ReadOnlySpan<byte> payload) =>
        SendAsync(MessageBytes(Extended, [extendedId, .. payload]));

    /// <summary>A message as bytes.</summary>
    public static byte[] MessageBytes(byte id, ReadOnlySpan<byte> payload)
    {
        byte[] bytes = new byte[5 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, 1 + payload.Length);
        bytes[4] = id;
        payload.CopyTo(bytes.AsSpan(5));
        return bytes;
    }

    /// <summary>Big-endian numbers, one behind the other.</summary>
    public static byte[] Numbers(params int[] numbers)
    {
        byte[] bytes = new byte[numbers.Length * 4];
        for (int i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * 4), numbers[i]);
        return bytes;
    }

    /// <summary>A bitfield in which the given pieces are set; all of them when nothing is given.</summary>
    public static byte[] BitfieldBytes(int pieceCount, Func<int, bool>? has = null)
    {
        byte[] bits = new byte[(pieceCount + 7) / 8];
        for (int i = 0; i < pieceCount; i++)
        {
            if (has is null || has(i)) bits[i >> 3] |= (byte)(0x80 >> (i & 7));
        }
        return bits;
    }

    /// <summary>A peer id that shows who it is in traces.</summary>
    public static PeerId Id(string name)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(("-XX0001-" + name).PadRight(PeerId.Size, '.')[..PeerId.Size]);
        return new PeerId(bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => Connection.Dispose();

    private static async Task AcceptLoop(SimHost host, IListener listener, Func<RawPeer, Task> script)
    {
        try
        {
            while (true)
            {
                var peer = new RawPeer(await listener.AcceptAsync());
                _ = Run(host, async () =>
                {
                    using (peer) await script(peer);
                });
            }
        }
        catch (IOException) { }
    }
}
