using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;

namespace Spate.Cli.Commands;

/// <summary><c>spate rename</c>: another name for a torrent of a daemon, or for a file or folder of it on disk.</summary>
internal static class RenameCommand
{
    public static Command Build(CliEnvironment environment)
    {
        Argument<string> torrent = RemoteArguments.Torrent(environment);
        var names = new Argument<string[]>("name")
        {
            Description = "A name to show for the torrent (empty: its own); or the path of a file or folder of it, as 'spate files' lists it, and its new name",
            HelpName = "name", Arity = new ArgumentArity(1, 2),
        };
        var command = new Command("rename", "Rename a torrent of a daemon as it is shown, or a file or folder of it on disk") { torrent, names };
        return command.Talks(environment, async (context, client) =>
        {
            TorrentRow row = await Chosen.FindOneAsync(context, client, context.Get(torrent)!);
            string[] given = context.Get(names)!;
            return given is [var path, var name]
                ? await RenameFileAsync(context, client, row, path.TrimEnd('/'), name)
                : await RenameTorrentAsync(context, client, row, given[0]);
        });
    }

    private static async Task<ExitCode> RenameTorrentAsync(CommandContext context, SpateClient client, TorrentRow row, string name)
    {
        TorrentDetails now = await client.ChangeTorrentAsync(row.Id, new TorrentChange { Name = name }, context.Cancel);
        return Say(context, new RenamedJson("spate.renamed/1", row.Id, row.Name, now.Row.Name, null, null), row.Name, now.Row.Name);
    }

    private static async Task<ExitCode> RenameFileAsync(CommandContext context, SpateClient client, TorrentRow row, string path, string name)
    {
        await client.RenameFileAsync(row.Id, new RenameFile { Path = path, Name = name }, context.Cancel);
        string becomes = path[..(path.LastIndexOf('/') + 1)] + name;
        return Say(context, new RenamedJson("spate.renamed/1", row.Id, row.Name, row.Name, path, becomes), path, becomes);
    }

    private static ExitCode Say(CommandContext context, RenamedJson renamed, string before, string after)
    {
        if (context.IsJson) context.Print(renamed, RemoteJsonContext.Default.RenamedJson);
        else if (!context.IsQuiet) context.Out.Line($"{context.Out.Green("renamed")}  {renamed.Id[..8]}  {before} -> {after}");
        return ExitCode.Ok;
    }
}
