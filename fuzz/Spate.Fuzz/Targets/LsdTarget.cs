using System.Text;
using Spate.Protocol;
using Spate.Protocol.Wire;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>Announces of local discovery (BEP 14).</summary>
internal sealed class LsdTarget : FuzzTarget
{
    private readonly Sha1Hash[] hashes = new Sha1Hash[32];
    private readonly byte[] datagram = new byte[LsdMessage.MaxSize];

    public override string Name => "lsd";

    public override int MaxLength => 1500;

    public override IReadOnlyList<byte[]> Words { get; } =
        [.. new[] { "BT-SEARCH * HTTP/1.1\r\n", "Host: ", "Port: 6881\r\n", "Infohash: ", "cookie: ", "\r\n\r\n", ":", "0123456789abcdef0123456789abcdef01234567" }.Select(Bytes)];

    public override IEnumerable<byte[]> Seeds()
    {
        const string hash = "0123456789abcdef0123456789abcdef01234567";
        yield return Bytes($"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: {hash}\r\ncookie: cafe\r\n\r\n\r\n");
        yield return Bytes($"BT-SEARCH * HTTP/1.1\nPort:1\nInfohash:{hash}\nInfohash:{hash}\n\n");
        yield return Bytes("BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n" + string.Concat(Enumerable.Repeat($"Infohash: {hash}\r\n", 25)) + "\r\n");
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        if (!LsdMessage.TryRead(input, hashes, out int count, out ushort port, out ReadOnlySpan<byte> cookie)) return 1;
        Check(count is > 0 and <= 32 && port != 0 && cookie.Length <= 64, "an announce names a torrent and a port");
        int kept = Math.Min(count, LsdMessage.MaxHashes);
        int length = LsdMessage.Write(datagram, "[ff15::efc0:988f]:6771", port, hashes.AsSpan(0, kept), "c");
        Sha1Hash[] before = hashes[..kept];
        Check(LsdMessage.TryRead(datagram.AsSpan(0, length), hashes, out int again, out ushort portAgain, out _), "what is written can be read");
        Check(again == kept && portAgain == port && before.AsSpan().SequenceEqual(hashes.AsSpan(0, kept)), "an announce is the same when it is written and read again");
        return 2 + count * 64 + Magnitude(port) + (Encoding.ASCII.GetString(cookie).Length > 0 ? 32 : 0);
    }
}
