using System.Text;
using Spate.Protocol;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>Magnet links: a link that is read is written, and then reads the same.</summary>
internal sealed class MagnetTarget : FuzzTarget
{
    private const string Hash = "cab507494d02ebb1178b38f2e9d7be299c86b862";
    private const string V2 = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e";

    public override string Name => "magnet";

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[]
        {
            "magnet:?", "xt=", "urn:btih:", "urn:btmh:1220", Hash, V2, "ZK2QOSKNALV3CF4LHDZOTV56FGOINODC", "&", "=", "%", "%2", "%00", "%ff", "+", "dn=", "tr=", "ws=", "xs=",
            "as=", "x.pe=", "so=", ".1", "0-4294967296", "[::1]:80", "1.2.3.4:80", "http://x/", ",", "-", "xt.1=",
        }.Select(Bytes),
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        yield return Bytes(Hash);
        yield return Bytes(V2);
        yield return Bytes("magnet:?xt=urn:btih:" + Hash);
        yield return Bytes($"magnet:?xt=urn:btih:{Hash}&xt=urn:btmh:1220{V2}&dn=a+b%20c&tr=http%3A%2F%2Fa%2F&tr.1=udp://b:1&ws=http://w/&x.pe=1.2.3.4:5&x.pe=[::1]:6"
            + "&xs=http://x/&as=http://y/&so=0,2,4-7");
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        // Half the point is odd text: taken as UTF-8, with whatever that gives.
        string text = Encoding.UTF8.GetString(input);
        if (!MagnetLink.TryParse(text, out MagnetLink? link, out string? error))
        {
            Check(error!.Length > 0, "an error says something");
            return error.Aggregate(7, (hash, c) => hash * 31 + c) & 0xffff;
        }
        string written = link.ToString();
        MagnetLink again = MagnetLink.Parse(written);
        Check(again.ToString() == written, "a link that was written reads back the same");
        Check(again.InfoHash == link.InfoHash && again.Trackers.Count == link.Trackers.Count && again.SelectOnly.SequenceEqual(link.SelectOnly), "nothing is lost in writing");
        Check(again.Peers.SequenceEqual(link.Peers), "peers are kept");
        Check(link.Trackers.Concat(link.WebSeeds).All(u => !u.Any(c => c <= ' ')), "URLs have no spaces or control characters");
        Check(link.Peers.All(p => p.Port is > 0 and < 65536 && p.Host.Length > 0), "peers have a host and a port");
        return 100_000 + Magnitude(link.Trackers.Count) * 4096 + Magnitude(link.Peers.Count) * 256 + Magnitude(link.SelectOnly.Count) * 16
            + (link.Name is null ? 0 : 8) + Magnitude(link.WebSeeds.Count + link.ExactSources.Count + link.AcceptableSources.Count);
    }
}
