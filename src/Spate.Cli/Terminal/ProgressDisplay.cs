using System.Text;

namespace Spate.Cli.Terminal;

/// <summary>
/// Shows on standard error how far tasks have come: bars that are drawn over on a terminal, a plain line now and then elsewhere,
/// nothing when asked to be quiet. Safe to call from any thread.
/// </summary>
internal sealed class ProgressDisplay : IDisposable
{
    private const int MostBars = 20;
    private const int WidestBar = 30;
    private static readonly TimeSpan DrawEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromMinutes(10);

    private readonly CliEnvironment environment;
    private readonly TextSink sink;
    private readonly bool isQuiet;
    private readonly bool hasBars;
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Figures, long At)> printed = []; // plain lines, by label
    private long lastShown;
    private int linesDrawn;
    private IReadOnlyList<ProgressLine> current = [];

    /// <param name="environment">The terminal and the clock.</param>
    /// <param name="sink">Standard error.</param>
    /// <param name="isQuiet">Shows no progress; messages still come through.</param>
    /// <param name="hasBars">Draws bars; else plain lines.</param>
    public ProgressDisplay(CliEnvironment environment, TextSink sink, bool isQuiet, bool hasBars)
    {
        this.environment = environment;
        this.sink = sink;
        this.isQuiet = isQuiet;
        this.hasBars = hasBars;
        // The first bar comes at once, the first plain line only when it takes a while.
        lastShown = environment.Time.GetTimestamp() - (hasBars ? environment.Time.TimestampFrequency : 0);
    }

    /// <summary>Shows the tasks as they stand now. Call it as often as you like: it is drawn ten times a second at most.</summary>
    public void Show(params IReadOnlyList<ProgressLine> lines)
    {
        if (isQuiet) return;
        lock (gate)
        {
            current = lines;
            if (environment.Time.GetElapsedTime(lastShown) < (hasBars ? DrawEvery : LineEvery)) return;
            lastShown = environment.Time.GetTimestamp();
            if (hasBars) Draw();
            else
            {
                foreach (ProgressLine line in lines) PrintPlain(line);
            }
        }
    }

    /// <summary>Prints a line that stays, above the bars.</summary>
    public void Message(FormattableString line) => Around(() => sink.Line(line));

    /// <summary>Prints something else above the bars.</summary>
    public void Around(Action print)
    {
        lock (gate)
        {
            Erase();
            print();
            if (hasBars && !isQuiet && current.Count > 0) Draw();
        }
    }

    /// <summary>Takes the bars away, so that something else can be printed.</summary>
    public void Clear()
    {
        lock (gate)
        {
            Erase();
            current = [];
        }
    }

    /// <inheritdoc cref="Clear"/>
    public void Dispose() => Clear();

    // What has not changed is said again only now and then.
    private void PrintPlain(in ProgressLine line)
    {
        string figures = line.Figures();
        long now = environment.Time.GetTimestamp();
        if (printed.TryGetValue(line.Label, out (string Figures, long At) last) && last.Figures == figures
            && environment.Time.GetElapsedTime(last.At, now) < RepeatEvery) return;
        printed[line.Label] = (figures, now);
        sink.Line($"{line.Label}: {figures}");
    }

    private void Draw()
    {
        int width = Math.Clamp(environment.Width(), 20, 400) - 1; // some terminals wrap when the last column is written
        var frame = new StringBuilder();
        if (linesDrawn > 0) frame.Append($"\u001b[{linesDrawn}A");
        int shown = Math.Min(current.Count, MostBars);
        for (int i = 0; i < shown; i++) frame.Append("\r\u001b[2K").Append(Bar(current[i], width)).Append('\n');
        if (shown < current.Count) frame.Append("\r\u001b[2K").Append(TerminalText.Fit($"and {current.Count - shown} more", width)).Append('\n');
        // Lines of the frame before that are not used any more.
        frame.Append("\u001b[J");
        linesDrawn = shown + (shown < current.Count ? 1 : 0);
        sink.Raw(frame.ToString());
    }

    private void Erase()
    {
        if (linesDrawn > 0) sink.Raw($"\u001b[{linesDrawn}A\r\u001b[J");
        linesDrawn = 0;
    }

    // label [████████        ] 42 %  1.2 GiB/s  3 s left     (no bar where there is no end to come to)
    private static string Bar(in ProgressLine line, int width)
    {
        string figures = line.Figures();
        string label = TerminalText.Escape(line.Label);
        int room = width - TerminalText.Width(figures) - 5;
        if (line.Total == 0 || room < 12)
        {
            string name = TerminalText.Shorten(label, Math.Max(8, width / 3));
            return $"{name}  {line.Figures(width - TerminalText.Width(name) - 2)}";
        }
        int bar = Math.Min(WidestBar, room / 2);
        int labelWidth = Math.Min(room - bar, Math.Max(TerminalText.Width(label), 8));
        return $"{TerminalText.Fit(label, labelWidth)} [{Blocks(line.Fraction, bar)}] {figures}";
    }

    private static string Blocks(double fraction, int columns)
    {
        int eighths = (int)(fraction * columns * 8);
        string full = new('█', eighths / 8);
        if (eighths / 8 == columns) return full;
        char partial = " ▏▎▍▌▋▊▉"[eighths % 8];
        return full + partial + new string(' ', columns - eighths / 8 - 1);
    }
}
