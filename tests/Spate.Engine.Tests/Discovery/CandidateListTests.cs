using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Discovery;

namespace Spate.Engine.Tests.Discovery;

public class CandidateListTests
{
    private readonly CandidateList list = new(salt: 7);

    [Fact]
    public void A_peer_from_two_sources_is_one_candidate_with_both()
    {
        Candidate? first = list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker);
        Candidate? second = list.Add(At("::ffff:198.51.100.7", 6881), CandidateSource.Dht, seedHint: true);

        Assert.Same(first, second);
        Assert.Equal(1, list.Count);
        Assert.Equal(CandidateSource.Tracker | CandidateSource.Dht, first!.Sources);
        Assert.True(first.IsSeed);
    }

    [Theory]
    [InlineData("198.51.100.7", 0)]
    [InlineData("0.0.0.0", 80)]
    [InlineData("0.1.2.3", 80)]
    [InlineData("224.0.0.1", 80)]
    [InlineData("255.255.255.255", 80)]
    [InlineData("240.0.0.1", 80)]
    [InlineData("::", 80)]
    [InlineData("::ffff:0.0.0.0", 80)]
    [InlineData("ff02::1", 80)]
    [InlineData("fe80::1", 80)]
    public void Senseless_addresses_are_refused(string address, int port)
    {
        Assert.Null(list.Add(At(address, port), CandidateSource.Pex));
        Assert.Equal(1, list.Refused);
        Assert.False(list.TryNext(0, out _));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Loopback_is_usable_unless_switched_off(string address)
    {
        Assert.NotNull(list.Add(At(address, 6881), CandidateSource.Tracker));
        Assert.Null(new CandidateList(1) { AllowLoopback = false }.Add(At(address, 6881), CandidateSource.Tracker));
    }

    [Fact]
    public void Link_local_with_a_scope_is_usable() => Assert.NotNull(list.Add(At("fe80::1%2", 6881), CandidateSource.Lsd));

    [Fact]
    public void Manual_peers_come_first_then_by_canonical_priority()
    {
        list.SetExternal(At("123.213.32.10", 6881));
        for (int i = 1; i <= 100; i++) list.Add(At($"203.0.{i}.1", 6881), CandidateSource.Tracker);
        list.Add(At("198.51.100.7", 6881), CandidateSource.Manual);

        Assert.True(list.TryNext(0, out Candidate? next));
        Assert.Equal("198.51.100.7:6881", next.EndPoint.ToString());
        uint before = uint.MaxValue;
        int count = 0;
        while (list.TryNext(0, out next))
        {
            Assert.Equal(PeerPriority.Of(At("123.213.32.10", 6881), next.EndPoint), next.Priority);
            Assert.True(next.Priority <= before);
            before = next.Priority;
            count++;
        }
        Assert.Equal(100, count);
    }

    [Fact]
    public void Learning_our_address_ranks_again()
    {
        for (int i = 1; i <= 50; i++) list.Add(At($"203.0.{i}.1", 6881), CandidateSource.Tracker);
        list.SetExternal(At("123.213.32.10", 6881));

        IPEndPoint best = list.Entries.MaxBy(c => PeerPriority.Of(At("123.213.32.10", 6881), c.EndPoint))!.EndPoint;
        Assert.True(list.TryNext(0, out Candidate? next));
        Assert.Equal(best, next.EndPoint);
    }

    [Fact]
    public void Failures_back_off_by_a_minute_each_and_end_after_three()
    {
        list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker);
        long now = 1_000;
        for (int fail = 1; fail <= 2; fail++)
        {
            Assert.True(list.TryNext(now, out Candidate? candidate));
            Assert.False(list.TryNext(now, out _));
            list.OnFailed(candidate, ConnectFailure.Unreachable, now);
            Assert.Equal(now + fail * 60_000, list.NextDueMs);
            Assert.False(list.TryNext(now + fail * 60_000 - 1, out _));
            now += fail * 60_000;
        }
        Assert.True(list.TryNext(now, out Candidate? last));
        list.OnFailed(last, ConnectFailure.Unreachable, now);
        Assert.Equal(CandidateState.Dead, last.State);
        Assert.False(list.TryNext(now + 59 * 60_000, out _));
        Assert.True(list.TryNext(now + 60 * 60_000, out _)); // once an hour, in case that it was our own network
    }

    [Fact]
    public void A_tracker_that_still_lists_a_dead_peer_gives_it_one_more_chance()
    {
        list.Add(At("198.51.100.7", 6881), CandidateSource.Pex);
        FailUntilDead();
        list.Add(At("198.51.100.7", 6881), CandidateSource.Pex);
        Assert.False(list.TryNext(10 * 60_000, out _));
        list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker);
        Assert.True(list.TryNext(10 * 60_000, out Candidate? candidate));
        Assert.Equal(2, candidate.Fails);
    }

    [Fact]
    public void The_user_revives_a_dead_peer_with_a_clean_record()
    {
        list.Add(At("198.51.100.7", 6881), CandidateSource.Pex);
        FailUntilDead();
        list.Add(At("198.51.100.7", 6881), CandidateSource.Manual);
        Assert.True(list.TryNext(0, out Candidate? candidate));
        Assert.Equal(0, candidate.Fails);
    }

    [Fact]
    public void A_cancelled_attempt_does_not_count()
    {
        list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker);
        Assert.True(list.TryNext(0, out Candidate? candidate));
        list.OnFailed(candidate, ConnectFailure.Cancelled, 0);
        Assert.True(list.TryNext(0, out candidate));
        Assert.Equal(0, candidate.Fails);
    }

    [Fact]
    public void Connected_peers_are_not_dialled_and_come_back_a_minute_after_they_left()
    {
        Candidate candidate = list.Add(At("198.51.100.7", 6881), CandidateSource.Incoming)!;
        list.OnConnected(candidate);
        Assert.False(list.TryNext(1_000_000, out _));
        list.OnDisconnected(candidate, misbehaved: false, nowMs: 1_000_000);
        Assert.False(list.TryNext(1_059_999, out _));
        Assert.True(list.TryNext(1_060_000, out _));
    }

    [Fact]
    public void A_peer_that_misbehaves_three_times_is_left_alone()
    {
        Candidate candidate = list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker)!;
        for (int i = 0; i < 3; i++) list.OnDisconnected(candidate, misbehaved: true, nowMs: 0);
        Assert.Equal(CandidateState.Dead, candidate.State);
    }

    [Fact]
    public void Our_own_address_is_dialled_once_at_most()
    {
        list.AddOwn(At("127.0.0.1", 6881));
        Assert.Null(list.Add(At("127.0.0.1", 6881), CandidateSource.Tracker));
        Assert.NotNull(list.Add(At("127.0.0.1", 6882), CandidateSource.Tracker));

        Assert.True(list.TryNext(0, out Candidate? ourselves));
        list.OnFailed(ourselves, ConnectFailure.Self, 0);
        Assert.Equal(0, list.Count);
        Assert.Null(list.Add(At("127.0.0.1", 6882), CandidateSource.Tracker));
    }

    [Fact]
    public void Ban_removes_an_address_with_all_its_ports()
    {
        list.Add(At("198.51.100.7", 1), CandidateSource.Tracker);
        list.Add(At("198.51.100.7", 2), CandidateSource.Pex);
        list.Add(At("198.51.100.8", 1), CandidateSource.Pex);
        list.Ban(At("198.51.100.7", 999));

        Assert.Equal(1, list.Count);
        Assert.True(list.IsBanned(At("::ffff:198.51.100.7", 5)));
        Assert.Null(list.Add(At("198.51.100.7", 3), CandidateSource.Manual));
    }

    [Fact]
    public void Ban_on_loopback_spares_the_other_ports()
    {
        list.Add(At("127.0.0.1", 1), CandidateSource.Tracker);
        list.Add(At("127.0.0.1", 2), CandidateSource.Tracker);
        list.Ban(At("127.0.0.1", 1));

        Assert.Equal(1, list.Count);
        Assert.True(list.IsBanned(At("127.0.0.1", 1)));
        Assert.False(list.IsBanned(At("127.0.0.1", 2)));
    }

    [Fact]
    public void Seeds_do_not_dial_seeds()
    {
        list.Add(At("198.51.100.7", 1), CandidateSource.Tracker, seedHint: true);
        Candidate other = list.Add(At("198.51.100.8", 1), CandidateSource.Tracker)!;
        list.Seeding = true;

        Assert.True(list.TryNext(0, out Candidate? next));
        Assert.Same(other, next);
        Assert.False(list.TryNext(0, out _));

        list.Seeding = false;
        Assert.True(list.TryNext(0, out next));
        Assert.True(next.IsSeed);
    }

    [Fact]
    public void A_parked_seed_that_lost_pieces_is_dialled_again()
    {
        Candidate seed = list.Add(At("198.51.100.7", 1), CandidateSource.Tracker, seedHint: true)!;
        list.Seeding = true;
        Assert.False(list.TryNext(0, out _));
        list.MarkSeed(seed, false);
        Assert.True(list.TryNext(0, out _));
    }

    [Fact]
    public void One_source_gets_half_of_the_list()
    {
        Flood(CandidateSource.Pex, 10_000);
        Assert.Equal(CandidateList.RunningLimit / 2, list.Count);

        for (int i = 0; i < 500; i++) Assert.NotNull(list.Add(At($"198.51.{i / 250}.{1 + i % 250}", 6881), CandidateSource.Tracker));
        Assert.Equal(500, list.CountOf(CandidateSource.Tracker));
    }

    [Fact]
    public void In_a_full_list_the_largest_source_gives_way()
    {
        Flood(CandidateSource.Pex, 5_000);
        Flood(CandidateSource.Dht, 5_000);
        Assert.Equal(CandidateList.RunningLimit, list.Count);
        for (int i = 0; i < 100; i++) Assert.NotNull(list.Add(At($"198.51.100.{i + 1}", 6881), CandidateSource.Tracker));
        Assert.Equal(CandidateList.RunningLimit, list.Count);
        Assert.Equal(100, list.CountOf(CandidateSource.Tracker));
    }

    [Fact]
    public void A_flood_does_not_evict_connected_or_manual_peers()
    {
        Candidate connected = list.Add(At("198.51.100.7", 1), CandidateSource.Pex)!;
        list.OnConnected(connected);
        Candidate manual = list.Add(At("198.51.100.8", 1), CandidateSource.Manual)!;
        Flood(CandidateSource.Pex, 20_000);

        Assert.Equal(CandidateState.Connected, connected.State);
        Assert.Equal(CandidateState.Ready, manual.State);
    }

    [Fact]
    public void The_users_own_peers_are_tried_again_soon_and_for_ever()
    {
        Candidate manual = list.Add(At("198.51.100.8", 1), CandidateSource.Manual)!;
        long now = 0;
        var waits = new List<long>();
        for (int i = 0; i < 9; i++)
        {
            Assert.True(list.TryNext(now, out Candidate? next));
            Assert.Same(manual, next);
            list.OnFailed(manual, ConnectFailure.Unreachable, now);
            waits.Add((list.NextDueMs!.Value - now) / 1000);
            now = list.NextDueMs!.Value;
        }
        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300, 300], waits);
    }

    [Fact]
    public void A_flood_raises_the_priority_of_its_own_share_and_displaces_the_dead_first()
    {
        Candidate dead = list.Add(At("198.51.100.7", 6881), CandidateSource.Pex)!;
        FailUntilDead();
        Flood(CandidateSource.Pex, 1_499);
        Assert.Equal(CandidateList.RunningLimit / 2, list.Count);
        double before = list.Entries.Average(c => (double)c.Priority);
        Flood(CandidateSource.Pex, 30_000);
        Assert.Equal(CandidateState.Removed, dead.State);
        Assert.True(list.Entries.Average(c => (double)c.Priority) > before);
    }

    [Fact]
    public void Pausing_trims_the_list_and_keeps_the_connected()
    {
        Flood(CandidateSource.Pex, 1_500);
        Flood(CandidateSource.Tracker, 1_500);
        Candidate kept = list.Entries[700];
        list.OnConnected(kept);
        list.Limit = CandidateList.PausedLimit;

        Assert.Equal(CandidateList.PausedLimit, list.Count);
        Assert.Equal(CandidateState.Connected, kept.State);
        Assert.Equal(500, list.CountOf(CandidateSource.Pex));
    }

    [Fact]
    public void Best_names_those_we_were_connected_to()
    {
        Flood(CandidateSource.Tracker, 20);
        Candidate left = list.Entries[3], here = list.Entries[5];
        list.OnConnected(left);
        list.OnDisconnected(left, misbehaved: false, 0);
        list.OnConnected(here);
        Assert.Equal([here.EndPoint, left.EndPoint], list.Best(10));
        Assert.Equal([here.EndPoint], list.Best(1));
    }

    [Fact]
    public void One_address_has_eight_entries_and_invented_ports_do_not_keep_the_true_one_out()
    {
        for (int port = 1; port <= 100; port++) list.Add(At("198.51.100.7", port), CandidateSource.Pex);
        Assert.Equal(CandidateList.MaxPerAddress, list.Count);
        Assert.Null(list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker)); // none of them has been tried yet
        Assert.NotNull(list.Add(At("198.51.100.7", 6882), CandidateSource.Incoming)); // came to us himself
        Assert.NotNull(list.Add(At("198.51.100.7", 6883), CandidateSource.Manual));
        Assert.True(list.TryNext(0, out _)); // the user's
        Assert.True(list.TryNext(0, out Candidate? tried));
        list.OnFailed(tried, ConnectFailure.Unreachable, 0);
        Assert.NotNull(list.Add(At("198.51.100.7", 6881), CandidateSource.Tracker));
        Assert.Equal(CandidateState.Removed, tried.State);
        for (int port = 1; port <= 100; port++) Assert.NotNull(list.Add(At("192.168.1.7", port), CandidateSource.Lsd)); // a neighbour
    }

    [Fact]
    public void Who_expects_us_back_is_dialled_after_half_a_second_and_forgiven_three_times()
    {
        Candidate candidate = list.Add(At("198.51.100.7", 1), CandidateSource.Magnet)!;
        list.ExpectBack(candidate, 0);
        long now = 0;
        foreach (long wait in new[] { 500, 2_000, 4_000, 8_000, 60_000, 120_000 })
        {
            Assert.False(list.TryNext(now + wait - 1, out _));
            Assert.True(list.TryNext(now += wait, out _));
            list.OnFailed(candidate, ConnectFailure.Handshake, now);
        }
        Assert.Equal(3, candidate.Fails);
    }

    [Fact]
    public void Who_is_put_off_waits_a_minute_with_a_clean_record()
    {
        Candidate candidate = list.Add(At("198.51.100.7", 1), CandidateSource.Pex)!;
        Assert.True(list.TryNext(0, out _));
        list.Postpone(candidate, 0);
        Assert.False(list.TryNext(59_999, out _));
        Assert.True(list.TryNext(60_000, out _));
        Assert.Equal(0, candidate.Fails);
    }

    [Fact]
    public void Any_sequence_of_events_keeps_the_books()
    {
        Prop.ForAll<(byte Kind, byte Host, byte Source)[]>(events =>
        {
            var list = new CandidateList(3) { Limit = 40 };
            var dialled = new List<Candidate>();
            long now = 0;
            foreach ((byte kind, byte host, byte source) in events)
            {
                IPEndPoint at = At($"203.0.113.{host / 16}", 6881 + host % 16);
                switch (kind % 10)
                {
                    case < 4: list.Add(at, (CandidateSource)(1 << (source % 8)), host % 3 == 0); break;
                    case 4: if (list.TryNext(now, out Candidate? next)) dialled.Add(next); break;
                    case 5 when dialled.Count > 0: list.OnFailed(dialled[0], (ConnectFailure)(1 + source % 5), now); dialled.RemoveAt(0); break;
                    case 6 when dialled.Count > 0: list.OnConnected(dialled[0]); list.OnDisconnected(dialled[0], source % 2 == 0, now); dialled.RemoveAt(0); break;
                    case 7: list.Ban(at); break;
                    case 8: list.Seeding = source % 2 == 0; break;
                    case 9: now += 30_000; break;
                }
                if (list.Count > 40) return false;
                if (list.Entries.Where(c => (c.Sources & CandidateSource.Manual) == 0).GroupBy(c => c.EndPoint.Address).Any(g => g.Count() > CandidateList.MaxPerAddress + 1)) return false;
                if (list.Entries.Select(c => c.EndPoint).Distinct().Count() != list.Count) return false;
                if (list.Entries.Any(c => list.IsBanned(c.EndPoint) || c.State == CandidateState.Removed)) return false;
                if (list.Entries.Count(c => c.State == CandidateState.Ready) != list.ReadyCount) return false;
                int shares = Enumerable.Range(0, 8).Sum(i => list.CountOf((CandidateSource)(1 << i)));
                if (shares != list.Count) return false;
                if (dialled.Any(c => c.State is not (CandidateState.Connecting or CandidateState.Removed))) return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    private void FailUntilDead()
    {
        long now = 0;
        while (list.TryNext(now, out Candidate? candidate))
        {
            list.OnFailed(candidate, ConnectFailure.Unreachable, now);
            if (candidate.State == CandidateState.Dead) return;
            now = list.NextDueMs!.Value;
        }
    }

    private void Flood(CandidateSource source, int count)
    {
        for (int i = 0; i < count; i++)
        {
            list.Add(new IPEndPoint(new IPAddress([(byte)(10 + (byte)source % 97), (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 6881), source);
        }
    }

    private static IPEndPoint At(string address, int port) => new(IPAddress.Parse(address), port);
}
