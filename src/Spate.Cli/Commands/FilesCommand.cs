using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;
using Spate.Cli.Transfers;

namespace Spate.Cli.Commands;

/// <summary><c>spate files</c>: the files of a torrent of a daemon, and how much each is wanted.</summary>
internal static class FilesCommand
{
    private const int PageSize = 10_000;

    public static Command Build(CliEnvironment environment)
    {
        Argument<string> torrent = RemoteArguments.Torrent(environment);
        var files = new Option<string[]>("--files", "-f")
        {
            Description = "Only these: patterns such as *.mkv or extras/**, numbers such as 0,2-5; ! in front leaves out; may be repeated", HelpName = "FILES",
        };
        Option<FilePriority?> priority = Choice.Of<FilePriority>("--priority", "Want them so much from now on", "PRIORITY", "-p");
        var command = new Command("files", "List the files of a torrent of a daemon, or say how much they are wanted") { torrent, files, priority };
        return command.Talks(environment, async (context, client) =>
        {
            FileSelection? selection = FileSelection.Read(context.Get(files) ?? []);
            TorrentRow row = await Chosen.FindOneAsync(context, client, context.Get(torrent)!);
            List<FileRow> all = await ListAsync(client, row.Id, context.Cancel);
            if (all.Count == 0) throw new CliException(ExitCode.NotFound, $"The files of {row.Name} are not known yet: its metadata is still being looked for.");
            IReadOnlySet<int>? wanted = selection?.Apply(row.Name, [.. all.Select(static file => (file.Index, file.Path))]);
            List<FileRow> chosen = all.FindAll(file => wanted?.Contains(file.Index) ?? true);
            if (context.Get(priority) is { } level)
            {
                var change = new FilesChange { Priorities = [new PriorityChange { Indexes = [.. chosen.Select(static file => file.Index)], Priority = level }] };
                await client.ChangeFilesAsync(row.Id, change, context.Cancel);
                chosen = chosen.ConvertAll(file => file with { Priority = level });
            }
            if (context.IsJson) context.Print(new FilesJson("spate.remote_files/1", row.Id, row.Name, chosen), RemoteJsonContext.Default.FilesJson);
            else Print(context, chosen);
            return ExitCode.Ok;
        });
    }

    private static async Task<List<FileRow>> ListAsync(SpateClient client, string id, CancellationToken cancel)
    {
        var files = new List<FileRow>();
        FileList page;
        do
        {
            page = await client.GetFilesAsync(id, null, files.Count, PageSize, cancel);
            files.AddRange(page.Files);
        }
        while (page.Files.Count > 0 && files.Count < page.Total);
        return files;
    }

    private static void Print(CommandContext context, List<FileRow> files)
    {
        var table = new TorrentTable(new("#", IsNumber: true), new("size", IsNumber: true), new("done", IsNumber: true), new("wanted"), new("path", GivesWay: true));
        foreach (FileRow file in files)
        {
            double done = file.Length == 0 ? 1 : (double)file.DoneBytes / file.Length;
            string wanted = file.Priority == FilePriority.Skip ? "no" : file.Priority.ToString().ToLowerInvariant();
            table.Add(file.Index.ToString(), ByteSize.Show(file.Length), TorrentTable.Percent(done), wanted, file.Path);
        }
        table.Print(context);
    }
}
