namespace Spate.Protocol;

/// <summary>
/// What names a torrent: the SHA-1 of its info dictionary (v1), the SHA-256 of it (v2, BEP 52), or both (hybrid).
/// </summary>
public readonly struct InfoHash : IEquatable<InfoHash>
{
    private InfoHash(bool hasV1, Sha1Hash v1, bool hasV2, Sha256Hash v2)
    {
        (HasV1, V1, HasV2, V2) = (hasV1, v1, hasV2, v2);
    }

    /// <summary>True when <see cref="V1"/> is set.</summary>
    public bool HasV1 { get; }

    /// <summary>True when <see cref="V2"/> is set.</summary>
    public bool HasV2 { get; }

    /// <summary>The v1 hash, or zeros.</summary>
    public Sha1Hash V1 { get; }

    /// <summary>The v2 hash, or zeros.</summary>
    public Sha256Hash V2 { get; }

    /// <summary>The twenty bytes that handshakes, trackers and the DHT use: v1 where there is one, else v2 cut short (BEP 52).</summary>
    public Sha1Hash Wire => HasV1 ? V1 : new Sha1Hash(V2.AsSpan()[..Sha1Hash.Size]);

    public static InfoHash FromV1(Sha1Hash hash) => new(true, hash, false, default);

    public static InfoHash FromV2(Sha256Hash hash) => new(false, default, true, hash);

    public static InfoHash Hybrid(Sha1Hash v1, Sha256Hash v2) => new(true, v1, true, v2);

    /// <inheritdoc/>
    public bool Equals(InfoHash other) => HasV1 == other.HasV1 && HasV2 == other.HasV2 && V1 == other.V1 && V2 == other.V2;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is InfoHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Wire.GetHashCode();

    /// <summary>The hexadecimal v1 hash where there is one, else the v2 hash.</summary>
    public override string ToString() => HasV1 ? V1.ToString() : V2.ToString();

    public static bool operator ==(InfoHash left, InfoHash right) => left.Equals(right);
    public static bool operator !=(InfoHash left, InfoHash right) => !left.Equals(right);
}
