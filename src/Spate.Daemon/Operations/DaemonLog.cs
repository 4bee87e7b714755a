using Microsoft.Extensions.Logging;

namespace Spate.Daemon.Operations;

/// <summary>Where the log goes, and how.</summary>
internal sealed record DaemonLogOptions
{
    /// <summary>Entries below this are not written.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>Lines of JSON rather than text.</summary>
    public bool Json { get; init; }

    /// <summary>A file that rolls, beside the output; null for none.</summary>
    public string? File { get; init; }

    /// <summary>Where lines go; null for nowhere but the file.</summary>
    public TextWriter? Output { get; init; }
}

/// <summary>Writes the log of the whole program: to its output, and to a file where one is named.</summary>
[ProviderAlias("Spate")]
internal sealed class DaemonLog : ILoggerProvider
{
    private readonly DaemonLogOptions options;
    private readonly TimeProvider time;
    private readonly TextWriter? output;
    private readonly RollingFile? file;

    /// <exception cref="IOException">The file can't be written.</exception>
    public DaemonLog(DaemonLogOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        output = options.Output is null ? null : TextWriter.Synchronized(options.Output);
        file = options.File is null ? null : new RollingFile(options.File);
    }

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Dispose() => file?.Dispose();

    private void Write(string line)
    {
        file?.WriteLine(line);
        try
        {
            output?.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException) { } // nobody reads it any more
    }

    private sealed class Category(DaemonLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= log.options.Level && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            string message = formatter(state, exception);
            DateTimeOffset now = log.time.GetLocalNow();
            log.Write(log.options.Json
                ? LogLine.Json(now, logLevel, name, eventId, message, state as IReadOnlyList<KeyValuePair<string, object?>>, exception)
                : LogLine.Plain(now, logLevel, name, message, exception));
        }
    }
}
