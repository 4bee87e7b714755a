using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Spate.Protocol.Wire;

namespace Spate.Bench;

/// <summary>A receive buffer of 256 KiB cut into messages (BEP 3): blocks, whose bytes are passed through, and small ones.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private const int BufferBytes = 256 * 1024;
    private const int BlockBytes = 16 * 1024;
    private const int Blocks = BufferBytes / (13 + BlockBytes);
    private const int Requests = BufferBytes / MessageWriter.RequestLength;

    private readonly byte[] blocks = new byte[Blocks * (13 + BlockBytes)];
    private readonly byte[] requests = new byte[Requests * MessageWriter.RequestLength];
    private readonly FrameDecoder decoder = new();

    [GlobalSetup]
    public void Setup()
    {
        for (int i = 0; i < Blocks; i++)
        {
            Span<byte> head = blocks.AsSpan(i * (13 + BlockBytes));
            BinaryPrimitives.WriteInt32BigEndian(head, 9 + BlockBytes);
            head[4] = (byte)MessageId.Piece;
            BinaryPrimitives.WriteInt32BigEndian(head[9..], i * BlockBytes);
        }
        for (int i = 0; i < Requests; i++) MessageWriter.Block(requests.AsSpan(i * MessageWriter.RequestLength), MessageId.Request, i, 0, BlockBytes);
    }

    /// <summary>Per block of 16 KiB.</summary>
    [Benchmark(OperationsPerInvoke = Blocks)]
    public int Block() => Decode(blocks);

    /// <summary>Per request.</summary>
    [Benchmark(OperationsPerInvoke = Requests)]
    public int Request() => Decode(requests);

    private int Decode(ReadOnlySpan<byte> bytes)
    {
        int frames = 0;
        while (decoder.Next(ref bytes).Kind != FrameKind.NeedMore) frames++;
        return frames;
    }
}
