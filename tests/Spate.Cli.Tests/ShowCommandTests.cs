using System.Text;
using Spate.Protocol;

namespace Spate.Cli.Tests;

public sealed class ShowCommandTests : IDisposable
{
    private readonly TestTerminal terminal = new();

    public void Dispose() => terminal.Dispose();

    private static byte[] Torrent(string name, params (string[] Path, long Length)[] files)
    {
        var builder = new TorrentBuilder
        {
            Name = name, PieceLength = 16384, Files = [.. files.Select(f => new NewFile(f.Path, f.Length))],
            Outer = new TorrentOuter { TrackerTiers = [["http://a/", "http://b/"], ["udp://c:1"]], Comment = "about\u001b]0;title\u0007" },
        };
        return builder.Build(new byte[builder.PieceCount * 20]);
    }

    [Fact]
    public void A_torrent_is_shown_as_a_tree()
    {
        terminal.Write("x.torrent", Torrent("top", (["a"], 10), (["d", "b"], 2000), (["d", "e", "c"], 3_000_000), (["z"], 0)));
        terminal.Ok("show", "x.torrent");
        Assert.Contains("""
            top/  2.9 MiB
            ├── a  10 bytes
            ├── d/  2.9 MiB
            │   ├── b  2.0 KiB
            │   └── e/  2.9 MiB
            │       └── c  2.9 MiB
            └── z  0 bytes
            """, terminal.Out);
        Assert.Contains("content    2.9 MiB (3,002,010 bytes) in 4 files", terminal.Out);
        Assert.Contains("tier 1: http://b/", terminal.Out);
        Assert.Contains("tier 2: udp://c:1", terminal.Out);
        Assert.Empty(terminal.Err);
    }

    [Fact]
    public void Nothing_in_a_torrent_steers_the_terminal()
    {
        terminal.IsTerminal = true;
        terminal.Set("NO_COLOR", "1");
        terminal.Write("x.torrent", Torrent("na\u001b[31mme", (["\u009b2J", "a\u202egnp.exe"], 1), (["line\nbreak\r"], 1), (["\u0007"], 1)));
        terminal.Ok("show", "x.torrent");
        Assert.DoesNotContain(terminal.Out, c => c is (< ' ' and not '\n') or (>= '\u007f' and < '\u00a0') or '\u202e');
        Assert.Contains(@"na\u001b[31mme", terminal.Out);
        Assert.Contains(@"about\u001b]0;title\u0007", terminal.Out);

        terminal.Ok("show", "x.torrent", "--json");
        Assert.DoesNotContain(terminal.Out, c => c is (< ' ' and not '\n') or (>= '\u007f' and < '\u00a0') or '\u202e');
        Assert.Equal("na\u001b[31mme", terminal.Json.GetProperty("name").GetString());

        terminal.Write("bad\u001b[31m.torrent", [1, 2, 3]);
        Assert.Equal(ExitCode.Error, terminal.Run("show", "bad\u001b[31m.torrent"));
        Assert.DoesNotContain('\u001b', terminal.Err);
    }

    [Fact]
    public void Colours_only_on_a_terminal_that_wants_them()
    {
        terminal.Write("x.torrent", Torrent("top", (["a"], 10)));
        terminal.Ok("show", "x.torrent");
        Assert.DoesNotContain('\u001b', terminal.Out);
        terminal.IsTerminal = true;
        terminal.Ok("show", "x.torrent");
        Assert.Contains("\u001b[1mtop/\u001b[0m", terminal.Out);
        terminal.Set("NO_COLOR", "1");
        terminal.Ok("show", "x.torrent");
        Assert.DoesNotContain('\u001b', terminal.Out);
    }

    [Fact]
    public void Json_has_every_field()
    {
        byte[] bytes = Torrent("top", (["a:b"], 10), (["d", "b"], 20000));
        terminal.Write("x.torrent", bytes);
        terminal.Ok("show", "--json", "x.torrent");
        Metainfo torrent = Metainfo.Parse(bytes);
        Assert.Equal(torrent.InfoHash.ToString(), terminal.Json.GetProperty("info_hash").GetProperty("v1").GetString());
        Assert.Equal(2, terminal.Json.GetProperty("piece_count").GetInt32());
        Assert.Equal("http://b/", terminal.Json.GetProperty("trackers")[0][1].GetString());
        var file = terminal.Json.GetProperty("files")[0];
        Assert.Equal(("top/a_b", "top/a:b", 10), (file.GetProperty("path").GetString(), file.GetProperty("original_path").GetString(), file.GetProperty("length").GetInt64()));
        Assert.False(terminal.Json.GetProperty("private").GetBoolean());
    }

    [Fact]
    public void A_torrent_comes_from_standard_input_or_a_url()
    {
        byte[] bytes = Torrent("piped", (["a"], 10));
        terminal.Input = bytes;
        terminal.Ok("show", "-");
        Assert.Contains("piped", terminal.Out);

        terminal.Http.Pages["http://host/x.torrent"] = (200, bytes);
        terminal.Http.Pages["http://host/gone"] = (404, []);
        terminal.Http.Pages["http://host/broken"] = (500, []);
        terminal.Http.Pages["http://host/html"] = (200, Encoding.ASCII.GetBytes("<html>"));
        terminal.Http.Pages["http://host/big"] = (200, new byte[10_000_001]);
        terminal.Ok("show", "http://host/x.torrent");
        Assert.Contains("piped", terminal.Out);
        Assert.Equal(ExitCode.NotFound, terminal.Run("show", "http://host/gone"));
        Assert.Equal(ExitCode.Network, terminal.Run("show", "http://host/broken"));
        Assert.Equal(ExitCode.Network, terminal.Run("show", "http://host/big"));
        Assert.Equal(ExitCode.Network, terminal.Run("show", "http://other/"));
        Assert.Contains("refused", terminal.Err);
        Assert.Equal(ExitCode.Error, terminal.Run("show", "http://host/html"));
        Assert.Contains("not a valid .torrent file", terminal.Err);
    }

    [Fact]
    public void A_magnet_link_is_shown_too()
    {
        const string link = "magnet:?xt=urn:btih:cab507494d02ebb1178b38f2e9d7be299c86b862&dn=Name&tr=http%3A%2F%2Ft%2F&so=1-3";
        terminal.Ok("show", link);
        Assert.Contains("cab507494d02ebb1178b38f2e9d7be299c86b862", terminal.Out);
        Assert.Contains("http://t/", terminal.Out);
        terminal.Ok("show", link, "--json");
        Assert.Equal("Name", terminal.Json.GetProperty("name").GetString());
        Assert.Equal(ExitCode.Usage, terminal.Run("show", "magnet:?dn=x"));
        Assert.Contains("no BitTorrent info-hash", terminal.Err);
    }

    [Fact]
    public void What_is_no_torrent_is_said_with_the_place()
    {
        terminal.Write("bad.torrent", Encoding.ASCII.GetBytes("d4:infod6:lengthi-5e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"));
        Assert.Equal(ExitCode.Error, terminal.Run("show", "bad.torrent"));
        Assert.Equal("spate: bad.torrent: info.length: -5 is negative (byte 16)\n", terminal.Err);
        Assert.Equal(ExitCode.NotFound, terminal.Run("show", "none.torrent"));
        Directory.CreateDirectory(terminal["folder"]);
        Assert.Equal(ExitCode.Error, terminal.Run("show", "folder"));
        Assert.Contains("folder is a folder", terminal.Err);
        terminal.Write("big.torrent", 10_000_001);
        Assert.Equal(ExitCode.Disk, terminal.Run("show", "big.torrent"));
        Assert.Contains("longer than 10,000,000 bytes", terminal.Err);
    }
}
