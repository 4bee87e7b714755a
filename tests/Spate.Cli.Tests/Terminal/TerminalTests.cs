using FsCheck;
using FsCheck.Fluent;
using Spate.Cli.Terminal;
using Spate.Engine.Ports;

namespace Spate.Cli.Tests.Terminal;

public class TerminalTests
{
    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1, "1 byte")]
    [InlineData(1023, "1023 bytes")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1024 * 1024 - 1, "1.0 MiB")]
    [InlineData(1536L << 20, "1.5 GiB")]
    [InlineData(long.MaxValue, "8192.0 PiB")]
    public void Sizes_are_shown(long bytes, string text) => Assert.Equal(text, ByteSize.Show(bytes));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("16384", 16384)]
    [InlineData("16K", 16384)]
    [InlineData("16k", 16384)]
    [InlineData("16 KiB", 16384)]
    [InlineData("16kB", 16000)]
    [InlineData("1.5M", 1_572_864)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("1T", 1L << 40)]
    [InlineData("10b", 10)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("K")]
    [InlineData("-1")]
    [InlineData("1e5")]
    [InlineData("1,000")]
    [InlineData("99999999999999T")]
    [InlineData("79228162514264337593543950336")]
    public void What_is_no_size_is_not_read(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Fact]
    public void Escaped_text_is_harmless_whatever_it_was() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            string safe = TerminalText.Escape(text ?? "");
            return !safe.Any(c => char.IsControl(c) || c is '\u202e' or '\u2066');
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Ordinary_text_of_any_script_is_left_alone()
    {
        foreach (string text in new[] { "plain", "Grüße", "日本語", "עברית", "emoji 😀", "e\u0301" }) Assert.Same(text, TerminalText.Escape(text));
        Assert.Equal(@"\ud800x", TerminalText.Escape("\ud800x"));
    }

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("日本", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("😀", 2)]
    [InlineData("한국", 4)]
    public void Widths_are_those_of_a_terminal(string text, int width) => Assert.Equal(width, TerminalText.Width(text));

    [Theory]
    [InlineData("a long file name.mkv", 10, "a long…mkv")]
    [InlineData("short", 10, "short")]
    [InlineData("日本語のファイル.txt", 10, "日本語…txt")]
    [InlineData("abc", 1, "…")]
    [InlineData("abc", 0, "")]
    public void Long_text_is_cut_in_the_middle(string text, int columns, string cut)
    {
        Assert.Equal(cut, TerminalText.Shorten(text, columns));
        Assert.Equal(columns, TerminalText.Width(TerminalText.Fit(text, columns)));
    }

    [Fact]
    public void Lines_escape_what_is_put_into_them_and_keep_styles()
    {
        var text = new StringWriter();
        var sink = new TextSink(text, hasColour: true);
        sink.Line($"{"a\u001b[0m"} {sink.Red("b\u0007")} {5} {null}{{}}");
        Assert.Equal("a\\u001b[0m \u001b[31mb\\u0007\u001b[0m 5 {}\n", text.ToString());
    }

    [Fact]
    public void A_rate_follows_what_is_done()
    {
        var time = new ManualTime();
        var rate = new RateEstimate(time);
        Assert.Null(rate.Update(0));
        time.Advance(1);
        Assert.Equal(1000, rate.Update(1000)!.Value, 1.0);
        for (int second = 2; second <= 30; second++)
        {
            time.Advance(1);
            rate.Update(1000 + (second - 1) * 5000);
        }
        Assert.InRange(rate.Update(0)!.Value, 4900, 5000);
    }

    private readonly StringWriter error = new();
    private readonly ManualTime time = new();
    private int width = 60;

    private ProgressDisplay Display(bool hasBars, bool isQuiet = false)
    {
        var environment = new CliEnvironment
        {
            Arguments = [], WorkingDirectory = "/", Input = Stream.Null, Output = Stream.Null, Error = error, Width = () => width, Time = time,
            Http = new Lazy<IHttpFetcher>(() => throw new InvalidOperationException()),
        };
        return new ProgressDisplay(environment, new TextSink(error, hasColour: false), isQuiet, hasBars);
    }

    private string Take()
    {
        string text = error.ToString();
        error.GetStringBuilder().Clear();
        return text;
    }

    [Fact]
    public void Bars_are_drawn_over_ten_times_a_second_at_most()
    {
        using ProgressDisplay display = Display(hasBars: true);
        display.Show(new ProgressLine("file.bin", 50, 100, 10));
        Assert.Equal("\r\u001b[2Kfile.bin [███████       ] 50 %  10 bytes/s  5 s left\n\u001b[J", Take());
        time.Advance(0.05);
        display.Show(new ProgressLine("file.bin", 60, 100, 10));
        Assert.Empty(Take());
        time.Advance(0.06);
        display.Show(new ProgressLine("file.bin", 100, 100, 10), new ProgressLine("other", 0, 0, null));
        string two = Take();
        Assert.StartsWith("\u001b[1A\r\u001b[2Kfile.bin [", two);
        Assert.Contains("other", two);
        display.Message($"a {"line\u0007"}");
        string message = Take();
        Assert.StartsWith("\u001b[2A\r\u001b[Ja line\\u0007\n\r\u001b[2Kfile.bin", message);
        display.Clear();
        Assert.Equal("\u001b[2A\r\u001b[J", Take());
        display.Clear();
        Assert.Empty(Take());
    }

    [Fact]
    public void A_frame_fits_the_terminal_whatever_its_width_and_the_names()
    {
        using ProgressDisplay display = Display(hasBars: true);
        foreach (int columns in new[] { 5, 20, 33, 60, 200, 1000 })
        {
            width = columns;
            foreach (string name in new[] { "a", "日本語の長い長い長い長いファイル名.txt", new string('x', 500), "evil\u001b[2J" })
            {
                time.Advance(1);
                display.Show([.. Enumerable.Range(0, 30).Select(i => new ProgressLine(name, i, 30, 1e12, "12 peers"))]);
                string[] lines = Take().Split('\n');
                Assert.All(lines[..^1], line => Assert.InRange(TerminalText.Width(line[(line.IndexOf('K') + 1)..]), 0, Math.Max(20, columns) - 1));
                Assert.Equal(22, lines.Length);
                Assert.StartsWith("and 10 more", lines[20][(lines[20].IndexOf('K') + 1)..]);
            }
        }
    }

    [Theory]
    [InlineData(30, "show  42 %  10 bytes/s")]
    [InlineData(40, "show  42 %  10 bytes/s  6 s left  1 peer")]
    [InlineData(60, "show  42 %  10 bytes/s  6 s left  1 peer  42/100 pieces")]
    [InlineData(80, "show     [█████▍       ] 42 %  10 bytes/s  6 s left  1 peer  42/100 pieces")]
    public void Where_it_is_narrow_the_bar_goes_first_and_then_the_least_important(int columns, string expected)
    {
        using ProgressDisplay display = Display(hasBars: true);
        width = columns + 1;
        display.Show(new ProgressLine("show", 42, 100, 10, "1 peer  42/100 pieces"));
        Assert.Equal($"\r\u001b[2K{expected}\n\u001b[J", Take());
    }

    [Fact]
    public void Of_a_reason_as_much_is_shown_as_fits()
    {
        using ProgressDisplay display = Display(hasBars: true);
        width = 50;
        display.Show(new ProgressLine("show", 0, 100, null, "no peers yet: tracker.example refused the connection"));
        Assert.Matches(@"show  0 %  no peers yet: .*…", Take());
    }

    [Fact]
    public void Without_a_terminal_there_is_a_plain_line_now_and_then()
    {
        using ProgressDisplay display = Display(hasBars: false);
        display.Show(new ProgressLine("hashing", 10, 100, null));
        Assert.Empty(Take());
        time.Advance(5.1);
        display.Show(new ProgressLine("hashing", 50, 100, 10, "file"));
        Assert.Equal("hashing: 50 %  10 bytes/s  5 s left  file\n", Take());
        display.Show(new ProgressLine("hashing", 51, 100, 10));
        Assert.Empty(Take());
        display.Clear();
        Assert.Empty(Take());
    }

    [Fact]
    public void Quiet_shows_messages_only()
    {
        using ProgressDisplay display = Display(hasBars: true, isQuiet: true);
        display.Show(new ProgressLine("x", 1, 2, 1));
        Assert.Empty(Take());
        display.Message($"said");
        Assert.Equal("said\n", Take());
    }
}
