namespace Spate.Interop.Tests.Programs;

/// <summary>The command line, as a process of its own: what signals and sudden death do to it can be seen in no other way.</summary>
internal sealed class SpateProgram : IParticipant
{
    private readonly ForeignProcess process;

    private SpateProgram(Scene scene, string state, IEnumerable<string> arguments)
    {
        process = new ForeignProcess(
            Script, arguments, scene.NewFolder(), ("XDG_STATE_HOME", state), ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", ""));
    }

    public string Name => "./spate";

    public string Log => process.Log;

    public bool HasEnded => process.HasEnded;

    private static string Script { get; } = Find();

    /// <summary>Starts it.</summary>
    /// <param name="scene">The test.</param>
    /// <param name="state">Where it keeps its state.</param>
    /// <param name="arguments">Of the command line.</param>
    public static SpateProgram Start(Scene scene, string state, params string[] arguments)
    {
        var program = new SpateProgram(scene, state, arguments);
        scene.Add(program);
        return program;
    }

    public void Signal(string name) => process.Signal(name);

    /// <summary>Waits for its end, and returns its exit code.</summary>
    public async Task<int> EndAsync(Scene scene)
    {
        await scene.WaitAsync(() => process.HasEnded, "./spate to end");
        return process.ExitCode;
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new DirectoryNotFoundException("There is no Spate.slnx above the tests."), "spate");
    }
}
