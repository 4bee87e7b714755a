using System.Diagnostics;
using System.Text;

namespace Spate.Interop.Tests.Programs;

/// <summary>Somebody else's program, running. Keeps the end of what it prints; disposing ends it.</summary>
internal sealed class ForeignProcess : IAsyncDisposable
{
    private const int MostLogLines = 400;

    private readonly Process process;
    private readonly Queue<string> lines = new();
    private readonly List<string> marks = [];
    private int? ended; // exit code, once disposed
    private int disposed;

    public ForeignProcess(string program, IEnumerable<string> arguments, string workingFolder, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = workingFolder,
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8, StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public bool HasEnded => ended is not null || process.HasExited;

    public int ExitCode => ended ?? process.ExitCode;

    /// <summary>The last lines that it printed.</summary>
    public string Log
    {
        get
        {
            lock (lines) return string.Join('\n', lines) + (HasEnded ? $"\n(ended with {ExitCode})" : "\n(runs)");
        }
    }

    /// <summary>Whether it has printed this as a line of its own.</summary>
    public bool HasPrinted(string line)
    {
        lock (lines) return marks.Contains(line);
    }

    public async Task WaitForExitAsync(CancellationToken cancellation) => await process.WaitForExitAsync(cancellation);

    /// <summary>A signal, by process id.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", process.Id.ToString()]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0) return;
        if (!process.HasExited)
        {
            process.StandardInput.Close(); // our own scripts end with it
            Signal("TERM");
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            try { await process.WaitForExitAsync(patience.Token); }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
            }
        }
        ended = process.ExitCode;
        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (lines)
        {
            lines.Enqueue(line);
            if (lines.Count > MostLogLines) lines.Dequeue();
            if (line.Length > 0 && line.All(char.IsAsciiLetterUpper)) marks.Add(line);
        }
    }
}
