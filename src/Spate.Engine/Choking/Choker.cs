using Spate.Engine.Peers;
using Spate.Engine.Ports;
using Spate.Engine.Torrents;
using Spate.Protocol.Wire;

namespace Spate.Engine.Choking;

/// <summary>
/// Decides every ten seconds who may download from us. While we download ourselves: those who gave us most (tit for tat), and in
/// turn, for thirty seconds each, one of the others (the optimistic slot), so that newcomers and better partners are found. As a
/// seed: those who spread what they get. We note which piece we gave to whom and count when others announce it; a peer whose pieces turn up
/// elsewhere keeps its slot, one that only takes gets the optimistic share. Lives on the torrent's strand.
/// </summary>
internal sealed class Choker
{
    private const long RoundMs = 10_000;
    private const int RoundsPerOptimistic = 3;
    private const int LeastSlots = 4;
    private const int StartSlots = 8;
    private const int MostSlots = 100;
    private const double BytesPerSecondPerSlot = 50_000; // below this a slot moves too little to be worth having
    private const long NewcomerMs = 60_000;              // newcomers are three times as likely to be the optimistic one
    private const double Forget = 0.7;                   // of what a peer spread and got, a round

    private readonly Func<IReadOnlyList<PeerConnection>> peers;
    private readonly IRandom random;
    private readonly List<PeerConnection> wanting = [];
    private readonly List<PeerConnection> optimistic = [];
    private long nextRoundMs;
    private int round;

    public Choker(Func<IReadOnlyList<PeerConnection>> peers, IRandom random)
    {
        (this.peers, this.random) = (peers, random);
    }

    /// <summary>We have all that we want: slots go by what peers do for others.</summary>
    public bool Seeding { get; set; }

    /// <summary>The upload limit in bytes a second; 0 is none.</summary>
    public long UploadLimit { get; set; }

    /// <summary>Slots to keep whatever the rate; 0 lets the upload capacity decide.</summary>
    public int FixedSlots { get; set; }

    /// <summary>Slots now, the optimistic ones among them.</summary>
    public int Slots { get; private set; } = StartSlots;

    private double highestRate;

    public void Tick(long nowMs)
    {
        if (nowMs < nextRoundMs) return;
        long elapsed = nextRoundMs == 0 ? RoundMs : nowMs - nextRoundMs + RoundMs;
        nextRoundMs = nowMs + RoundMs;
        Round(nowMs, elapsed);
    }

    /// <summary>A peer wants something: it gets a free slot at once.</summary>
    public void OnInterested(PeerConnection peer, long nowMs)
    {
        if (!peer.AmChoking) return;
        int used = 0;
        foreach (PeerConnection other in peers())
        {
            if (!other.AmChoking && other.PeerInterested) used++;
        }
        if (used < Slots) Unchoke(peer, nowMs);
    }

    /// <summary>A peer left or wants nothing more: its slot goes to somebody who waits.</summary>
    public void OnSlotFree(long nowMs)
    {
        PeerConnection? next = null;
        int used = 0;
        foreach (PeerConnection peer in peers())
        {
            if (!peer.PeerInterested || peer.IsClosed) continue;
            if (!peer.AmChoking) used++;
            else if (next is null || Rank(peer) > Rank(next)) next = peer;
        }
        if (next is not null && used < Slots) Unchoke(next, nowMs);
    }

    private void Round(long nowMs, long elapsedMs)
    {
        round++;
        wanting.Clear();
        double uploading = 0;
        foreach (PeerConnection peer in peers())
        {
            uploading += (peer.Sender.Sent.Total - peer.UploadedAtRound) * 1000.0 / elapsedMs;
            if (peer.PeerInterested && !peer.IsClosed) wanting.Add(peer);
            else if (!peer.AmChoking && !peer.IsClosed) Uploads.Choke(peer);
        }
        CountSlots(uploading);

        int optimisticSlots = wanting.Count > Slots ? Math.Max(1, Slots / 5) : 0;
        ChooseOptimistic(optimisticSlots, nowMs);
        wanting.Sort((a, b) => Rank(b).CompareTo(Rank(a)) is var order and not 0 ? order : a.Serial.CompareTo(b.Serial));
        int regular = Slots - optimistic.Count;
        foreach (PeerConnection peer in wanting)
        {
            bool chosen = optimistic.Contains(peer);
            if (!chosen && regular > 0 && Deserves(peer))
            {
                regular--;
                chosen = true;
            }
            if (chosen) Unchoke(peer, nowMs);
        }
        // Slots that nobody deserves are better used than not.
        foreach (PeerConnection peer in wanting)
        {
            if (optimistic.Contains(peer) || Deserves(peer)) continue;
            if (regular-- > 0) Unchoke(peer, nowMs);
        }
        ChokeTheRest(nowMs);
        foreach (PeerConnection peer in peers())
        {
            peer.DownloadedAtRound = peer.Downloaded.Total;
            peer.UploadedAtRound = peer.Sender.Sent.Total;
            peer.Spread *= Forget;
            peer.Given *= Forget;
        }
    }

    private void CountSlots(double uploading)
    {
        highestRate = Math.Max(uploading, highestRate * 0.95);
        double capacity = UploadLimit > 0 ? UploadLimit : highestRate;
        int wantedSlots = (int)(capacity / BytesPerSecondPerSlot);
        // A seed's line is busy while anybody wants something, so what it carries is what it can carry.
        int least = UploadLimit > 0 || (Seeding && highestRate > 0) ? LeastSlots : StartSlots;
        Slots = FixedSlots > 0 ? FixedSlots : Math.Clamp(wantedSlots, least, MostSlots);
    }

    private void ChooseOptimistic(int count, long nowMs)
    {
        optimistic.RemoveAll(peer => peer.IsClosed || !peer.PeerInterested);
        if (round % RoundsPerOptimistic == 1) optimistic.Clear();
        if (optimistic.Count > count) optimistic.RemoveRange(count, optimistic.Count - count);
        while (optimistic.Count < count)
        {
            int weight = 0;
            PeerConnection? chosen = null;
            foreach (PeerConnection peer in wanting)
            {
                if (!peer.AmChoking || optimistic.Contains(peer)) continue;
                int own = nowMs - peer.ConnectedMs < NewcomerMs ? 3 : 1;
                weight += own;
                if (random.Next(weight) < own) chosen = peer;
            }
            if (chosen is null) return;
            optimistic.Add(chosen);
        }
    }

    // A peer that gives nothing (or, while we seed, passes nothing on) has no claim to a regular slot while others have one.
    private bool Deserves(PeerConnection peer) => Seeding || (peer.Downloaded.Total > peer.DownloadedAtRound && !peer.IsSnubbed);

    private double Rank(PeerConnection peer) => Seeding
        ? (peer.Spread + 1) / (peer.Given + 1)
        : peer.IsSnubbed ? 0 : peer.Downloaded.Total - peer.DownloadedAtRound;

    private void ChokeTheRest(long nowMs)
    {
        foreach (PeerConnection peer in wanting)
        {
            if (!peer.AmChoking && peer.UnchokedMs != nowMs) Uploads.Choke(peer);
        }
    }

    private static void Unchoke(PeerConnection peer, long nowMs)
    {
        peer.UnchokedMs = nowMs; // also marks those who keep their slot in this round
        if (!peer.AmChoking) return;
        peer.AmChoking = false;
        peer.SendBare(MessageId.Unchoke);
    }
}
