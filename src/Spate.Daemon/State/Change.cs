namespace Spate.Daemon.State;

/// <summary>A change that is made in memory and on its way to disk.</summary>
/// <param name="Line">What the journal shall say.</param>
/// <param name="Undo">Takes it back in memory when it could not be saved.</param>
internal sealed record Change(byte[] Line, Action Undo)
{
    /// <summary>A .torrent file that must be there before the record is.</summary>
    public (string Path, ReadOnlyMemory<byte> Metainfo)? Metainfo { get; init; }

    /// <summary>Completes when the change survives a power cut.</summary>
    public TaskCompletionSource Saved { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
