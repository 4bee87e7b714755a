using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;

namespace Spate.Cli.Commands;

/// <summary><c>spate trackers</c>: the trackers of a torrent of a daemon, with their last answers.</summary>
internal static class TrackersCommand
{
    public static Command Build(CliEnvironment environment)
    {
        Argument<string> torrent = RemoteArguments.Torrent(environment);
        Option<string[]> replace = TrackerArguments.Tiers("--set", "Have these trackers from now on; repeat for further tiers, part with commas within a tier");
        var announce = new Option<bool>("--announce") { Description = "Ask them now, as far as they allow" };
        var command = new Command("trackers", "List the trackers of a torrent of a daemon, with their last answers") { torrent, replace, announce };
        return command.Talks(environment, async (context, client) =>
        {
            TorrentRow row = await Chosen.FindOneAsync(context, client, context.Get(torrent)!);
            if (context.Get(replace) is { Length: > 0 } tiers)
                await client.SetTrackersAsync(row.Id, new TrackerTiers { Tiers = TrackerArguments.ReadTiers(tiers) }, context.Cancel);
            if (context.Get(announce))
            {
                ActionResult result = await client.AnnounceAsync(new AnnounceTorrents { Ids = [row.Id] }, context.Cancel);
                if (result.Failed is [var failure, ..]) throw new CliException(ExitCode.Error, $"{row.Name}: {failure.Message}");
            }
            TrackerList list = await client.GetTrackersAsync(row.Id, context.Cancel);
            if (context.IsJson)
            {
                context.Print(new TrackersJson("spate.trackers/1", row.Id, row.Name, list.Trackers), RemoteJsonContext.Default.TrackersJson);
                return ExitCode.Ok;
            }
            var table = new TorrentTable(
                new("tier", IsNumber: true), new("url"), new("state"), new("seeds", IsNumber: true), new("others", IsNumber: true), new("peers", IsNumber: true),
                new("next", IsNumber: true), new("answer", GivesWay: true));
            foreach (TrackerRow tracker in list.Trackers)
            {
                TimeSpan? next = tracker.NextAnnounceAt - context.Environment.Time.GetUtcNow();
                table.Add(
                    (tracker.Tier + 1).ToString(), tracker.Url, tracker.State.ToString().ToLowerInvariant(), tracker.Seeders?.ToString() ?? "",
                    tracker.Leechers?.ToString() ?? "", tracker.PeersReceived.ToString(), next is { } left ? ProgressLine.ShowTime(left) : "", tracker.Message);
            }
            table.Print(context);
            if (list.Trackers.Count == 0) context.Note($"{row.Name} has no trackers");
            return ExitCode.Ok;
        });
    }
}
