namespace Spate.Simulation;

/// <summary>A simulated run that went wrong. The message names the seed, the virtual time and the last events, so that it can be replayed.</summary>
public sealed class SimulationException : Exception
{
    public SimulationException(string message, Exception? inner = null) : base(message, inner) { }

    public SimulationException() { }

    public SimulationException(string message) : base(message) { }
}
