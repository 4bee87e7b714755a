namespace Spate.Protocol.Bencode;

/// <summary>What comes next in a bencoded document.</summary>
public enum BencodeKind
{
    /// <summary>The end of the list, the dictionary or the document.</summary>
    End,

    /// <summary><c>i…e</c></summary>
    Integer,

    /// <summary><c>n:…</c></summary>
    Bytes,

    /// <summary><c>l…e</c></summary>
    List,

    /// <summary><c>d…e</c></summary>
    Dictionary,
}
