using System.CommandLine;
using System.Globalization;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;
using Spate.Cli.Transfers;

namespace Spate.Cli.Commands;

/// <summary><c>spate limit</c>: rate and share limits of a daemon, or of some of its torrents.</summary>
internal static class LimitCommand
{
    private enum Switch
    {
        Yes,
        No,
    }

    private static readonly TimeSpan minute = TimeSpan.FromMinutes(1);

    public static Command Build(CliEnvironment environment)
    {
        var chosen = new Chosen(environment);
        Option<string> down = SessionArguments.Rate("--down", "Download limit in bytes a second, such as 500K or 10M; 0: none");
        Option<string> up = SessionArguments.Rate("--up", "Upload limit in bytes a second; 0: none");
        var ratio = new Option<double?>("--seed-ratio") { Description = "Of torrents: stop when so many bytes were sent for each byte of the content; below 0: never", HelpName = "RATIO" };
        Option<string> time = SessionArguments.Time("--seed-time", "Of torrents: stop after so long of seeding, such as 30m or 2h (a bare number is minutes)", minute);
        Option<Switch?> alternative = Choice.Of<Switch>("--alternative", "Of the daemon: use the alternative limits, or no longer", "yes|no");
        var command = new Command("limit", "Show or set the limits of a daemon, or of torrents when some are named") { down, up, ratio, time, alternative };
        chosen.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            long? downLimit = Read(context, down), upLimit = Read(context, up);
            int? minutes = SessionArguments.ReadTime(context, time, minute) is { } long_ ? (int)Math.Ceiling(long_.TotalMinutes) : null;
            if (!chosen.IsGiven(context))
            {
                if (context.Get(ratio) is not null || minutes is not null) throw new CliException(ExitCode.Usage, "--seed-ratio and --seed-time are for torrents: name some, or say --all.");
                return await OfDaemonAsync(context, client, new SpeedSettingsChange { DownloadLimit = downLimit, UploadLimit = upLimit, UseAlternative = context.Get(alternative) is { } which ? which == Switch.Yes : null });
            }
            if (context.Get(alternative) is not null) throw new CliException(ExitCode.Usage, "--alternative is for the whole daemon: name no torrents.");
            ShareLimits? share = context.Get(ratio) is null && minutes is null ? null : new ShareLimits { Ratio = context.Get(ratio), SeedingMinutes = minutes };
            IReadOnlyList<TorrentRow> rows = await chosen.FindAsync(context, client);
            if (downLimit is null && upLimit is null && share is null) return Show(context, rows);
            var change = new TorrentChange { DownloadLimit = downLimit, UploadLimit = upLimit, ShareLimits = share };
            return await TorrentAction.RunAsync(context, "limited", rows, ids => client.ChangeAsync(new ChangeTorrents { Ids = ids, Change = change }, context.Cancel));
        });
    }

    private static ExitCode Show(CommandContext context, IReadOnlyList<TorrentRow> rows)
    {
        if (context.IsJson)
        {
            context.Print(
                new TorrentLimitsJson("spate.torrent_limits/1", [.. rows.Select(static row => new LimitsOfTorrent(row.Id, row.Name, row.DownloadLimit, row.UploadLimit))]),
                RemoteJsonContext.Default.TorrentLimitsJson);
            return ExitCode.Ok;
        }
        var table = new TorrentTable(new("id"), new("name", GivesWay: true), new("down", IsNumber: true), new("up", IsNumber: true));
        foreach (TorrentRow row in rows) table.Add(row.Id[..8], row.Name, TorrentTable.Limit(row.DownloadLimit), TorrentTable.Limit(row.UploadLimit));
        table.Print(context);
        if (rows.Count == 0) context.Note($"no torrent matches");
        return ExitCode.Ok;
    }

    private static async Task<ExitCode> OfDaemonAsync(CommandContext context, SpateClient client, SpeedSettingsChange change)
    {
        bool changes = change != new SpeedSettingsChange();
        Settings settings = changes ? await client.ChangeSettingsAsync(new SettingsChange { Speed = change }, context.Cancel) : await client.GetSettingsAsync(context.Cancel);
        SpeedSettings speed = settings.Speed;
        if (context.IsJson)
        {
            context.Print(
                new LimitsJson("spate.limits/1", speed.DownloadLimit, speed.UploadLimit, speed.UseAlternative, speed.AlternativeDownloadLimit, speed.AlternativeUploadLimit),
                RemoteJsonContext.Default.LimitsJson);
            return ExitCode.Ok;
        }
        Print("limits", speed.DownloadLimit, speed.UploadLimit, !speed.UseAlternative);
        Print("alternative limits", speed.AlternativeDownloadLimit, speed.AlternativeUploadLimit, speed.UseAlternative);
        return ExitCode.Ok;

        void Print(string name, long down, long up, bool holds)
        {
            string text = string.Create(CultureInfo.InvariantCulture, $"{name,-18}  down {TorrentTable.Limit(down)}, up {TorrentTable.Limit(up)}");
            if (holds) context.Out.Line($"{text}  {context.Out.Green("in force")}");
            else context.Out.Line($"{context.Out.Dim(text)}");
        }
    }

    private static long? Read(CommandContext context, Option<string> option) =>
        context.Get(option) is { } text && ByteSize.TryParse(text, out long bytes) ? bytes : null;
}
