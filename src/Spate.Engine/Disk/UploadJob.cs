using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Protocol.Wire;

namespace Spate.Engine.Disk;

/// <summary>
/// Reads the blocks that a peer asked for, each to its place behind its message header, and gives the filled buffer to the peer's
/// sender from the disk worker itself: the strand is not in the way of the bytes. Reused.
/// </summary>
internal sealed class UploadJob(TorrentDisk disk) : IWorkItem
{
    private SendBuffer buffer = null!;

    public PeerConnection Peer { get; private set; } = null!;

    public List<BlockRequest> Requests { get; } = new(SendBuffer.Blocks);

    /// <summary>Why the blocks could not be read; the buffer was given back then.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Whether a file was missing or too short.</summary>
    public bool IsDataGone { get; private set; }

    /// <summary>The buffer, when <see cref="Error"/> or <see cref="IsDataGone"/> say that it did not go to the sender.</summary>
    public SendBuffer Buffer => buffer;

    public void Set(PeerConnection peer, SendBuffer target)
    {
        (Peer, buffer) = (peer, target);
        (Error, IsDataGone) = (null, false);
        Requests.Clear();
    }

    public void Run()
    {
        try { IsDataGone = !Fill(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { Error = e; }
        if (Error is null && !IsDataGone) Peer.Sender.SendBlocks(buffer);
        disk.Post(this);
    }

    private bool Fill()
    {
        int at = 0, payload = 0;
        foreach (BlockRequest request in Requests)
        {
            at += MessageWriter.PieceHead(buffer.Bytes.AsSpan(at), request.Piece, request.Offset, request.Length);
            if (!disk.Files.TryRead(disk.Layout.Position(request.Piece, request.Offset), buffer.Bytes.AsSpan(at, request.Length))) return false;
            at += request.Length;
            payload += request.Length;
        }
        (buffer.Length, buffer.Payload) = (at, payload);
        return true;
    }
}
