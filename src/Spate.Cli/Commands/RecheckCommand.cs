using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;

namespace Spate.Cli.Commands;

/// <summary><c>spate recheck</c>: checks torrents of a daemon.</summary>
internal static class RecheckCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var chosen = new Chosen(environment);
        var command = new Command("recheck", "Compare all files of torrents of a daemon with their hashes");
        chosen.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            IReadOnlyList<TorrentRow> rows = await chosen.FindAsync(context, client);
            return await TorrentAction.RunAsync(context, "being checked", rows, ids => client.RecheckAsync(new RecheckTorrents { Ids = ids }, context.Cancel));
        });
    }
}
