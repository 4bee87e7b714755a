namespace Spate.Protocol.Bencode;

/// <summary>How much bencode is accepted from one source, and how strictly.</summary>
/// <param name="MaxBytes">Longest document, in bytes.</param>
/// <param name="MaxDepth">Lists and dictionaries inside each other; at most <see cref="DeepestPossible"/>.</param>
/// <param name="MaxTokens">Integers, strings, keys, lists and dictionaries, all counted.</param>
/// <param name="AllowUnsortedKeys">
/// Accepts keys that are out of order or repeated (the first one counts). Only for sources whose bytes are never hashed and
/// that are known to be careless, such as tracker answers.
/// </param>
public readonly record struct BencodeLimits(int MaxBytes, int MaxDepth, int MaxTokens, bool AllowUnsortedKeys = false)
{
    /// <summary>The most that <see cref="MaxDepth"/> can ask for.</summary>
    public const int DeepestPossible = 128;

    /// <summary>A .torrent file.</summary>
    public static BencodeLimits Torrent => new(10_000_000, 100, 3_000_000);

    /// <summary>An info dictionary that came from peers (BEP 9).</summary>
    public static BencodeLimits Metadata => new(30 << 20, 100, 2_500_000);

    /// <summary>A DHT packet (BEP 5).</summary>
    public static BencodeLimits Dht => new(65_536, 10, 500);

    /// <summary>The answer of an HTTP tracker, which may hold some thousand peers as dictionaries (BEP 3).</summary>
    public static BencodeLimits TrackerAnswer => new(1_048_576, 20, 50_000, AllowUnsortedKeys: true);

    /// <summary>A message of the extension protocol (BEP 10): handshake, metadata, peer exchange.</summary>
    public static BencodeLimits PeerExtension => new(262_144, 20, 2_000, AllowUnsortedKeys: true);

    /// <summary>A file that this program wrote itself, such as resume data; read as if anybody had written it.</summary>
    public static BencodeLimits OwnState => new(64 * 1024 * 1024, 32, 3_000_000);
}
