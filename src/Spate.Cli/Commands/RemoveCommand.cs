using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;

namespace Spate.Cli.Commands;

/// <summary><c>spate rm</c>: removes torrents of a daemon.</summary>
internal static class RemoveCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var chosen = new Chosen(environment);
        var data = new Option<bool>("--data") { Description = "Delete the downloaded files, too" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be removed, and remove nothing" };
        var command = new Command("rm", "Remove torrents of a daemon; their files stay unless --data is given") { data, dryRun };
        chosen.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            IReadOnlyList<TorrentRow> rows = await chosen.FindAsync(context, client);
            bool deletes = context.Get(data);
            string done = deletes ? "removed with its files" : "removed";
            if (!context.Get(dryRun)) return await TorrentAction.RunAsync(context, done, rows, ids => client.RemoveAsync(new RemoveTorrents { Ids = ids, DeleteData = deletes }, context.Cancel));
            TorrentAction.Say(context, done, rows, [], dryRun: true);
            if (deletes) context.Note($"{ByteSize.Show(rows.Sum(static row => row.DoneBytes))} of files would be deleted");
            return ExitCode.Ok;
        });
    }
}
