using System.Security.Cryptography;
using Spate.Daemon.State;

namespace Spate.Daemon.Security;

/// <summary>Makes and checks what is kept of a password: PBKDF2 with HMAC-SHA-512, the strongest that .NET has in the box.</summary>
internal static class PasswordHash
{
    /// <summary>Shorter passwords are refused.</summary>
    public const int MinLength = 8;

    /// <summary>Longer ones too: hashing a megabyte would cost us, not whoever sends it.</summary>
    public const int MaxLength = 1000;

    /// <summary>What OWASP asks for of PBKDF2 with HMAC-SHA-512 (210,000), and some more: about 0.1 s of one core.</summary>
    public const int Rounds = 250_000;

    private const int SaltBytes = 16, HashBytes = 64;

    /// <summary>Why a password can't be taken, for people; null when it can.</summary>
    public static string? Check(string password) => password.Length switch
    {
        < MinLength => $"A password has at least {MinLength} characters.",
        > MaxLength => $"A password has at most {MaxLength:N0} characters.",
        _ => null,
    };

    public static SavedPassword Make(string password, DateTimeOffset now)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new SavedPassword { Salt = salt, Hash = Derive(password, salt, Rounds), Rounds = Rounds, Changed = now };
    }

    /// <summary>Compares in a time that tells nothing but the number of rounds.</summary>
    public static bool Matches(string password, SavedPassword saved) =>
        password.Length <= MaxLength && SecretHash.Equal(Derive(password, saved.Salt, saved.Rounds), saved.Hash);

    private static byte[] Derive(string password, byte[] salt, int rounds) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, rounds, HashAlgorithmName.SHA512, HashBytes);
}
