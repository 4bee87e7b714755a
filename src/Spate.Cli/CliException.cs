namespace Spate.Cli;

/// <summary>Ends a command with a message for people and an exit code.</summary>
internal sealed class CliException : Exception
{
    public CliException(ExitCode code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>What the program ends with.</summary>
    public ExitCode Code { get; }
}
