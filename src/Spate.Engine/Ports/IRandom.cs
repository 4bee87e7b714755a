namespace Spate.Engine.Ports;

/// <summary>Randomness that is good enough for secrets (ports, ids, tokens) in the real world and follows from a seed in simulation.</summary>
public interface IRandom
{
    /// <summary>Fills the span with random bytes.</summary>
    void Fill(Span<byte> bytes);

    /// <summary>A number from 0 up to, and without, <paramref name="limit"/>.</summary>
    int Next(int limit);
}
