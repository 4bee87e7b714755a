using System.Globalization;

namespace Spate.Cli.Terminal;

/// <summary>
/// Where a command prints text for people. Every string put into a line is escaped, so that a name from a torrent can never steer
/// the terminal; only <see cref="Styled"/> pieces pass as they are.
/// </summary>
internal sealed class TextSink(TextWriter writer, bool hasColour)
{
    /// <summary>Text with a style; its content is escaped already.</summary>
    public readonly struct Styled
    {
        private readonly string text;

        internal Styled(string text) => this.text = text;

        /// <inheritdoc/>
        public override string ToString() => text;
    }

    /// <summary>True when styles show.</summary>
    public bool HasColour => hasColour;

    /// <summary>Prints a line. Strings in its holes are escaped, numbers are not grouped by any culture.</summary>
    public void Line(FormattableString line) => writer.WriteLine(Safe(line));

    /// <summary>Prints an empty line.</summary>
    public void Line() => writer.WriteLine();

    /// <summary>Prints text that is known to be safe, such as a script of our own.</summary>
    public void Raw(string text) => writer.Write(text);

    public Styled Bold(string text) => Style(text, "1");

    public Styled Dim(string text) => Style(text, "2");

    public Styled Red(string text) => Style(text, "31");

    public Styled Green(string text) => Style(text, "32");

    public Styled Yellow(string text) => Style(text, "33");

    /// <summary>The line with every string in its holes escaped.</summary>
    internal static string Safe(FormattableString line)
    {
        object?[] holes = line.GetArguments();
        for (int i = 0; i < holes.Length; i++)
        {
            if (holes[i] is string text) holes[i] = TerminalText.Escape(text);
            else if (holes[i] is not (Styled or ValueType or null)) holes[i] = TerminalText.Escape(holes[i]!.ToString() ?? "");
        }
        return string.Format(CultureInfo.InvariantCulture, line.Format, holes);
    }

    private Styled Style(string text, string code)
    {
        string safe = TerminalText.Escape(text);
        return new Styled(hasColour ? $"\u001b[{code}m{safe}\u001b[0m" : safe);
    }
}
