using FsCheck;
using FsCheck.Fluent;
using static Spate.Protocol.Tests.TorrentText;

namespace Spate.Protocol.Tests;

public class MagnetLinkTests
{
    private const string Hex = "cab507494d02ebb1178b38f2e9d7be299c86b862";
    private const string Base32 = "ZK2QOSKNALV3CF4LHDZOTV56FGOINODC";
    private const string V2 = "caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e";

    [Fact]
    public void Every_parameter_is_read()
    {
        MagnetLink link = MagnetLink.Parse($"magnet:?xt=urn:btih:{Hex}&xt=urn:btmh:1220{V2}&dn=Some+name%20%C3%A9&tr=http%3A%2F%2Fa%2Fannounce"
            + "&tr.1=udp%3A%2F%2Fb%3A80&ws=http%3A%2F%2Fw%2F&x.pe=1.2.3.4:5&x.pe=[2001:db8::1]:6&x.pe=host.example:7"
            + "&xs=http%3A%2F%2Fx%2Ft.torrent&as=http%3A%2F%2Fy%2F&so=0,2,6-8&unknown=1&flag");
        Assert.Equal((Hex, V2), (link.InfoHash.V1.ToString(), link.InfoHash.V2.ToString()));
        Assert.True(link.InfoHash.HasV1 && link.InfoHash.HasV2);
        Assert.Equal("Some name é", link.Name);
        Assert.Equal(["http://a/announce", "udp://b:80"], link.Trackers);
        Assert.Equal(["http://w/"], link.WebSeeds);
        Assert.Equal([("1.2.3.4", 5), ("2001:db8::1", 6), ("host.example", 7)], link.Peers);
        Assert.Equal(["http://x/t.torrent"], link.ExactSources);
        Assert.Equal(["http://y/"], link.AcceptableSources);
        Assert.Equal([(0, 0), (2, 2), (6, 8)], link.SelectOnly);
        Assert.Equal([true, false, true, false, false, false, true, true, true, false], Enumerable.Range(0, 10).Select(link.Selects));
    }

    [Theory]
    [InlineData("magnet:?xt=urn:btih:" + Hex)]
    [InlineData("magnet:?xt=urn:btih:" + Base32)]
    [InlineData("MAGNET:?xt=URN:BTIH:CAB507494D02EBB1178B38F2E9D7BE299C86B862")]
    [InlineData("magnet:?xt=urn%3Abtih%3A" + Hex)]
    [InlineData("magnet:?dn=x&xt.1=urn:sha1:AAAA&xt.2=urn:btih:" + Hex)]
    [InlineData(" " + Hex + "\n")]
    [InlineData(Base32)]
    [InlineData("zk2qosknalv3cf4lhdzotv56fgoinodc")]
    public void Forms_of_one_info_hash(string text) =>
        Assert.Equal(Hex, MagnetLink.Parse(text).InfoHash.V1.ToString());

    [Theory]
    [InlineData("magnet:?xt=urn:btmh:1220" + V2)]
    [InlineData(V2)]
    public void Forms_of_a_v2_info_hash(string text)
    {
        InfoHash hash = MagnetLink.Parse(text).InfoHash;
        Assert.False(hash.HasV1);
        Assert.Equal(V2, hash.V2.ToString());
    }

    [Theory]
    [InlineData("", "neither a magnet link nor an info-hash")]
    [InlineData("http://x/", "neither a magnet link nor an info-hash")]
    [InlineData("magnet:", "neither")]
    [InlineData("magnet:?", "the magnet link has no BitTorrent info-hash")]
    [InlineData("magnet:?dn=x", "the magnet link has no BitTorrent info-hash")]
    [InlineData("magnet:?xt=urn:btih:abc", "xt: an info-hash (btih) is")]
    [InlineData("magnet:?xt=urn:btih:1ab507494d02ebb1178b38f2e9d7be299c86b86g", "xt: an info-hash (btih) is")]
    [InlineData("magnet:?xt=urn:btih:0K2QOSKNALV3CF4LHDZOTV56FGOINODC", "xt: an info-hash (btih) is")]
    [InlineData("magnet:?xt=urn:btmh:1320" + V2, "xt: a v2 info-hash (btmh) is")]
    [InlineData("magnet:?xt=urn:btmh:1220abcd", "xt: a v2 info-hash (btmh) is")]
    [InlineData("magnet:?xt=urn:btih:" + Hex + "&xt=urn:btih:0000000000000000000000000000000000000000", "xt: the magnet link names two")]
    [InlineData("magnet:?xt=urn:btih:" + Hex + "&so=a", "so: must be file numbers")]
    [InlineData("magnet:?xt=urn:btih:" + Hex + "&so=3-1", "so: must be file numbers")]
    [InlineData("magnet:?xt=urn:btih:" + Hex + "&so=-1", "so: must be file numbers")]
    [InlineData("magnet:?xt=urn:btih:" + Hex + "&so=99999999999", "so: must be file numbers")]
    public void What_is_wrong_is_said(string text, string message)
    {
        Assert.False(MagnetLink.TryParse(text, out MagnetLink? link, out string? error));
        Assert.Null(link);
        Assert.StartsWith(message, error);
        Assert.Equal(error, Assert.Throws<FormatException>(() => MagnetLink.Parse(text)).Message);
    }

    [Theory]
    [InlineData("x.pe=nohost")]
    [InlineData("x.pe=host:0")]
    [InlineData("x.pe=host:70000")]
    [InlineData("x.pe=:80")]
    [InlineData("x.pe=2001:db8::1:80")]
    [InlineData("x.pe=a%20b:80")]
    [InlineData("tr=")]
    [InlineData("tr=nonsense")]
    [InlineData("tr=http%3A%2F%2Fa%0D%0AHost%3A%20evil")]
    public void Unusable_hints_are_left_out(string parameter)
    {
        MagnetLink link = MagnetLink.Parse($"magnet:?xt=urn:btih:{Hex}&{parameter}");
        Assert.Empty(link.Peers);
        Assert.Empty(link.Trackers);
    }

    [Fact]
    public void Floods_are_cut()
    {
        MagnetLink link = MagnetLink.Parse($"magnet:?xt=urn:btih:{Hex}" + string.Concat(Enumerable.Range(0, 2000).Select(i => $"&tr=udp://t{i}&x.pe=h{i}:1")));
        Assert.Equal(500, link.Trackers.Count);
        Assert.Equal(500, link.Peers.Count);
        Assert.False(MagnetLink.TryParse($"magnet:?xt=urn:btih:{Hex}" + new string('x', 300_000), out _, out string? error));
        Assert.Contains("longer than", error);
    }

    [Fact]
    public void The_limit_on_urls_is_on_what_they_say_and_not_on_how_it_is_escaped()
    {
        string url = "http://t/" + new string('é', 4000);
        MagnetLink link = MagnetLink.Parse($"magnet:?xt=urn:btih:{Hex}&tr={Uri.EscapeDataString(url)}&tr={url}{url}");
        Assert.Equal([url], link.Trackers);
        Assert.Equal([url], MagnetLink.Parse(link.ToString()).Trackers);
    }

    [Fact]
    public void A_link_reads_back_what_it_writes()
    {
        Gen<string> text = ArbMap.Default.GeneratorFor<string>().Select(s => s is null ? "" : new string([.. s.Where(c => !char.IsSurrogate(c))]).Trim());
        Prop.ForAll(text.ToArbitrary(), ArbMap.Default.ArbFor<ushort>(), (name, number) =>
        {
            var link = new MagnetLink
            {
                InfoHash = InfoHash.FromV1(Sha1Hash.Of(System.Text.Encoding.UTF8.GetBytes(name))),
                Name = name,
                Trackers = ["http://t/?a=b&c=" + Uri.EscapeDataString(name), "udp://x:1"],
                Peers = [("::1", number / 2 + 1)],
                SelectOnly = [(0, number)],
                WebSeeds = ["https://w/" + number],
            };
            MagnetLink back = MagnetLink.Parse(link.ToString());
            return back.ToString() == link.ToString() && back.Name == link.Name && back.Trackers.SequenceEqual(link.Trackers)
                && back.Peers.SequenceEqual(link.Peers) && back.SelectOnly.SequenceEqual(link.SelectOnly) && back.InfoHash == link.InfoHash;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_text_throws()
    {
        Gen<string> parts = Gen.Elements("magnet:?", "xt=", "urn:btih:", "urn:btmh:1220", Hex, V2, Base32, "&", "=", "so=", "1-2", ",", "x.pe=", "[::1]:", "80",
            "%", "%2", "%00", "%ff", "tr=", "dn=", ".1", "\ud800", "http:").ListOf().Select(string.Concat);
        Prop.ForAll(Gen.OneOf(parts, ArbMap.Default.GeneratorFor<string>()).ToArbitrary(), text =>
        {
            bool read = MagnetLink.TryParse(text, out MagnetLink? link, out string? error);
            return read ? link!.ToString().Length > 0 && error is null : link is null && error!.Length > 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void The_link_to_a_torrent_has_its_name_and_trackers()
    {
        Metainfo torrent = Parse(Info(), ("announce-list", List(List(Str("http://a/"), Str("http://b/")), List(Str("http://a/")))), ("url-list", Str("http://w/")));
        Assert.Equal(
            $"magnet:?xt=urn:btih:{torrent.InfoHash}&dn=file.bin&tr=http%3A%2F%2Fa%2F&tr=http%3A%2F%2Fb%2F&ws=http%3A%2F%2Fw%2F",
            MagnetLink.Of(torrent).ToString());
    }
}
