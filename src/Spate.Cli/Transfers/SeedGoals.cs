using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spate.Engine.Torrents;

namespace Spate.Cli.Transfers;

/// <summary>How long a torrent is seeded once it is complete.</summary>
/// <param name="Forever">Until Ctrl-C; the others end it before.</param>
/// <param name="Ratio">Until so many bytes were sent for each byte of the content; null for no such end.</param>
/// <param name="Time">For so long; null for no such end.</param>
internal sealed record SeedGoals(bool Forever, double? Ratio, TimeSpan? Time)
{
    private static readonly TimeSpan minute = TimeSpan.FromMinutes(1);

    private static readonly Option<string> RatioOption = new("--seed-ratio")
    {
        Description = "Seed until so many bytes were sent for each byte of the content, such as 1.5", HelpName = "RATIO",
        Validators =
        {
            static result =>
            {
                foreach (Token token in result.Tokens)
                {
                    if (!TryParseRatio(token.Value, out _)) result.AddError($"--seed-ratio takes a number such as 1.5, not '{token.Value}'.");
                }
            },
        },
    };

    private static readonly Option<string> TimeOption = SessionArguments.Time("--seed-time", "Seed for so long after completion, such as 30m or 2h (a bare number is minutes)", minute);

    /// <summary>Makes the options part of a command.</summary>
    public static void AddTo(Command command)
    {
        command.Add(RatioOption);
        command.Add(TimeOption);
    }

    /// <summary>What the options say.</summary>
    /// <param name="context">The command.</param>
    /// <param name="seeds">Whether to seed at all where neither option is given.</param>
    public static SeedGoals Read(CommandContext context, bool seeds)
    {
        double? ratio = context.Get(RatioOption) is { } text && TryParseRatio(text, out double value) ? value : null;
        return new SeedGoals(seeds, ratio, SessionArguments.ReadTime(context, TimeOption, minute));
    }

    /// <summary>Whether a complete torrent has been seeded enough.</summary>
    public bool IsReached(TorrentStatus status)
    {
        if (Ratio is null && Time is null) return !Forever;
        return status.Ratio >= Ratio || status.Seeding >= Time;
    }

    private static bool TryParseRatio(string text, out double ratio) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out ratio) && double.IsFinite(ratio);
}
