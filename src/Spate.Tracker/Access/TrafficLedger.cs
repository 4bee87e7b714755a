using System.Collections.Concurrent;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Tracker.Access;

/// <summary>
/// Turns what clients report, which are totals of a session, into additions to their users' totals. A session is a user, a torrent and
/// a peer id, so that what a client announces over IPv4 and IPv6, UDP and HTTP counts once (BEP 7 would have its key taken in as well,
/// which some clients write differently over HTTP). A session that is new to us brings nothing yet:
/// what it sent before we knew it was credited by an earlier run, or never happened. A user has so many sessions at most: beyond them
/// announces are served and nothing is added up, so that nobody can fill the memory with invented peer ids.
/// </summary>
internal sealed class TrafficLedger(uint sessionLifetimeSeconds)
{
    /// <summary>Sessions of one user at a time.</summary>
    public const int MaxSessionsPerUser = 10_000;

    private readonly record struct SessionId(TrackerUser User, Sha1Hash Torrent, PeerId Client);

    private sealed class Session
    {
        public ulong Uploaded, Downloaded;
        public uint Heard;
    }

    private readonly ConcurrentDictionary<SessionId, Session> sessions = new();

    /// <summary>Sessions that are under way.</summary>
    public int Count => sessions.Count;

    /// <summary>Takes what an announce reports.</summary>
    public void Report(
        TrackerUser user, ReadOnlySpan<byte> infoHash, ReadOnlySpan<byte> peerId, AnnounceEvent why, ulong uploaded, ulong downloaded, uint nowSeconds)
    {
        var id = new SessionId(user, new Sha1Hash(infoHash), new PeerId(peerId));
        if (!sessions.TryGetValue(id, out Session? session))
        {
            if (why == AnnounceEvent.Stopped || !user.TryOpenSession(MaxSessionsPerUser)) return;
            var fresh = new Session { Uploaded = uploaded, Downloaded = downloaded, Heard = nowSeconds };
            session = sessions.GetOrAdd(id, fresh);
            if (session != fresh) user.CloseSession(); // another thread was faster
        }
        lock (session)
        {
            // Totals that fell are those of a client that began anew: on from there.
            bool goesOn = why != AnnounceEvent.Started && uploaded >= session.Uploaded && downloaded >= session.Downloaded;
            if (goesOn) user.Credit(ToLong(uploaded - session.Uploaded), ToLong(downloaded - session.Downloaded));
            (session.Uploaded, session.Downloaded, session.Heard) = (uploaded, downloaded, nowSeconds);
        }
        if (why == AnnounceEvent.Stopped && sessions.TryRemove(id, out _)) user.CloseSession();
    }

    /// <summary>Forgets sessions that have been silent for long.</summary>
    public void Sweep(uint nowSeconds)
    {
        foreach (KeyValuePair<SessionId, Session> entry in sessions)
        {
            // What was heard meanwhile may be later than our time.
            bool isOver = nowSeconds > entry.Value.Heard && nowSeconds - entry.Value.Heard > sessionLifetimeSeconds;
            if (isOver && sessions.TryRemove(entry)) entry.Key.User.CloseSession();
        }
    }

    // More than a pebibyte at once is a lie, and the sum must not wrap.
    private static long ToLong(ulong bytes) => bytes > 1ul << 50 ? 0 : (long)bytes;
}
