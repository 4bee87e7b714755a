using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;

namespace Spate.Cli.Commands;

/// <summary><c>spate stop</c>: stops torrents of a daemon.</summary>
internal static class StopCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var chosen = new Chosen(environment);
        var command = new Command("stop", "Stop torrents of a daemon; what is there stays");
        chosen.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            IReadOnlyList<TorrentRow> rows = await chosen.FindAsync(context, client);
            return await TorrentAction.RunAsync(context, "stopped", rows, ids => client.PauseAsync(new PauseTorrents { Ids = ids }, context.Cancel));
        });
    }
}
