using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;

namespace Spate.Cli.Commands;

/// <summary><c>spate start</c>: starts torrents of a daemon.</summary>
internal static class StartCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var chosen = new Chosen(environment);
        var force = new Option<bool>("--force") { Description = "Whatever the queue says" };
        var command = new Command("start", "Start torrents of a daemon") { force };
        chosen.AddTo(command);
        return command.Talks(environment, async (context, client) =>
        {
            IReadOnlyList<TorrentRow> rows = await chosen.FindAsync(context, client);
            return await TorrentAction.RunAsync(context, "started", rows, ids => client.ResumeAsync(new ResumeTorrents { Ids = ids, Force = context.Get(force) }, context.Cancel));
        });
    }
}
