namespace Spate.Tracker.Announcing;

/// <summary>Why an announce or scrape is refused.</summary>
internal enum Refusal
{
    None,
    TrackerFull,
    TorrentNotAllowed,
    PasskeyMissing,
    PasskeyUnknown,
    UserDisabled,
    TooOften,
    AddressInvalid,
    PeerIdInUse,
}

/// <summary>What clients are told of it.</summary>
internal static class Refusals
{
    /// <summary>The number of refusals.</summary>
    public const int Count = (int)Refusal.PeerIdInUse + 1;

    /// <summary>A sentence in UTF-8.</summary>
    public static ReadOnlySpan<byte> Reason(this Refusal refusal) => refusal switch
    {
        Refusal.TrackerFull => "the tracker is full and takes no new torrents for now"u8,
        Refusal.TorrentNotAllowed => "this tracker does not serve this torrent"u8,
        Refusal.PasskeyMissing => "the announce URL lacks a passkey: download the torrent file again"u8,
        Refusal.PasskeyUnknown => "unknown passkey: download the torrent file again"u8,
        Refusal.UserDisabled => "this account is disabled"u8,
        Refusal.TooOften => "too many announces from this address"u8,
        Refusal.AddressInvalid => "announces are not taken from this address"u8,
        Refusal.PeerIdInUse => "another connection uses this peer_id"u8,
        _ => "refused"u8,
    };

    /// <summary>When to come back, in minutes (BEP 31); negative means never, 0 that nothing is said.</summary>
    public static int RetryInMinutes(this Refusal refusal) => refusal switch
    {
        Refusal.TrackerFull => 30,
        Refusal.TooOften => 5,
        Refusal.TorrentNotAllowed or Refusal.PasskeyMissing or Refusal.PasskeyUnknown => -1,
        Refusal.UserDisabled => 60,
        _ => 0,
    };
}
