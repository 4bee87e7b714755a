using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;
using Spate.Engine.Dht;

namespace Spate.Cli.Commands;

/// <summary>What the commands below <c>spate dht</c> share: their options, and the node by which they ask.</summary>
internal sealed class DhtAccess : IDisposable
{
    private const int DefaultTimeoutSeconds = 30;

    public static readonly Option<int> Timeout = new("--timeout")
    {
        Description = $"Give up after so many seconds (default: {DefaultTimeoutSeconds})", HelpName = "SECONDS",
        Validators =
        {
            result =>
            {
                foreach (Token token in result.Tokens)
                {
                    if (!int.TryParse(token.Value, out int seconds) || seconds is < 1 or > 3600)
                        result.AddError($"--timeout takes a number of seconds from 1 to 3600, not '{token.Value}'.");
                }
            },
        },
    };

    private static readonly Option<int> port = new("--port", "-p")
    {
        Description = "The UDP port to ask from (default: any that is free)", HelpName = "PORT", Validators = { CheckPort },
    };

    private static readonly Option<string[]> nodes = new("--dht-node")
    {
        Description = "A DHT node to start from, in place of public ones; may be repeated", HelpName = "HOST:PORT", Validators = { CreateCommand.CheckNodes },
    };

    private static readonly Option<string[]> listen = new("--listen")
    {
        Description = "An address of this machine to ask from; may be repeated (default: all)", HelpName = "ADDRESS",
        Validators =
        {
            static result =>
            {
                foreach (Token token in result.Tokens)
                {
                    if (!IPAddress.TryParse(token.Value, out _)) result.AddError($"--listen takes an IP address of this machine, not '{token.Value}'.");
                }
            },
        },
    };

    private readonly CommandContext context;
    private readonly CancellationTokenSource patience;

    private DhtAccess(CommandContext context, DhtClient client, CancellationTokenSource patience)
    {
        (this.context, Client, this.patience) = (context, client, patience);
    }

    public DhtClient Client { get; }

    /// <summary>Ends with Ctrl-C, and when the time is up.</summary>
    public CancellationToken Cancel => patience.Token;

    /// <summary>The time that the user gives it.</summary>
    public static int SecondsOf(CommandContext context) => context.Has(Timeout) ? context.Get(Timeout) : DefaultTimeoutSeconds;

    /// <summary>Adds the options to a command.</summary>
    public static Command Options(Command command)
    {
        foreach (Option option in (Option[])[nodes, listen, port, Timeout]) command.Add(option);
        return command;
    }

    /// <summary>A node of our own that knows nobody yet.</summary>
    /// <exception cref="CliException">No socket can be had.</exception>
    public static DhtAccess Open(CommandContext context)
    {
        IPAddress[] addresses = [.. (context.Get(listen) ?? []).Select(IPAddress.Parse)];
        IPEndPoint? Local(AddressFamily family, IPAddress any)
        {
            IPAddress? address = addresses.Length == 0 ? any : addresses.FirstOrDefault(a => a.AddressFamily == family);
            return address is null ? null : new IPEndPoint(address, context.Get(port));
        }
        DnsEndPoint[] named = [.. (context.Get(nodes) ?? []).Select(static text => TrackerArguments.TryParseNode(text, out (string Host, int Port) node) ? new DnsEndPoint(node.Host, node.Port) : null!)];
        // It answers while it runs, as one must whose own questions are to be answered in full.
        var options = new DhtOptions
        {
            Local4 = Local(AddressFamily.InterNetwork, IPAddress.Any),
            Local6 = Local(AddressFamily.InterNetworkV6, IPAddress.IPv6Any),
            BootstrapNodes = named.Length > 0 ? [] : DhtOptions.DefaultBootstrapNodes,
            Nodes = named,
        };
        var patience = CancellationTokenSource.CreateLinkedTokenSource(context.Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(SecondsOf(context)));
        return new DhtAccess(context, SpateDht.Start(options, fault => context.Warn($"an error in this program: {fault.ToString()}")), patience);
    }

    /// <summary>A node that knows enough others to look something up.</summary>
    /// <exception cref="CliException">None answered in time.</exception>
    public static async Task<DhtAccess> JoinAsync(CommandContext context)
    {
        DhtAccess access = Open(context);
        try
        {
            await access.WithinTimeAsync(access.Client.WhenReadyAsync(access.Cancel), () =>
            {
                string problem = access.Client.Status.Problem;
                return $"no DHT node answered within {SecondsOf(context)} seconds{(problem.Length > 0 ? $" ({problem.TrimEnd('.')})" : "")}. " +
                    "Name one that you know with --dht-node HOST:PORT, and see that UDP can leave this machine.";
            });
            return access;
        }
        catch
        {
            access.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a lookup.</summary>
    public async Task<T> WithinTimeAsync<T>(Task<T> lookup)
    {
        await WithinTimeAsync((Task)lookup);
        return await lookup;
    }

    /// <inheritdoc cref="WithinTimeAsync{T}(Task{T})"/>
    public Task WithinTimeAsync(Task lookup) =>
        WithinTimeAsync(lookup, () => $"the lookup took longer than {SecondsOf(context)} seconds. --timeout gives it more.");

    private async Task WithinTimeAsync(Task task, Func<string> problem)
    {
        try { await task; }
        catch (OperationCanceledException e) when (!context.Cancel.IsCancellationRequested)
        {
            throw new CliException(ExitCode.Network, problem(), e);
        }
    }

    /// <summary>Refuses what is no port.</summary>
    public static void CheckPort(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (!int.TryParse(token.Value, out int number) || number is < 0 or > 65535) result.AddError($"{result.Option.Name} takes a number from 0 to 65535, not '{token.Value}'.");
        }
    }

    /// <summary>How much was asked, for people.</summary>
    public void NoteEffort(DhtLookupResult looked) =>
        context.Note($"asked {looked.NodesAsked} nodes, {looked.NodesAnswered} answered, in {looked.Took.TotalSeconds:0.0} s");

    public void Dispose()
    {
        Client.Dispose();
        patience.Dispose();
    }
}
