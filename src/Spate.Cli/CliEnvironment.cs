using System.Text;
using Spate.Engine.Ports;

namespace Spate.Cli;

/// <summary>
/// Everything a command may touch: arguments, streams, terminal, clock, environment variables, files and the network. Commands
/// reach nothing else, so a test runs a whole command in its own process.
/// </summary>
internal sealed class CliEnvironment
{
    /// <summary>The arguments after the program's name.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Where relative paths start.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Standard input, as bytes.</summary>
    public required Stream Input { get; init; }

    /// <summary>Standard output, as bytes: results.</summary>
    public required Stream Output { get; init; }

    /// <summary>Standard error, as text: progress, warnings, errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>True when somebody types what is read.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>True when results go to a terminal.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>True when progress goes to a terminal.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Columns of the terminal; asked anew each time, for it can be resized.</summary>
    public Func<int> Width { get; init; } = static () => 80;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The value of an environment variable, or null.</summary>
    public Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>HTTP, for what is given by URL. Made when it is first needed.</summary>
    public required Lazy<IHttpFetcher> Http { get; init; }

    /// <summary>What carries requests to a daemon.</summary>
    public Func<HttpMessageHandler> MakeHttpHandler { get; init; } = static () => new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) };

    /// <summary>Set by the first Ctrl-C: end what you do, in good order.</summary>
    public CancellationToken Interrupt { get; init; }

    /// <summary>The full path of one that was given on the command line.</summary>
    public string Resolve(string path) => Path.GetFullPath(path, WorkingDirectory);

    /// <summary>A whole file of at most so many bytes.</summary>
    /// <exception cref="IOException">It is not there, longer, or cannot be read.</exception>
    public byte[] ReadFile(string path, int maxBytes)
    {
        using var file = new FileStream(Resolve(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return ReadToEnd(file, maxBytes, path);
    }

    /// <summary>All of standard input.</summary>
    /// <exception cref="IOException">It is longer than so many bytes.</exception>
    public byte[] ReadInput(int maxBytes) => ReadToEnd(Input, maxBytes, "standard input");

    /// <summary>A line that nobody shall see: typed without an echo, or the first line of what is piped in.</summary>
    public string ReadSecret(string prompt)
    {
        if (!IsInputTerminal)
        {
            string piped = Encoding.UTF8.GetString(ReadInput(65536));
            int end = piped.IndexOfAny(['\r', '\n']);
            return end < 0 ? piped : piped[..end];
        }
        Error.Write(prompt);
        var typed = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter) break;
            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }
        Error.WriteLine();
        return typed.ToString();
    }

    /// <summary>
    /// Writes a file so that at any moment either the old one or the new one stands there, whole, even after a power cut. Who may read the
    /// old one may read the new one, and nobody else: a tracker's URL may hold a key. A link stays one.
    /// </summary>
    public void ReplaceFile(string path, ReadOnlySpan<byte> content)
    {
        string target = Resolve(path);
        if (new FileInfo(target).LinkTarget is not null && File.ResolveLinkTarget(target, returnFinalTarget: true) is { } real) target = real.FullName;
        UnixFileMode? mode = !OperatingSystem.IsWindows() && File.Exists(target) ? File.GetUnixFileMode(target) : null;
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode & (UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string draft = $"{target}.{Environment.ProcessId}.new";
        try
        {
            using (var file = new FileStream(draft, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            if (!OperatingSystem.IsWindows() && mode is { } same) File.SetUnixFileMode(draft, same);
            File.Move(draft, target, overwrite: true);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    /// <summary>True when there is a file or folder at the path.</summary>
    public bool Exists(string path) => Path.Exists(Resolve(path));

    /// <summary>The folder for what spate keeps from one run to the next (XDG base directories; local application data on Windows).</summary>
    public string StateHome
    {
        get
        {
            if (Variable("XDG_STATE_HOME") is { Length: > 0 } xdg && Path.IsPathFullyQualified(xdg)) return Path.Combine(xdg, "spate");
            if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "spate");
            string home = Variable("HOME") is { Length: > 0 } h ? h : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return Path.Combine(home, ".local", "state", "spate");
        }
    }

    /// <summary>The machine this program runs on.</summary>
    public static CliEnvironment OfThisProcess(IReadOnlyList<string> arguments, Lazy<IHttpFetcher> http, CancellationToken interrupt)
    {
        return new CliEnvironment
        {
            Arguments = arguments,
            WorkingDirectory = Environment.CurrentDirectory,
            Input = Console.OpenStandardInput(),
            Output = Console.OpenStandardOutput(),
            Error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true },
            IsInputTerminal = !Console.IsInputRedirected,
            IsOutputTerminal = !Console.IsOutputRedirected,
            IsErrorTerminal = !Console.IsErrorRedirected,
            Width = TerminalWidth,
            Variable = Environment.GetEnvironmentVariable,
            Http = http,
            Interrupt = interrupt,
        };
    }

    private static int TerminalWidth()
    {
        try
        {
            if (Console.WindowWidth > 0) return Console.WindowWidth;
        }
        catch (IOException)
        {
            // no terminal, or one that does not say
        }
        return int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out int columns) && columns > 0 ? columns : 80;
    }

    private static byte[] ReadToEnd(Stream stream, int maxBytes, string name)
    {
        var content = new MemoryStream();
        byte[] buffer = new byte[65536];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (content.Length + read > maxBytes) throw new IOException($"{name} is longer than {maxBytes:N0} bytes.");
            content.Write(buffer, 0, read);
        }
        return content.ToArray();
    }
}
