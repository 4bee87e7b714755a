using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Spate.Cli.Commands;
using Spate.Protocol;

namespace Spate.Cli;

/// <summary>The command tree, and what becomes of errors.</summary>
internal static class SpateProgram
{
    // A new command is a file in Commands/ and a line here.
    private static readonly Func<CliEnvironment, Command>[] Commands =
    [
        GetCommand.Build,
        SeedCommand.Build,
        DemoCommand.Build,
        CreateCommand.Build,
        ShowCommand.Build,
        VerifyCommand.Build,
        EditCommand.Build,
        MagnetCommand.Build,
        ServeCommand.Build,
        AddCommand.Build,
        ListCommand.Build,
        InfoCommand.Build,
        FilesCommand.Build,
        PeersCommand.Build,
        TrackersCommand.Build,
        StartCommand.Build,
        StopCommand.Build,
        RecheckCommand.Build,
        MoveCommand.Build,
        RenameCommand.Build,
        RemoveCommand.Build,
        LimitCommand.Build,
        WatchCommand.Build,
        DhtCommand.Build,
        TrackerCommand.Build,
        CompletionsCommand.Build,
    ];

    /// <summary>Runs the command that the arguments name, and returns what the process shall end with.</summary>
    public static async Task<int> RunAsync(CliEnvironment environment)
    {
        ParseResult arguments = OptionVariables.Parse(BuildRoot(environment), environment, out IReadOnlyList<string> errors);
        if (errors.Count > 0)
        {
            string command = string.Join(' ', PathOf(arguments.CommandResult).Reverse());
            Complaint.SayUsage(environment, arguments, errors, $"{command} --help");
            return (int)ExitCode.Usage;
        }
        using var output = new StreamWriter(environment.Output, leaveOpen: true);
        var invocation = new InvocationConfiguration
        {
            Output = output, Error = environment.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
        };
        return await arguments.InvokeAsync(invocation, environment.Interrupt);
    }

    /// <summary>The whole tree of commands.</summary>
    public static RootCommand BuildRoot(CliEnvironment environment)
    {
        var root = new RootCommand("Spate: share files with BitTorrent.") { HelpName = "spate" };
        root.Add(GlobalOptions.Json);
        root.Add(GlobalOptions.Quiet);
        root.Add(GlobalOptions.NoProgress);
        foreach (Func<CliEnvironment, Command> build in Commands) root.Add(build(environment));
        // Without a command: what there is.
        root.SetAction(arguments =>
        {
            new OptionVariables.HelpWithVariables(new HelpAction(), environment).Invoke(arguments);
            return (int)ExitCode.Usage;
        });
        RefuseMisspeltOptions(root);
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help }) option.Action = new OptionVariables.HelpWithVariables(help, environment);
        }
        return root;
    }

    // "--jsn" would otherwise be taken for a path. What really starts with a dash can be written "./--jsn".
    private static void RefuseMisspeltOptions(Command command)
    {
        foreach (Argument argument in command.Arguments)
        {
            argument.Validators.Add(result =>
            {
                foreach (System.CommandLine.Parsing.Token token in result.Tokens)
                {
                    if (token.Value.Length > 1 && token.Value[0] == '-') result.AddError($"There is no option '{token.Value}'.");
                }
            });
        }
        foreach (Command below in command.Subcommands) RefuseMisspeltOptions(below);
    }

    /// <summary>Makes a command do its work, and turns what goes wrong in it into a message and an exit code.</summary>
    public static Command Does(this Command command, CliEnvironment environment, Func<CommandContext, Task<ExitCode>> work)
    {
        command.SetAction(async (arguments, cancel) =>
        {
            using var context = new CommandContext(environment, arguments, cancel);
            try
            {
                return (int)await work(context);
            }
            catch (Exception e)
            {
                context.Progress.Clear();
                ExitCode? code = CodeOf(e);
                string message = code is null ? $"this is a bug in spate: {e}" : code == ExitCode.Interrupted ? "Interrupted." : MessageOf(e);
                Complaint.Say(environment, arguments, code ?? ExitCode.Error, message);
                return (int)(code ?? ExitCode.Error);
            }
        });
        return command;
    }

    private static ExitCode? CodeOf(Exception e) => e switch
    {
        CliException cli => cli.Code,
        OperationCanceledException => ExitCode.Interrupted,
        FileNotFoundException or DirectoryNotFoundException => ExitCode.NotFound,
        IOException or UnauthorizedAccessException => ExitCode.Disk,
        MetainfoException => ExitCode.Error,
        _ => null,
    };

    // Where the system's says too little: ENOSPC, EDQUOT, ERROR_DISK_FULL.
    private static string MessageOf(Exception e) =>
        e is IOException { HResult: 28 or 122 or unchecked((int)0x80070070) } ? $"The disk is full: {e.Message}" : e.Message;

    private static IEnumerable<string> PathOf(System.CommandLine.Parsing.CommandResult command)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = command; at is not null; at = at.Parent)
        {
            if (at is System.CommandLine.Parsing.CommandResult { Command: var c }) yield return c is RootCommand ? "spate" : c.Name;
        }
    }
}
