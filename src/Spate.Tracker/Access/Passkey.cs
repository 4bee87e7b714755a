using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Spate.Tracker.Access;

/// <summary>What stands in a private tracker's announce URL to name the user: 32 letters and digits.</summary>
[InlineArray(Length)]
internal struct Passkey : IEquatable<Passkey>
{
    public const int Length = 32;

    private byte first;

    /// <summary>Reads a passkey; false when it is not one by its form.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Passkey passkey)
    {
        passkey = default;
        if (text.Length != Length) return false;
        foreach (byte b in text)
        {
            if (!char.IsAsciiLetterOrDigit((char)b)) return false;
        }
        text.CopyTo(passkey);
        return true;
    }

    /// <summary>A new random one: 160 bits in the digits 0 to 9 and letters a to v.</summary>
    public static Passkey Create()
    {
        Span<byte> random = stackalloc byte[Length];
        RandomNumberGenerator.Fill(random);
        Passkey passkey = default;
        for (int i = 0; i < Length; i++) passkey[i] = "0123456789abcdefghijklmnopqrstuv"u8[random[i] & 31];
        return passkey;
    }

    /// <summary>Finds the passkey in an announce's path (<c>/passkey/announce</c> or <c>/announce/passkey</c>) or query (<c>passkey=</c>).</summary>
    public static bool TryFind(ReadOnlySpan<byte> path, ReadOnlySpan<byte> query, out Passkey passkey)
    {
        foreach (Range part in path.Split((byte)'/'))
        {
            if (TryParse(path[part], out passkey)) return true;
        }
        var pairs = new Spate.Protocol.Trackers.QueryPairs(query);
        while (pairs.Next())
        {
            if (pairs.Key.SequenceEqual("passkey"u8)) return TryParse(pairs.Value, out passkey);
        }
        passkey = default;
        return false;
    }

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    private readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in first, Length);

    public readonly bool Equals(Passkey other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is Passkey other && Equals(other);

    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(AsSpan());
        return hash.ToHashCode();
    }

    public override readonly string ToString() => Encoding.ASCII.GetString(AsSpan());
}
