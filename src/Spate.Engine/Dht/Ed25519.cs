using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Spate.Protocol.Dht;

namespace Spate.Engine.Dht;

/// <summary>
/// Ed25519 signatures (RFC 8032) by the system's OpenSSL, version 1.1.1 or later: .NET has none of its own, and a signature scheme
/// is nothing to write by hand. Without OpenSSL everything else works; mutable items do not, and say so.
/// </summary>
public static unsafe partial class Ed25519
{
    private const string Library = "libcrypto";
    private const int KeyType = 1087; // EVP_PKEY_ED25519

    /// <summary>Bytes of the secret of which a key pair is made.</summary>
    public const int SeedSize = 32;

    static Ed25519()
    {
        NativeLibrary.SetDllImportResolver(typeof(Ed25519).Assembly, Resolve);
        try
        {
            // An old OpenSSL has the library but not the algorithm.
            byte[] seed = new byte[SeedSize];
            IsAvailable = Verify(PublicKeyOf(seed), [1], Sign(seed, [1]));
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or CryptographicException)
        {
            IsAvailable = false;
        }
    }

    /// <summary>False when there is no OpenSSL on this machine: signing throws then, and nothing verifies.</summary>
    public static bool IsAvailable { get; }

    /// <summary>The public key, 32 bytes, that belongs to a secret of 32 bytes.</summary>
    /// <exception cref="CryptographicException">There is no Ed25519 on this machine.</exception>
    public static byte[] PublicKeyOf(ReadOnlySpan<byte> seed)
    {
        nint key = PrivateKey(seed);
        try
        {
            byte[] result = new byte[KrpcLimits.PublicKeySize];
            nuint length = (nuint)result.Length;
            fixed (byte* into = result) Check(EVP_PKEY_get_raw_public_key(key, into, &length) == 1);
            return result;
        }
        finally { EVP_PKEY_free(key); }
    }

    /// <summary>Signs; the signature has 64 bytes.</summary>
    /// <exception cref="CryptographicException">There is no Ed25519 on this machine.</exception>
    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        nint key = PrivateKey(seed);
        nint context = EVP_MD_CTX_new();
        try
        {
            Check(context != 0 && EVP_DigestSignInit(context, 0, 0, 0, key) == 1);
            byte[] signature = new byte[KrpcLimits.SignatureSize];
            nuint length = (nuint)signature.Length;
            fixed (byte* into = signature, from = message) Check(EVP_DigestSign(context, into, &length, from, (nuint)message.Length) == 1);
            return signature;
        }
        finally
        {
            EVP_MD_CTX_free(context);
            EVP_PKEY_free(key);
        }
    }

    /// <summary>True when the signature of the message was made with the secret of this public key. Never throws on what others sent.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KrpcLimits.PublicKeySize || signature.Length != KrpcLimits.SignatureSize) return false;
        nint key;
        fixed (byte* raw = publicKey) key = EVP_PKEY_new_raw_public_key(KeyType, 0, raw, (nuint)publicKey.Length);
        if (key == 0) return false;
        nint context = EVP_MD_CTX_new();
        try
        {
            if (context == 0 || EVP_DigestVerifyInit(context, 0, 0, 0, key) != 1) return false;
            fixed (byte* sig = signature, from = message)
                return EVP_DigestVerify(context, sig, (nuint)signature.Length, from, (nuint)message.Length) == 1;
        }
        finally
        {
            EVP_MD_CTX_free(context);
            EVP_PKEY_free(key);
            ERR_clear_error(); // a bad signature leaves a note there, and .NET's own TLS reads from the same place
        }
    }

    private static nint PrivateKey(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != SeedSize) throw new ArgumentException($"A secret has {SeedSize} bytes, not {seed.Length}.", nameof(seed));
        try
        {
            nint key;
            fixed (byte* raw = seed) key = EVP_PKEY_new_raw_private_key(KeyType, 0, raw, (nuint)seed.Length);
            Check(key != 0);
            return key;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new CryptographicException("Signed DHT items need Ed25519 from OpenSSL 1.1.1 or later (libcrypto), which was not found on this machine.", e);
        }
    }

    private static void Check(bool success)
    {
        if (!success) throw new CryptographicException("OpenSSL refused an Ed25519 operation; version 1.1.1 or later is needed.");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        string[] candidates = OperatingSystem.IsWindows() ? ["libcrypto-3-x64.dll", "libcrypto-3.dll", "libcrypto-1_1-x64.dll"]
            : OperatingSystem.IsMacOS() ? ["libcrypto.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib"]
            : ["libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so"];
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint handle)) return handle;
        }
        return 0;
    }

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_public_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_raw_public_key(nint key, byte* into, nuint* length);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    private static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    private static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSignInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSign(nint context, byte* signature, nuint* signatureLength, byte* message, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerifyInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerify(nint context, byte* signature, nuint signatureLength, byte* message, nuint length);

    [LibraryImport(Library)]
    private static partial void ERR_clear_error();
}
