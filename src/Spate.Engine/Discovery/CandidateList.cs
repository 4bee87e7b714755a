using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Spate.Engine.Discovery;

/// <summary>
/// Every peer of one torrent that could be dialled, from all sources: deduplicated, bounded, ranked by canonical priority (BEP 40),
/// with back-off. Runs on the torrent's strand.
/// </summary>
/// <remarks>
/// What the network tells is hostile. No source gets more than half of the list: beyond that its newcomers compete with its own
/// worst entries. When the list is full, the source with the largest share gives way. A newcomer displaces an entry only if that one
/// failed more often or ranks lower, so a flood of invented addresses can't wash the good ones out.
/// </remarks>
public sealed class CandidateList
{
    /// <summary>Entries of a running torrent at most.</summary>
    public const int RunningLimit = 3000;

    /// <summary>Entries of a paused torrent at most.</summary>
    public const int PausedLimit = 1000;

    private const int MaxFails = 3;
    private const long ReconnectMs = 60_000;
    private const long ManualReconnectMs = 5_000;
    private const long BrokenReconnectMs = 10_000;
    private const long ReturnMs = 500;
    private const long DeadMs = 60 * ReconnectMs;
    private const int MaxBans = 4096;
    private const int MaxOwn = 64;

    /// <summary>Entries of one address of the Internet at most, by the word of others: as many peers share one behind a provider's NAT.</summary>
    public const int MaxPerAddress = 8;

    // Eviction looks at this many entries of the source that has to give way, from a cursor that goes round.
    private const int EvictionSample = 8;

    private readonly Dictionary<IPEndPoint, Candidate> byEndPoint = [];
    private readonly List<Candidate> slots = [];
    private readonly CandidateHeap ready = new();
    private readonly CandidateHeap waiting = new();
    private readonly int[] shares = new int[8]; // entries by first source, indexed by its bit
    private readonly HashSet<IPAddress> bannedAddresses = [];
    private readonly HashSet<IPEndPoint> bannedEndPoints = [];
    private readonly HashSet<IPEndPoint> own = [];
    private readonly Dictionary<IPAddress, int> perAddress = []; // of the Internet
    private IPEndPoint self4, self6;
    private int cursor;
    private int limit = RunningLimit;
    private bool seeding;

    /// <param name="salt">Random; stands for our own addresses in the ranking until they are known.</param>
    public CandidateList(uint salt)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, salt);
        BitConverter.TryWriteBytes(bytes[8..], ~salt);
        self4 = new IPEndPoint(new IPAddress(bytes[..4]), 0);
        self6 = new IPEndPoint(new IPAddress(bytes), 0);
    }

    /// <summary>Entries, in whatever state.</summary>
    public int Count => slots.Count;

    /// <summary>Entries that could be dialled now (those whose wait has ended meanwhile are counted by the next <see cref="TryNext"/>).</summary>
    public int ReadyCount => ready.Count;

    /// <summary>Peers told to us that were refused: senseless, own or banned addresses, or no room.</summary>
    public long Refused { get; private set; }

    /// <summary>Whether loopback addresses may be candidates. A session that serves only the world outside switches it off.</summary>
    public bool AllowLoopback { get; init; } = true;

    /// <summary>Entries at most: <see cref="RunningLimit"/>, or <see cref="PausedLimit"/> while paused. Lowering it evicts at once.</summary>
    public int Limit
    {
        get => limit;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 2);
            limit = value;
            for (int i = 0; i < shares.Length; i++)
            {
                while (shares[i] > limit / 2 && TryEvict(i, null)) { }
            }
            while (slots.Count > limit && TryEvict(LargestShare(), null)) { }
        }
    }

    /// <summary>True while we have all we want: seeds are then neither dialled nor given up.</summary>
    public bool Seeding
    {
        get => seeding;
        set
        {
            if (seeding == value) return;
            seeding = value;
            if (seeding) return; // seeds among the ready ones are parked when they come up
            foreach (Candidate candidate in slots)
            {
                if (candidate.State == CandidateState.Parked) MakeReady(candidate);
            }
        }
    }

    /// <summary>We want pieces again: seeds that were let go because there was nothing to get may be dialled at once.</summary>
    public void CallBackSeeds()
    {
        foreach (Candidate candidate in slots)
        {
            if (candidate is not { State: CandidateState.Waiting, IsSeed: true, Fails: 0 }) continue;
            waiting.Remove(candidate);
            MakeReady(candidate);
        }
    }

    /// <summary>How many entries were first told by the given source.</summary>
    public int CountOf(CandidateSource source) => shares[System.Numerics.BitOperations.TrailingZeroCount((byte)source)];

    /// <summary>
    /// Adds a peer, or adds a source to one that is known.
    /// </summary>
    /// <param name="endPoint">Where it listens. IPv4 addresses that are written as IPv6 ones are unwrapped.</param>
    /// <param name="source">Exactly one source.</param>
    /// <param name="seedHint">True when the source says that the peer has everything.</param>
    /// <returns>The entry, or null when the address is senseless, ours or banned, or when there is no room for it.</returns>
    public Candidate? Add(IPEndPoint endPoint, CandidateSource source, bool seedHint = false)
    {
        if (!System.Numerics.BitOperations.IsPow2((byte)source)) throw new ArgumentException("Exactly one source.", nameof(source));

        endPoint = Unwrapped(endPoint);
        if (!IsSensible(endPoint) || own.Contains(endPoint) || IsBanned(endPoint))
        {
            Refused++;
            return null;
        }
        if (byEndPoint.TryGetValue(endPoint, out Candidate? known))
        {
            Merge(known, source, seedHint);
            return known;
        }

        var candidate = new Candidate(endPoint, source) { IsSeed = seedHint };
        candidate.Priority = PriorityOf(endPoint);
        if (!MakeRoomAtAddress(candidate) || !MakeRoom(candidate))
        {
            Refused++;
            return null;
        }
        candidate.Slot = slots.Count;
        slots.Add(candidate);
        byEndPoint.Add(candidate.EndPoint, candidate);
        CountAtAddress(candidate, 1);
        shares[ShareOf(candidate)]++;
        MakeReady(candidate);
        return candidate;
    }

    /// <summary>The entry of an address, if there is one.</summary>
    public bool TryGet(IPEndPoint endPoint, [NotNullWhen(true)] out Candidate? candidate) =>
        byEndPoint.TryGetValue(Unwrapped(endPoint), out candidate);

    /// <summary>
    /// Hands out the best peer to dial now: the user's own first, then those that failed least, then by canonical priority. It counts
    /// as being dialled until <see cref="OnConnected"/> or <see cref="OnFailed"/>.
    /// </summary>
    public bool TryNext(long nowMs, [NotNullWhen(true)] out Candidate? candidate)
    {
        while (waiting.Count > 0 && waiting.First.HeapKey <= nowMs)
        {
            waiting.TryPop(out Candidate? due);
            MakeReady(due!);
        }
        while (ready.TryPop(out candidate))
        {
            if (seeding && candidate.IsSeed)
            {
                candidate.State = CandidateState.Parked;
                continue;
            }
            candidate.State = CandidateState.Connecting;
            return true;
        }
        return false;
    }

    /// <summary>When the next waiting peer may be dialled again (milliseconds), or null when none waits.</summary>
    public long? NextDueMs => waiting.Count > 0 ? waiting.First.HeapKey : null;

    /// <summary>The handshake with a peer ended well, whoever dialled.</summary>
    public void OnConnected(Candidate candidate)
    {
        if (candidate.State == CandidateState.Removed) return;
        Detach(candidate);
        candidate.State = CandidateState.Connected;
        candidate.WasConnected = true;
        candidate.Fails = candidate.Forgiven = 0;
        candidate.LastFailure = ConnectFailure.None;
    }

    /// <summary>
    /// The peer could not be reached; it is tried again after 60 s for each failure, and only once an hour after three. One of the user's
    /// own is tried again after 5 s, then after twice as long each time up to 5 minutes.
    /// </summary>
    public void OnFailed(Candidate candidate, ConnectFailure reason, long nowMs)
    {
        if (candidate.State == CandidateState.Removed) return;
        Detach(candidate);
        candidate.LastFailure = reason;
        switch (reason)
        {
            case ConnectFailure.Self:
                AddOwn(candidate.EndPoint);
                return;
            case ConnectFailure.Cancelled:
                MakeReady(candidate);
                return;
            default:
                if (candidate.Forgiven > 0)
                {
                    candidate.State = CandidateState.Waiting;
                    waiting.Push(candidate, nowMs + ReturnMs * (4 << (3 - candidate.Forgiven--))); // 2, 4, 8 s
                    return;
                }
                candidate.Fails++;
                WaitOrDie(candidate, nowMs, candidate.Fails * ReconnectMs);
                return;
        }
    }

    /// <summary>
    /// We hung up on this peer a moment ago and come back with another wish. It may take us for our former self as long as it has not noticed:
    /// so it is dialled after half a second, and some failures don't count.
    /// </summary>
    public void ExpectBack(Candidate candidate, long nowMs)
    {
        if (candidate.State != CandidateState.Ready) return;
        Detach(candidate);
        candidate.WasConnected = true;
        candidate.Forgiven = 3;
        candidate.State = CandidateState.Waiting;
        waiting.Push(candidate, nowMs + ReturnMs);
    }

    /// <summary>The peer was not dialled after all, for its address has not answered lately: its turn comes in a minute.</summary>
    public void Postpone(Candidate candidate, long nowMs)
    {
        if (candidate.State == CandidateState.Removed) return;
        Detach(candidate);
        candidate.State = CandidateState.Waiting;
        waiting.Push(candidate, nowMs + ReconnectMs);
    }

    /// <summary>
    /// A connection ended. The peer may be dialled again after a minute, after 10 s where the connection broke, one of the user's own
    /// after 5 s.
    /// </summary>
    /// <param name="candidate">The peer.</param>
    /// <param name="misbehaved">True when it broke the protocol or never sent anything of use: counts as a failure.</param>
    /// <param name="nowMs">Milliseconds now.</param>
    /// <param name="broke">True when neither end wanted it to end.</param>
    public void OnDisconnected(Candidate candidate, bool misbehaved, long nowMs, bool broke = false)
    {
        if (candidate.State == CandidateState.Removed) return;
        Detach(candidate);
        if (misbehaved) candidate.Fails++;
        WaitOrDie(candidate, nowMs, broke && candidate.Fails == 0 ? BrokenReconnectMs : (candidate.Fails + 1) * ReconnectMs);
    }

    /// <summary>Remembers whether a peer has everything (from its bitfield, <c>upload_only</c> or a PEX flag).</summary>
    public void MarkSeed(Candidate candidate, bool isSeed)
    {
        candidate.IsSeed = isSeed;
        if (!isSeed && candidate.State == CandidateState.Parked) MakeReady(candidate);
    }

    /// <summary>Takes a peer out and forgets it.</summary>
    public void Remove(Candidate candidate)
    {
        if (candidate.State == CandidateState.Removed) return;
        Detach(candidate);
        candidate.State = CandidateState.Removed;
        byEndPoint.Remove(candidate.EndPoint);
        CountAtAddress(candidate, -1);
        shares[ShareOf(candidate)]--;
        Candidate last = slots[^1];
        slots[candidate.Slot] = last;
        last.Slot = candidate.Slot;
        slots.RemoveAt(slots.Count - 1);
    }

    /// <summary>
    /// Refuses an address from now on, whatever the port, and removes its entries. On loopback only the endpoint is banned: there
    /// the same address is everybody's.
    /// </summary>
    public void Ban(IPEndPoint endPoint)
    {
        endPoint = Unwrapped(endPoint);
        if (IPAddress.IsLoopback(endPoint.Address))
        {
            if (bannedEndPoints.Count < MaxBans) bannedEndPoints.Add(endPoint);
            if (byEndPoint.TryGetValue(endPoint, out Candidate? one)) Remove(one);
            return;
        }
        if (bannedAddresses.Count < MaxBans) bannedAddresses.Add(endPoint.Address);
        for (int i = slots.Count - 1; i >= 0; i--)
        {
            if (slots[i].EndPoint.Address.Equals(endPoint.Address)) Remove(slots[i]);
        }
    }

    /// <summary>True when connections from or to the address are to be refused.</summary>
    public bool IsBanned(IPEndPoint endPoint)
    {
        if (bannedAddresses.Count == 0 && bannedEndPoints.Count == 0) return false;
        endPoint = Unwrapped(endPoint);
        return bannedAddresses.Contains(endPoint.Address) || bannedEndPoints.Contains(endPoint);
    }

    /// <summary>Banned addresses, for resume data.</summary>
    public IEnumerable<IPAddress> BannedAddresses => bannedAddresses;

    /// <summary>One of our own listen addresses: never dialled.</summary>
    public void AddOwn(IPEndPoint endPoint)
    {
        endPoint = Unwrapped(endPoint);
        if (own.Count < MaxOwn) own.Add(endPoint);
        if (byEndPoint.TryGetValue(endPoint, out Candidate? candidate)) Remove(candidate);
    }

    /// <summary>Our address and port as others see them: the ranking follows it. Costs O(n log n) when it changes.</summary>
    public void SetExternal(IPEndPoint endPoint)
    {
        endPoint = Unwrapped(endPoint);
        ref IPEndPoint self = ref endPoint.AddressFamily == AddressFamily.InterNetwork ? ref self4 : ref self6;
        if (self.Equals(endPoint)) return;
        self = endPoint;
        foreach (Candidate candidate in slots)
        {
            candidate.Priority = PriorityOf(candidate.EndPoint);
            if (candidate.State != CandidateState.Ready) continue;
            ready.Remove(candidate);
            MakeReady(candidate);
        }
    }

    /// <summary>The peers worth keeping for the next run: those that are or were connected, best first.</summary>
    public IReadOnlyList<IPEndPoint> Best(int max) =>
    [
        .. slots.Where(c => c.WasConnected).OrderBy(c => c.State == CandidateState.Connected ? 0 : 1).ThenBy(c => c.Fails)
            .ThenByDescending(c => c.Priority).Take(max).Select(c => c.EndPoint),
    ];

    /// <summary>All entries, for status and tests.</summary>
    public IReadOnlyList<Candidate> Entries => slots;

    private static IPEndPoint Unwrapped(IPEndPoint endPoint) =>
        endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;

    private bool IsSensible(IPEndPoint endPoint)
    {
        if (endPoint.Port == 0) return false;
        IPAddress address = endPoint.Address;
        if (IPAddress.IsLoopback(address)) return AllowLoopback;
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            Span<byte> bytes = stackalloc byte[4];
            address.TryWriteBytes(bytes, out _);
            return bytes[0] is not 0 and < 224; // "this network", multicast, reserved and broadcast
        }
        if (address.IsIPv6Multicast || address.Equals(IPAddress.IPv6Any)) return false;
        return !address.IsIPv6LinkLocal || address.ScopeId != 0; // without a scope nobody knows on which link
    }

    private uint PriorityOf(IPEndPoint endPoint) =>
        PeerPriority.Of(endPoint.AddressFamily == AddressFamily.InterNetwork ? self4 : self6, endPoint);

    private void Merge(Candidate known, CandidateSource source, bool seedHint)
    {
        bool isNews = (known.Sources & source) == 0;
        known.Sources |= source;
        if (seedHint) known.IsSeed = true;
        if (source == CandidateSource.Manual && known.State is CandidateState.Waiting or CandidateState.Parked or CandidateState.Dead)
        {
            // The user insists: now, and with a clean record.
            Detach(known);
            known.Fails = 0;
            MakeReady(known);
        }
        else if (source == CandidateSource.Tracker && known.Fails > 0)
        {
            // A tracker that still lists a peer is a hint that it lives: one more chance.
            known.Fails--;
            if (known.State != CandidateState.Dead) return;
            Detach(known);
            MakeReady(known);
        }
        else if (isNews && known.State == CandidateState.Ready)
        {
            Detach(known);
            MakeReady(known);
        }
    }

    private void WaitOrDie(Candidate candidate, long nowMs, long waitMs)
    {
        if (candidate.Fails >= MaxFails && (candidate.Sources & CandidateSource.Manual) == 0)
        {
            // Not for ever: after an outage of our own network every peer would stay dead in a swarm without a tracker.
            candidate.State = CandidateState.Dead;
            waiting.Push(candidate, nowMs + DeadMs);
            return;
        }
        candidate.State = CandidateState.Waiting;
        // The user's own peers are worth a try for ever: soon, for they may just be starting, and later every few minutes.
        if ((candidate.Sources & CandidateSource.Manual) != 0) waitMs = ManualReconnectMs << Math.Clamp(candidate.Fails - 1, 0, 10);
        waiting.Push(candidate, nowMs + Math.Min(waitMs, 5 * ReconnectMs));
    }

    private void MakeReady(Candidate candidate)
    {
        candidate.State = CandidateState.Ready;
        ready.Push(candidate, Rank(candidate));
    }

    // Small is good: manual, then few failures, then those that have served us before, then high priority.
    private static long Rank(Candidate candidate)
    {
        long manual = (candidate.Sources & CandidateSource.Manual) != 0 ? 0 : 1;
        long fails = Math.Min(candidate.Fails, 255);
        long unknown = candidate.WasConnected || (candidate.Sources & CandidateSource.Resume) != 0 ? 0 : 1;
        return manual << 48 | fails << 40 | unknown << 32 | uint.MaxValue - candidate.Priority;
    }

    private void Detach(Candidate candidate)
    {
        if (candidate.HeapIndex < 0) return;
        (candidate.State == CandidateState.Ready ? ready : waiting).Remove(candidate);
    }

    private static int ShareOf(Candidate candidate) => System.Numerics.BitOperations.TrailingZeroCount((byte)candidate.FirstSource);

    private int LargestShare() => Array.IndexOf(shares, shares.Max());

    private void CountAtAddress(Candidate candidate, int change)
    {
        IPAddress address = candidate.EndPoint.Address;
        if (address.ScopeOf() != AddressScope.Global) return;
        int count = perAddress.GetValueOrDefault(address) + change;
        if (count == 0) perAddress.Remove(address);
        else perAddress[address] = count;
    }

    // Where an address has its share of entries, one that never answered gives way: invented ports must not keep the true one out.
    private bool MakeRoomAtAddress(Candidate newcomer)
    {
        IPAddress address = newcomer.EndPoint.Address;
        if ((newcomer.Sources & CandidateSource.Manual) != 0 || perAddress.GetValueOrDefault(address) < MaxPerAddress) return true;
        Candidate? worst = null;
        foreach (Candidate candidate in slots)
        {
            if (!candidate.EndPoint.Address.Equals(address) || candidate.WasConnected || !IsEvictable(candidate)) continue;
            // What has not been tried gives way only to who came to us himself.
            if (candidate.Fails == 0 && newcomer.Sources != CandidateSource.Incoming) continue;
            if (worst is null || candidate.Fails > worst.Fails) worst = candidate;
        }
        if (worst is null) return false;
        Remove(worst);
        return true;
    }

    private bool MakeRoom(Candidate newcomer)
    {
        int share = ShareOf(newcomer);
        if (shares[share] >= limit / 2) return TryEvict(share, newcomer);
        if (slots.Count < limit) return true;
        int largest = LargestShare();
        return TryEvict(largest, largest == share ? newcomer : null);
    }

    // Removes the worst of a sample of one source's entries, unless the newcomer (if given) is no better than that one.
    private bool TryEvict(int share, Candidate? newcomer)
    {
        Candidate? worst = null;
        int seen = 0;
        for (int i = 0; i < slots.Count && seen < EvictionSample; i++)
        {
            cursor = (cursor + 1) % slots.Count;
            Candidate candidate = slots[cursor];
            if (ShareOf(candidate) != share || !IsEvictable(candidate)) continue;
            seen++;
            if (worst is null || Worth(candidate) < Worth(worst)) worst = candidate;
        }
        if (worst is null) return false;
        if (newcomer is not null && Worth(newcomer) <= Worth(worst)) return false;
        Remove(worst);
        return true;
    }

    private static bool IsEvictable(Candidate candidate) =>
        candidate.State is not (CandidateState.Connecting or CandidateState.Connected) && (candidate.Sources & CandidateSource.Manual) == 0;

    private static long Worth(Candidate candidate)
    {
        long alive = candidate.State == CandidateState.Dead ? 0 : 1;
        long fails = Math.Min(candidate.Fails, 255);
        long known = candidate.WasConnected ? 1 : 0;
        return alive << 48 | (255 - fails) << 40 | known << 32 | candidate.Priority;
    }
}
