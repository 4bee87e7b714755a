namespace Spate.Protocol;

/// <summary>Which of the two torrent formats a torrent can be used as.</summary>
public enum MetainfoVersion
{
    /// <summary>SHA-1 of pieces that run over file borders (BEP 3).</summary>
    V1,

    /// <summary>A SHA-256 tree for each file (BEP 52).</summary>
    V2,

    /// <summary>Both descriptions of the same files (BEP 52). Used as v1.</summary>
    Hybrid,
}
