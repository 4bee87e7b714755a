using System.CommandLine;
using System.CommandLine.Completions;
using Spate.Api;

namespace Spate.Cli.Remote;

/// <summary>Which daemon a command talks to, and what becomes of its refusals.</summary>
internal static class RemoteArguments
{
    private static readonly TimeSpan completionPatience = TimeSpan.FromMilliseconds(700);

    public static readonly Option<string> Server = new("--server")
    {
        Description = "The daemon's address (default: the one that runs on this machine)", HelpName = "URL", Validators = { CheckServer },
    };

    public static readonly Option<string> ApiKey = new("--api-key") { Description = "The key to show to the daemon; better set SPATE_API_KEY", HelpName = "KEY" };

    /// <summary>Where the local daemon keeps its state, when that is not the usual folder: what <c>serve --state</c> is set by.</summary>
    private const string StateVariable = "SPATE_SERVE_STATE";

    /// <summary>Makes a command talk to a daemon.</summary>
    public static Command Talks(this Command command, CliEnvironment environment, Func<CommandContext, SpateClient, Task<ExitCode>> work)
    {
        command.Add(Server);
        command.Add(ApiKey);
        return command.Does(environment, async context =>
        {
            (Uri server, string? key) = Find(context.Environment, context.Get(Server), context.Get(ApiKey));
            using SpateClient client = Connect(context.Environment, server, key);
            try
            {
                return await work(context, client);
            }
            catch (ApiException e)
            {
                throw new CliException(CodeOf(e), Explain(e, server, hasKey: key is not null), e);
            }
            catch (Exception e) when (e is HttpRequestException or InvalidDataException or System.Text.Json.JsonException && !context.Cancel.IsCancellationRequested)
            {
                throw Unreachable(server, context.Get(Server) is null, e);
            }
        });
    }

    /// <summary>True when the daemon is the one that runs on this machine, so that its paths are paths here.</summary>
    public static bool IsLocal(CommandContext context) => context.Get(Server) is null;

    /// <summary>A folder on the daemon's machine.</summary>
    /// <exception cref="CliException">It is relative, and the daemon runs elsewhere.</exception>
    public static string Folder(CommandContext context, string path)
    {
        if (IsLocal(context)) return context.Environment.Resolve(path);
        bool isFull = path.StartsWith('/') || (path.Length > 2 && path[1] == ':' && path[2] is '\\' or '/');
        return isFull ? path : throw new CliException(ExitCode.Usage, $"'{path}' is on another machine: give the whole path, as the daemon sees it.");
    }

    /// <summary>An argument for torrents, by what names them; shells complete it with what the daemon has.</summary>
    public static Argument<string[]> Torrents(CliEnvironment environment, ArgumentArity arity)
    {
        var argument = new Argument<string[]>("torrent") { Description = "A torrent: the start of its info-hash or name, as far as it is unique", HelpName = "torrent", Arity = arity };
        argument.CompletionSources.Add(context => Complete(environment, context));
        return argument;
    }

    /// <inheritdoc cref="Torrents"/>
    public static Argument<string> Torrent(CliEnvironment environment)
    {
        var argument = new Argument<string>("torrent") { Description = "A torrent: the start of its info-hash or name, as far as it is unique", HelpName = "torrent" };
        argument.CompletionSources.Add(context => Complete(environment, context));
        return argument;
    }

    private static IEnumerable<CompletionItem> Complete(CliEnvironment environment, CompletionContext context)
    {
        try
        {
            (Uri server, string? key) = Find(
                environment, context.ParseResult.GetValue(Server) ?? environment.Variable("SPATE_SERVER"),
                context.ParseResult.GetValue(ApiKey) ?? environment.Variable("SPATE_API_KEY"));
            using SpateClient client = Connect(environment, server, key);
            using var patience = new CancellationTokenSource(completionPatience);
            var query = new TorrentQuery { Sort = TorrentSort.Name, Order = SortOrder.Ascending, Limit = TorrentQuery.MaxLimit };
            TorrentPage page = Task.Run(() => client.GetTorrentsAsync(query, patience.Token)).GetAwaiter().GetResult();
            return [.. page.Rows.Where(row => row.Name.StartsWith(context.WordToComplete, StringComparison.OrdinalIgnoreCase)).Select(static row => new CompletionItem(row.Name))];
        }
        catch (Exception e) when (e is CliException or ApiException or HttpRequestException or OperationCanceledException or System.Text.Json.JsonException)
        {
            return []; // nobody wants to read of it while typing
        }
    }

    private static SpateClient Connect(CliEnvironment environment, Uri server, string? key) => new(server, key, environment.MakeHttpHandler());

    private static (Uri Server, string? Key) Find(CliEnvironment environment, string? server, string? key)
    {
        if (server is not null) return (new Uri(server), key);
        string folder = environment.Variable(StateVariable) is { Length: > 0 } given ? environment.Resolve(given) : LocalDaemon.DefaultFolder(environment);
        LocalDaemon daemon = LocalDaemon.Read(folder)
            ?? throw new CliException(ExitCode.RemoteUnreachable, $"No daemon runs on this machine (there is none in {folder}). 'spate serve' starts one; --server names another.");
        return (daemon.Address, key ?? daemon.Key);
    }

    private static ExitCode CodeOf(ApiException e) => e.Status switch
    {
        401 or 403 => ExitCode.Auth,
        404 => ExitCode.NotFound,
        502 or 503 or 504 => ExitCode.RemoteUnreachable,
        _ => ExitCode.Error,
    };

    private static string Explain(ApiException e, Uri server, bool hasKey) => e.Status switch
    {
        401 when hasKey => $"{server} does not know this key. Make one in the web UI, under settings.",
        401 => $"{server} wants a key: set SPATE_API_KEY, or give --api-key. The web UI makes keys, under settings.",
        _ when e.Problem.Errors is { Count: > 0 } errors => string.Join(" ", errors.SelectMany(static field => field.Value.Select(message => Explain(field.Key, message)))),
        _ => e.Message,
    };

    // Fields are the API's words: they are named where the message does not say itself what it is about.
    private static string Explain(string field, string message) => message.StartsWith("It ", StringComparison.Ordinal) ? $"{field}: {message}" : message;

    private static CliException Unreachable(Uri server, bool isLocal, Exception e)
    {
        string hint = isLocal ? " It ended without a word, or is just starting; 'spate serve' starts it." : "";
        return new CliException(ExitCode.RemoteUnreachable, $"The daemon at {server} can't be reached: {e.Message.TrimEnd('.')}.{hint}", e);
    }

    private static void CheckServer(System.CommandLine.Parsing.OptionResult result)
    {
        foreach (System.CommandLine.Parsing.Token token in result.Tokens)
        {
            if (!Uri.TryCreate(token.Value, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
                result.AddError($"--server takes a URL such as http://127.0.0.1:9091, not '{token.Value}'.");
        }
    }
}
