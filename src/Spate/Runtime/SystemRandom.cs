using System.Security.Cryptography;
using Spate.Engine.Ports;

namespace Spate.Runtime;

/// <summary>The system's cryptographic randomness.</summary>
internal sealed class SystemRandom : IRandom
{
    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);

    // Choices among pieces and peers are made often and are no secret.
    public int Next(int limit) => Random.Shared.Next(limit);
}
