using System.Net;

namespace Spate.Simulation;

internal enum SegmentKind : byte { Data, End, Reset, Datagram }

/// <summary>Bytes on their way: part of a stream, or a datagram. From a pool; it is its own event while it flies as a datagram.</summary>
internal sealed class Segment : SimEvent
{
    public byte[] Buffer = [];
    public int Start;
    public int End;
    public SegmentKind Kind;
    public IPEndPoint? From;
    public IPEndPoint? To;
    public SimHost? Sender;

    public int Length => End - Start;

    internal override void Fire() => Sender!.World.ArriveDatagram(this);
}

/// <summary>Segments to use again, by size.</summary>
internal sealed class SegmentPool
{
    private static readonly int[] sizes = [512, 4096, (16 << 10) + 64, 64 << 10];

    private readonly Stack<Segment>[] free = [new(), new(), new(), new()];

    /// <summary>A segment with room for at least so many bytes, 64 KiB at most.</summary>
    public Segment Rent(int bytes, SegmentKind kind = SegmentKind.Data)
    {
        int i = 0;
        while (sizes[i] < bytes) i++;
        if (!free[i].TryPop(out Segment? segment)) segment = new Segment { Buffer = GC.AllocateUninitializedArray<byte>(sizes[i]) };
        segment.Start = segment.End = 0;
        segment.Kind = kind;
        return segment;
    }

    public void Return(Segment segment)
    {
        segment.From = segment.To = null;
        segment.Sender = null;
        free[Array.IndexOf(sizes, segment.Buffer.Length)].Push(segment);
    }
}
