using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;

namespace Spate.Cli.Commands;

/// <summary><c>spate mv</c>: moves the files of torrents of a daemon.</summary>
internal static class MoveCommand
{
    public static Command Build(CliEnvironment environment)
    {
        Argument<string[]> arguments = RemoteArguments.Torrents(environment, new ArgumentArity(2, 100_000));
        arguments.Description = "The torrents (starts of their info-hashes or names), and last the folder to move their files to";
        arguments.HelpName = "torrent>... <dir";
        var command = new Command("mv", "Move the files of torrents of a daemon to another folder") { arguments };
        return command.Talks(environment, async (context, client) =>
        {
            string[] given = context.Get(arguments)!;
            string folder = RemoteArguments.Folder(context, given[^1]);
            List<TorrentRow> all = await Chosen.ListAsync(client, new TorrentFilter(), context.Cancel);
            TorrentRow[] rows = [.. given[..^1].Select(name => Chosen.Find(all, name)).DistinctBy(static row => row.Id)];
            return await TorrentAction.RunAsync(
                context, "being moved", rows, ids => client.MoveAsync(new MoveTorrents { Ids = ids, SavePath = folder }, context.Cancel));
        });
    }
}
