using System.Security.Cryptography;
using System.Text;

namespace Spate.Daemon.Security;

/// <summary>Random secrets, and what is kept of them.</summary>
internal static class SecretHash
{
    private const int SecretBytes = 32;

    /// <summary>A secret of 256 random bits that may stand in a URL, a header or a cookie.</summary>
    public static string NewSecret() => System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>A short name for something that has a secret; no secret itself.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>What is kept of a secret. It has too many bits to be guessed, so one round is enough.</summary>
    public static byte[] Of(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Compares in a time that tells nothing.</summary>
    public static bool Equal(byte[] a, byte[] b) => CryptographicOperations.FixedTimeEquals(a, b);
}
