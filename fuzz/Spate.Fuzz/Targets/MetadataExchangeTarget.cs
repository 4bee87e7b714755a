using Spate.Engine.Metadata;
using Spate.Protocol;
using Spate.Protocol.Wire;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>
/// Metadata messages of several peers (BEP 9) put together: whatever they say, what is held stays bounded, and what comes out is what the
/// hash stands for. The input is a row of messages: a byte for the peer, one for what happens, two for a length, and the message.
/// </summary>
internal sealed class MetadataExchangeTarget : FuzzTarget
{
    private static readonly byte[] info = [.. Enumerable.Range(0, 40_000).Select(static i => (byte)(i * 7))];
    private static readonly InfoHash hash = InfoHash.FromV1(Sha1Hash.Of(info));

    public override string Name => "ut-metadata";

    public override int MaxLength => 60_000;

    // A false size of 30 MiB costs a list of its parts, and here a new peer costs no connection.
    public override long MaxAllocation(int inputLength) => 4_000_000 + 8_000L * inputLength;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "8:msg_type", "5:piece", "10:total_size", "i0e", "i1e", "i2e", "i40000e", "i2147483647e", "i-1e", "d", "e", "d8:msg_typei1e5:piecei0e10:total_sizei40000ee" }.Select(Bytes),
        info[..MetadataMessage.PartSize],
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        byte[] Row(params byte[][] records) => [.. records.SelectMany(static r => r)];
        byte[] Record(int peer, int kind, byte[] content) => [(byte)peer, (byte)kind, (byte)(content.Length >> 8), (byte)content.Length, .. content];
        byte[] Data(int part) => new MetadataMessage(MetadataMessageKind.Data, part, info.Length).Write(
            info.AsSpan(part * MetadataMessage.PartSize, Math.Min(MetadataMessage.PartSize, info.Length - part * MetadataMessage.PartSize)));
        byte[] offer = BitConverter.GetBytes(info.Length);
        yield return Row(Record(1, 0, offer), Record(1, 1, Data(0)), Record(1, 1, Data(1)), Record(1, 1, Data(2)));
        yield return Row(Record(1, 0, offer), Record(2, 0, offer), Record(1, 1, Data(0)), Record(2, 1, Data(1)), Record(2, 2, []), Record(1, 1, Data(2)));
        yield return Row(Record(1, 0, BitConverter.GetBytes(MetadataAssembly.MaxSize)), Record(1, 1, Data(0)), Record(2, 0, offer));
        yield return Row(Record(1, 0, offer), Record(1, 1, new MetadataMessage(MetadataMessageKind.Reject, 0, 0).Write()));
        yield return Row(Record(1, 1, new MetadataMessage(MetadataMessageKind.Request, 7, 0).Write()));
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        var assembly = new MetadataAssembly(hash);
        long now = 0;
        int liars = 0, wholes = 0, read = 0;
        while (input.Length >= 4)
        {
            (int peer, int kind, int length) = (input[0] % 8, input[1] % 4, Math.Min(input[2] << 8 | input[3], input.Length - 4));
            ReadOnlySpan<byte> content = input.Slice(4, length);
            input = input[(4 + length)..];
            now += 100;
            switch (kind)
            {
                case 0 when content.Length >= 4:
                    int size = BitConverter.ToInt32(content);
                    Check(!assembly.Offer(peer, size) || size is > 0 and <= MetadataAssembly.MaxSize, "a size is taken only when it is plausible");
                    break;
                case 1:
                    if (!MetadataMessage.TryRead(content, out MetadataMessage message, out ReadOnlySpan<byte> data)) break;
                    read++;
                    Check(message.Piece >= 0 && message.TotalSize >= 0, "numbers are not negative");
                    if (message.Kind == MetadataMessageKind.Reject) assembly.OnReject(peer, message.Piece, now);
                    if (message.Kind != MetadataMessageKind.Data) break;
                    byte[]? whole = assembly.OnData(peer, message, data, now, out bool liar);
                    Check(whole is null || Sha1Hash.Of(whole) == hash.V1, "what comes out has the hash");
                    Check(whole is null || !liar, "who completes it is no liar");
                    if (whole is not null) wholes++;
                    if (liar) liars++;
                    break;
                case 2:
                    assembly.Forget(peer);
                    break;
                default:
                    int part = assembly.Next(peer, now);
                    Check(part >= -1 && part < MetadataAssembly.MaxSize / MetadataMessage.PartSize, "a part that is asked for exists");
                    assembly.IsUseless(peer, now);
                    break;
            }
            Check(assembly.Held is >= 0 and <= MetadataAssembly.MaxHeld, $"{assembly.Held} bytes are held");
        }
        (int received, int total) = assembly.Progress;
        Check(received <= total, "no more is there than there is");
        return Math.Min(wholes, 3) * 4096 + Math.Min(liars, 7) * 512 + Math.Min(read, 15) * 32 + Math.Min(received, 31);
    }
}
