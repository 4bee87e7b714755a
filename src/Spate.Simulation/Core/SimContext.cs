namespace Spate.Simulation;

/// <summary>
/// Where scripts and tests run: their awaits come back to the world's queue. Sessions do without it, as on the thread pool.
/// </summary>
internal sealed class SimContext(SimProcess process) : SynchronizationContext
{
    public SimProcess Process => process;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!process.World.IsOnThread)
        {
            process.World.ReportLeak("A continuation was posted");
            return;
        }
        process.Ready(static s =>
        {
            var (callback, inner) = ((SendOrPostCallback, object?))s!;
            callback(inner);
        }, (d, state), this);
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody waits in a simulation.");

    public override SynchronizationContext CreateCopy() => this;
}
