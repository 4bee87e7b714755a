using System.Net;

namespace Spate.Simulation;

/// <summary>
/// A peer that takes and never gives: it connects to others, is interested in all that they have, asks for it when it may, and
/// never sends a block. It keeps count, not content.
/// </summary>
public sealed class ScriptedLeech
{
    private const int BlockSize = 16 << 10;
    private const int InFlight = 8;

    private readonly SimContent content;
    private readonly HashSet<(int Piece, int Begin)> wanted = [];
    private readonly bool shouts;

    /// <param name="host">Where it runs.</param>
    /// <param name="content">What it wants.</param>
    /// <param name="shouts">It says truthfully which pieces it got, instead of keeping still about them.</param>
    public ScriptedLeech(SimHost host, SimContent content, bool shouts = true)
    {
        Host = host;
        this.content = content;
        this.shouts = shouts;
        for (int piece = 0; piece < content.PieceCount; piece++)
        {
            for (int begin = 0; begin < content.PieceBytes(piece); begin += BlockSize) wanted.Add((piece, begin));
        }
    }

    public SimHost Host { get; }

    /// <summary>Bytes of blocks that it got.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes that it got of each peer.</summary>
    public Dictionary<IPAddress, long> ReceivedFrom { get; } = [];

    /// <summary>True once it has everything.</summary>
    public bool IsComplete => wanted.Count == 0;

    /// <summary>Times that a peer unchoked it.</summary>
    public int Unchokes { get; private set; }

    /// <summary>Connects to a peer and stays for as long as that lasts.</summary>
    public void Connect(IPEndPoint to) => _ = RawPeer.Run(Host, () => Take(to));

    private async Task Take(IPEndPoint to)
    {
        using RawPeer peer = await RawPeer.ConnectAsync(Host, to);
        await peer.SendHandshakeAsync(content.InfoHash, RawPeer.Id(Host.Name));
        await peer.ReceiveHandshakeAsync();
        await peer.SendMessageAsync(RawPeer.HaveNone);
        await peer.SendMessageAsync(RawPeer.Interested);
        var has = new bool[content.PieceCount];
        var asked = new HashSet<(int Piece, int Begin)>();
        bool choked = true;
        while (true)
        {
            RawMessage message = await peer.ReceiveMessageAsync();
            switch (message.Id)
            {
                case RawPeer.HaveAll:
                    Array.Fill(has, true);
                    break;
                case RawPeer.Bitfield:
                    for (int i = 0; i < has.Length; i++) has[i] = (message.Payload[i >> 3] & (0x80 >> (i & 7))) != 0;
                    break;
                case RawPeer.Have:
                    has[message.Number(0)] = true;
                    break;
                case RawPeer.Unchoke:
                    choked = false;
                    Unchokes++;
                    break;
                case RawPeer.Choke:
                    choked = true;
                    break;
                case RawPeer.Reject:
                    asked.Remove((message.Number(0), message.Number(1)));
                    break;
                case RawPeer.Piece:
                    await Got(peer, to, asked, message);
                    break;
                default:
                    break;
            }
            if (!choked) await Ask(peer, has, asked);
        }
    }

    private async ValueTask Got(RawPeer peer, IPEndPoint from, HashSet<(int Piece, int Begin)> asked, RawMessage message)
    {
        (int Piece, int Begin) block = (message.Number(0), message.Number(1));
        asked.Remove(block);
        int bytes = message.Payload.Length - 8;
        Received += bytes;
        ReceivedFrom[from.Address] = ReceivedFrom.GetValueOrDefault(from.Address) + bytes;
        if (!wanted.Remove(block) || !shouts) return;
        for (int begin = 0; begin < content.PieceBytes(block.Piece); begin += BlockSize)
        {
            if (wanted.Contains((block.Piece, begin))) return;
        }
        await peer.SendNumbersAsync(RawPeer.Have, block.Piece);
    }

    private async ValueTask Ask(RawPeer peer, bool[] has, HashSet<(int Piece, int Begin)> asked)
    {
        int start = Host.World.Random.Next(content.PieceCount);
        for (int i = 0; i < content.PieceCount && asked.Count < InFlight; i++)
        {
            int piece = (start + i) % content.PieceCount;
            if (!has[piece]) continue;
            for (int begin = 0; begin < content.PieceBytes(piece) && asked.Count < InFlight; begin += BlockSize)
            {
                if (!wanted.Contains((piece, begin)) || !asked.Add((piece, begin))) continue;
                await peer.SendNumbersAsync(RawPeer.Request, piece, begin, Math.Min(BlockSize, content.PieceBytes(piece) - begin));
            }
        }
    }
}
