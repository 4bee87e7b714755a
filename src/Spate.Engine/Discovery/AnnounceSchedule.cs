using System.Runtime.InteropServices;
using Spate.Engine.Ports;
using Spate.Engine.Runtime;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Discovery;

/// <summary>
/// When one torrent announces to which of its trackers (BEP 3, 12, 21, 31). Runs on the torrent's strand: <see cref="Tick"/> about
/// once a second decides, announces run as awaits that come back to the strand.
/// </summary>
/// <remarks>
/// Trackers are tried in order, tier by tier; a failed one waits <c>5 + 12.5 × fails²</c> seconds, an hour at most, while those
/// behind it get their chance, and one that answers moves to the front of its tier. A tracker that is silent for five seconds does
/// not hold up those behind it. A tracker's interval is obeyed from 5 s to a day; anything shorter is taken as nonsense and read as
/// 300 s, none at all as 30 min.
/// </remarks>
public sealed class AnnounceSchedule : IDisposable
{
    private const int DefaultIntervalSeconds = 1800;
    private const int NonsenseIntervalSeconds = 300;
    private const int LeastIntervalSeconds = 5;
    private const int MostIntervalSeconds = 86_400;
    private const int DefaultMinIntervalSeconds = 60;
    private const int MostBackOffSeconds = 3600;
    private const long SilentMs = 5_000;
    private const int MaxTrackers = 200;
    private const int MaxMessage = 300;
    private const int MaxTrackerId = 256;

    private readonly IAnnounceSubject subject;
    private readonly ITrackerClient client;
    private readonly AnnounceGate gate;
    private readonly IRandom random;
    private readonly TimeProvider time;
    private readonly MonotonicClock clock;
    private readonly AnnounceOptions options;
    private readonly List<TrackerEntry> order = []; // by tier, then by preference
    private readonly List<Task> leaving = []; // farewells to trackers that were taken out
    private CancellationTokenSource? run; // not null while the torrent announces
    private long uploadedBefore, downloadedBefore;

    public AnnounceSchedule(
        IAnnounceSubject subject, ITrackerClient client, AnnounceGate gate, IRandom random, TimeProvider time, AnnounceOptions? options = null)
    {
        (this.subject, this.client, this.gate, this.random, this.time) = (subject, client, gate, random, time);
        this.options = options ?? new AnnounceOptions();
        clock = new MonotonicClock(time);
    }

    /// <summary>True between <see cref="Start"/> and <see cref="StopAsync"/>.</summary>
    public bool IsRunning => run is not null;

    /// <summary>Trackers, in whatever state.</summary>
    public int Count => order.Count;

    /// <summary>True when at least one tracker answered the last announce.</summary>
    public bool AnyWorking => order.Exists(e => e.IsWorking);

    /// <summary>
    /// Sets the trackers, each tier shuffled (BEP 12). Those that were there before keep what is known of them; those that are gone
    /// are told that we stopped. Repeated URLs count once, and no more than 200 trackers are kept.
    /// </summary>
    public void SetTiers(IReadOnlyList<IReadOnlyList<Uri>> tiers)
    {
        List<TrackerEntry> gone = [.. order];
        order.Clear();
        var seen = new HashSet<Uri>();
        for (int tier = 0; tier < tiers.Count; tier++)
        {
            int first = order.Count;
            foreach (Uri url in tiers[tier])
            {
                if (order.Count >= MaxTrackers || !seen.Add(url)) continue;
                int known = gone.FindIndex(e => e.Url == url);
                TrackerEntry entry = known >= 0 ? gone[known] : new TrackerEntry(url, tier);
                if (known >= 0) gone.RemoveAt(known);
                else if (!client.CanReach(url))
                {
                    entry.Disabled = true;
                    entry.Message = $"Trackers over {url.Scheme}: are not supported.";
                }
                entry.Tier = tier;
                order.Add(entry);
            }
            Shuffle(first);
        }
        if (run is null) return;
        foreach (TrackerEntry entry in gone)
        {
            if (entry.Contacted) leaving.Add(SayStoppedAsync(entry, run.Token));
        }
    }

    /// <summary>Begins to announce; the first announces go out with the next <see cref="Tick"/>.</summary>
    public void Start()
    {
        if (run is not null) return;
        run = new CancellationTokenSource();
        (uploadedBefore, downloadedBefore) = (subject.Uploaded, subject.Downloaded);
        foreach (TrackerEntry entry in order) entry.Reset();
    }

    /// <summary>The download has just finished: every tracker that knows of it is told, once. Not for torrents that start complete.</summary>
    public void Complete()
    {
        foreach (TrackerEntry entry in order)
        {
            if (!entry.Contacted) continue;
            entry.CompletedPending = true;
            if (entry.IsWorking) entry.NextMs = clock.NowMs;
        }
    }

    /// <summary>
    /// The user wants to announce now. Each tracker's minimum interval is waited for; asked a second time meanwhile, it is not.
    /// Trackers that were given up get another chance.
    /// </summary>
    public void Force()
    {
        long now = clock.NowMs;
        foreach (TrackerEntry entry in order)
        {
            if (client.CanReach(entry.Url)) entry.Force(now);
        }
        Tick(now);
    }

    /// <summary>Starts the announces that are due.</summary>
    public void Tick(long nowMs)
    {
        Observe();
        if (run is null) return;
        for (int i = 0; i < order.Count; i++) // an announce may be answered at once, and that changes the order
        {
            if (order[i] is { CompletedPending: true, Started: true, Disabled: false, Running: null } entry && nowMs >= entry.NextMs) Begin(entry);
        }
        Span<TrackerEntry> all = CollectionsMarshal.AsSpan(order);
        for (int first = 0; first < all.Length;)
        {
            int end = options.Tiers switch
            {
                TierMode.Standard => all.Length,
                TierMode.AllTrackers => first + 1,
                _ => EndOfTier(first),
            };
            BeginOneOf(all[first..end], nowMs);
            first = end;
        }
    }

    /// <summary>
    /// Stops announcing. Every tracker that may know of us is told, all at once; what is not answered by the deadline is given up.
    /// </summary>
    public async Task StopAsync()
    {
        if (run is null) return;
        CancellationTokenSource ended = run;
        run = null;
        ended.Cancel();
        using var deadline = new CancellationTokenSource(options.StopDeadline, time);
        var farewells = new List<Task>();
        foreach (TrackerEntry entry in order)
        {
            entry.CompletedPending = false;
            if (entry.Contacted) farewells.Add(SayStoppedAsync(entry, deadline.Token));
            entry.Contacted = entry.Started = false;
        }
        await Task.WhenAll(farewells);
    }

    /// <summary>Gives up at once and tells nobody. <see cref="StopAsync"/> is the polite way.</summary>
    public void Dispose()
    {
        run?.Cancel();
        run?.Dispose();
        run = null;
    }

    /// <summary>Asks the trackers that work for their counts, for <see cref="Snapshot"/>. Never fails; those that don't answer keep the old ones.</summary>
    public async Task ScrapeAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(order.Where(e => !e.Disabled).Select(e => ScrapeAsync(e, cancellation)));
    }

    /// <summary>How the trackers stand now, in the order in which they are tried.</summary>
    public IReadOnlyList<TrackerStatus> Snapshot()
    {
        long now = clock.NowMs;
        var result = new TrackerStatus[order.Count];
        for (int i = 0; i < result.Length; i++)
        {
            TrackerEntry entry = order[i];
            TrackerState state = StateOf(entry);
            result[i] = new TrackerStatus
            {
                Url = entry.Url,
                Tier = entry.Tier,
                State = state,
                Message = entry.Message,
                NextAnnounce = run is not null && state is TrackerState.Working or TrackerState.Failing
                    ? TimeSpan.FromMilliseconds(Math.Max(0, entry.NextMs - now))
                    : null,
                Fails = entry.Fails,
                PeersReceived = entry.PeersReceived,
                Seeders = entry.Seeders,
                Leechers = entry.Leechers,
                Completed = entry.Completed,
            };
        }
        return result;
    }

    private static TrackerState StateOf(TrackerEntry entry)
    {
        if (entry.Running is { IsCompleted: false }) return entry.OnTheWire ? TrackerState.Announcing : TrackerState.Queued;
        if (entry.Disabled) return TrackerState.Disabled;
        if (entry.Fails > 0) return TrackerState.Failing;
        return entry.Started ? TrackerState.Working : TrackerState.Idle;
    }

    // An announce lets nothing out but bugs; those belong to the strand that ticks.
    private void Observe()
    {
        foreach (TrackerEntry entry in order)
        {
            if (entry.Running is not { IsCompleted: true } ended) continue;
            entry.Running = null;
            if (ended.IsFaulted) ended.GetAwaiter().GetResult();
        }
        for (int i = leaving.Count - 1; i >= 0; i--)
        {
            Task ended = leaving[i];
            if (!ended.IsCompleted) continue;
            leaving.RemoveAt(i);
            if (ended.IsFaulted) ended.GetAwaiter().GetResult();
        }
    }

    private int EndOfTier(int first)
    {
        int end = first + 1;
        while (end < order.Count && order[end].Tier == order[first].Tier) end++;
        return end;
    }

    // Announces to the first tracker that is due, and looks no further than the first that works.
    private void BeginOneOf(ReadOnlySpan<TrackerEntry> group, long nowMs)
    {
        foreach (TrackerEntry entry in group)
        {
            if (entry.Disabled) continue;
            if (entry.Running is not null)
            {
                if (entry.IsWorking || nowMs - entry.LastMs < SilentMs) return;
                continue;
            }
            if (nowMs >= entry.NextMs)
            {
                Begin(entry);
                return;
            }
            if (entry.IsWorking) return;
        }
    }

    private void Begin(TrackerEntry entry)
    {
        AnnounceUrgency urgency = entry.Forced ? AnnounceUrgency.Forced
            : entry.CompletedPending || !entry.Started ? AnnounceUrgency.Event
            : AnnounceUrgency.Regular;
        entry.LastMs = clock.NowMs;
        entry.Running = AnnounceAsync(entry, urgency, run!.Token);
    }

    private async Task AnnounceAsync(TrackerEntry entry, AnnounceUrgency urgency, CancellationToken cancellation)
    {
        try
        {
            entry.OnTheWire = false;
            using AnnouncePass pass = await gate.EnterAsync(entry.Url, urgency, cancellation);
            entry.OnTheWire = true;
            entry.Contacted = true;
            entry.Forced = false;
            AnnounceEvent announceEvent = EventFor(entry);
            AnnounceAnswer answer;
            try
            {
                answer = await client.AnnounceAsync(entry.Url, RequestFor(entry, announceEvent), cancellation);
                pass.Answered = true;
            }
            catch (IOException e)
            {
                if (!cancellation.IsCancellationRequested) OnFailure(entry, e.Message, retryIn: null);
                return;
            }
            catch (OperationCanceledException)
            {
                pass.GaveUp = true;
                return;
            }
            if (cancellation.IsCancellationRequested) return;
            if (answer.Failure is not null) OnFailure(entry, answer.Failure, answer.RetryIn);
            else OnAnswer(entry, announceEvent, answer);
        }
        catch (OperationCanceledException) { } // gave up while waiting for the turn
    }

    private async Task SayStoppedAsync(TrackerEntry entry, CancellationToken cancellation)
    {
        AnnounceRequest request = RequestFor(entry, AnnounceEvent.Stopped); // now: the torrent may start again while we wait
        try
        {
            using AnnouncePass pass = await gate.EnterAsync(entry.Url, AnnounceUrgency.Stopping, cancellation);
            await client.AnnounceAsync(entry.Url, request, cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException) { } // it will notice when we stay away
    }

    private async Task ScrapeAsync(TrackerEntry entry, CancellationToken cancellation)
    {
        try
        {
            using AnnouncePass pass = await gate.EnterAsync(entry.Url, AnnounceUrgency.Regular, cancellation);
            ScrapeEntry?[] counts = await client.ScrapeAsync(entry.Url, new[] { subject.InfoHash.Wire }, cancellation);
            pass.Answered = true;
            if (counts is [ScrapeEntry count, ..]) entry.Remember(count);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException) { } // the old counts stay
    }

    private AnnounceEvent EventFor(TrackerEntry entry)
    {
        if (!entry.Started) return AnnounceEvent.Started;
        if (entry.CompletedPending) return AnnounceEvent.Completed;
        return subject.IsPartialSeed ? AnnounceEvent.Paused : AnnounceEvent.None;
    }

    private AnnounceRequest RequestFor(TrackerEntry entry, AnnounceEvent announceEvent) => new()
    {
        InfoHash = subject.InfoHash.Wire,
        PeerId = subject.PeerId,
        Port = (ushort)subject.Port,
        Uploaded = Math.Max(0, subject.Uploaded - uploadedBefore),
        Downloaded = Math.Max(0, subject.Downloaded - downloadedBefore),
        Left = subject.Left,
        Event = announceEvent,
        NumWant = announceEvent == AnnounceEvent.Stopped ? 0 : Math.Clamp(subject.PeersWanted, 0, options.MaxPeersWanted),
        Key = subject.Key,
        TrackerId = entry.TrackerId,
    };

    private void OnAnswer(TrackerEntry entry, AnnounceEvent announced, AnnounceAnswer answer)
    {
        long now = clock.NowMs;
        entry.Fails = 0;
        entry.Started = true;
        if (announced == AnnounceEvent.Completed) entry.CompletedPending = false;
        entry.Message = Printable(answer.Warning);
        entry.PeersReceived = answer.Peers.Count;
        entry.Seeders = answer.Seeders ?? entry.Seeders;
        entry.Leechers = answer.Leechers ?? entry.Leechers;
        entry.Completed = answer.Downloaded ?? entry.Completed;
        if (!answer.TrackerId.IsEmpty && answer.TrackerId.Length <= MaxTrackerId) entry.TrackerId = answer.TrackerId;

        int interval = Seconds(answer.Interval) switch
        {
            null => DefaultIntervalSeconds,
            < LeastIntervalSeconds => NonsenseIntervalSeconds,
            int seconds => Math.Min(seconds, MostIntervalSeconds),
        };
        int least = Seconds(answer.MinInterval) is int min and > 0 ? Math.Min(min, MostIntervalSeconds) : Math.Min(interval, DefaultMinIntervalSeconds);
        entry.EarliestMs = now + least * 1000L;
        // A little later than asked for, by chance, so that torrents which started together drift apart.
        long wait = Math.Max(interval, least) * 1000L;
        entry.NextMs = entry.CompletedPending ? now : now + wait + random.Next((int)(wait / 20) + 1);

        if (!Promote(entry)) return;
        if (answer.Peers.Count > 0) subject.OnPeers(entry.Url, answer.Peers);
        if (answer.ExternalAddress is not null) subject.OnExternalAddress(entry.Url, answer.ExternalAddress);
    }

    private void OnFailure(TrackerEntry entry, string message, TimeSpan? retryIn)
    {
        long now = clock.NowMs;
        entry.Fails++;
        entry.Message = Printable(message);
        entry.PeersReceived = 0;
        if (retryIn == Timeout.InfiniteTimeSpan)
        {
            entry.Disabled = true;
        }
        else
        {
            double seconds = Math.Min(5 + 5 * 2.5 * entry.Fails * entry.Fails, MostBackOffSeconds);
            if (Seconds(retryIn) is int asked) seconds = Math.Max(seconds, Math.Min(asked, MostIntervalSeconds));
            long wait = (long)(seconds * 1000);
            entry.NextMs = now + wait + random.Next((int)(wait / 10) + 1);
        }
        entry.Running = null;
        Tick(now); // the next tracker of the tier need not wait for the tick
    }

    // BEP 12: the tracker that answered comes first in its tier, unless one before it works as well.
    // False when it was taken out while it answered: then nobody wants its peers.
    private bool Promote(TrackerEntry entry)
    {
        int index = order.IndexOf(entry);
        if (index < 0) return false;
        int first = index;
        while (first > 0 && order[first - 1].Tier == entry.Tier) first--;
        for (int i = first; i < index; i++)
        {
            if (order[i].IsWorking) return true;
        }
        order.RemoveAt(index);
        order.Insert(first, entry);
        return true;
    }

    // The tier that begins there, by chance; those that work already stay in front.
    private void Shuffle(int first)
    {
        for (int i = order.Count - 1; i > first; i--)
        {
            int j = first + random.Next(i - first + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        List<TrackerEntry> tier = order.GetRange(first, order.Count - first);
        order.RemoveRange(first, tier.Count);
        order.AddRange(tier.Where(e => e.IsWorking));
        order.AddRange(tier.Where(e => !e.IsWorking));
    }

    private static int? Seconds(TimeSpan? span) => span is TimeSpan s ? (int)Math.Min(s.TotalSeconds, int.MaxValue) : null;

    // Trackers write what they like; people see it in terminals and pages.
    private static string Printable(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        ReadOnlySpan<char> kept = text.AsSpan(0, Math.Min(text.Length, MaxMessage));
        return string.Create(kept.Length, kept.ToString(), static (to, from) =>
        {
            for (int i = 0; i < to.Length; i++) to[i] = char.IsControl(from[i]) ? ' ' : from[i];
        });
    }
}
