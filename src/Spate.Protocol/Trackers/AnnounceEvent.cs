namespace Spate.Protocol.Trackers;

/// <summary>Why a client announces (BEP 3, BEP 21). The numbers are those of UDP packets (BEP 15).</summary>
public enum AnnounceEvent
{
    /// <summary>A regular announce.</summary>
    None,

    /// <summary>The download has just completed.</summary>
    Completed,

    /// <summary>The first announce.</summary>
    Started,

    /// <summary>The last announce.</summary>
    Stopped,

    /// <summary>A partial seed: incomplete, and wanting nothing more (BEP 21).</summary>
    Paused,
}
