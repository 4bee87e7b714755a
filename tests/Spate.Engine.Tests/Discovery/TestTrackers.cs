using Spate.Engine.Discovery;
using Spate.Protocol;
using Spate.Protocol.Trackers;

namespace Spate.Engine.Tests.Discovery;

/// <summary>Trackers that a test scripts: what each of them answers, how late, and what it was asked.</summary>
internal sealed class TestTrackers(TestWorld world) : ITrackerClient
{
    public List<(long At, Uri Tracker, AnnounceRequest Request)> Announces { get; } = [];

    /// <summary>The answer of a tracker; an exception stands for no answer.</summary>
    public Func<Uri, AnnounceRequest, AnnounceAnswer> Answer { get; set; } = (_, _) => new AnnounceAnswer { Interval = TimeSpan.FromMinutes(30) };

    /// <summary>Milliseconds until the answer; negative for never.</summary>
    public Func<Uri, int> Delay { get; set; } = _ => 0;

    public int UnderWay { get; private set; }

    public int MostUnderWay { get; private set; }

    public bool CanReach(Uri tracker) => tracker.Scheme is "http" or "udp";

    public async ValueTask<AnnounceAnswer> AnnounceAsync(Uri tracker, AnnounceRequest request, CancellationToken cancellation)
    {
        Announces.Add((world.NowMs, tracker, request));
        MostUnderWay = Math.Max(MostUnderWay, ++UnderWay);
        try
        {
            int delay = Delay(tracker);
            if (delay != 0) await Task.Delay(delay < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(delay), world, cancellation);
            return Answer(tracker, request);
        }
        finally { UnderWay--; }
    }

    public ValueTask<ScrapeEntry?[]> ScrapeAsync(Uri tracker, ReadOnlyMemory<Sha1Hash> infoHashes, CancellationToken cancellation) =>
        tracker.Scheme == "udp" ? throw new IOException("no scrape") : new(new ScrapeEntry?[] { new ScrapeEntry(7, 8, 9) });

    public IEnumerable<string> Log => Announces.Select(a => $"{a.Tracker.Host} {a.Request.Event}");
}
