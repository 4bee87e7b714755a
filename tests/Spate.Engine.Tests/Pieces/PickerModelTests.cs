using Spate.Engine.Disk;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Tests.Discovery;
using Spate.Protocol;

namespace Spate.Engine.Tests.Pieces;

/// <summary>
/// The picker under everything that can happen to it, in random order, with its bookkeeping recounted after each step. A failure names
/// its seed.
/// </summary>
public class PickerModelTests
{
    [Fact]
    public void Every_count_is_right_after_every_step_and_everything_completes()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            try { new Run(seed).Play(); }
            catch (Exception e) { throw new InvalidOperationException($"Seed {seed}: {e.Message}", e); }
        }
    }

    private sealed class Run
    {
        private readonly Random random;
        private readonly Metainfo metainfo;
        private readonly PiecePicker picker;
        private readonly List<PickState> peers = [];
        private readonly PickedBlock[] picked = new PickedBlock[64];
        private int serial;

        public Run(int seed)
        {
            random = new Random(seed);
            int blocks = random.Next(1, 7);
            metainfo = TestTorrents.Shape(random.Next(1, 30), blocks * BlockPool.BlockSize, random.Next(1, blocks * BlockPool.BlockSize));
            picker = new PiecePicker(metainfo, new TestWorld(seed));
        }

        public void Play()
        {
            for (int i = 0; i < 400; i++)
            {
                Step();
                Check();
            }
            for (int piece = 0; piece < metainfo.PieceCount; piece++) picker.SetPriority(piece, PiecePriority.Normal);
            Join(isSeed: true);
            Join(isSeed: true);
            for (int i = 0; i < 20_000 && !picker.IsFinished; i++)
            {
                PickState peer = peers[random.Next(peers.Count)];
                Ask(peer, 16);
                while (peer.Requests.Count > 0) Deliver(peer, mayFail: false);
            }
            Check();
            Assert.True(picker.IsFinished, "It never completes.");
            Assert.True(picker.Have.IsFull);
            Assert.All(peers, peer => Assert.Equal(0, peer.Requests.Count));
        }

        private void Step()
        {
            int kind = random.Next(100);
            if (peers.Count == 0 || kind < 4) Join(isSeed: random.Next(3) == 0);
            else if (kind < 40) Ask(AnyPeer(), random.Next(1, 40));
            else if (kind < 75) Deliver(AnyPeer(), mayFail: true);
            else if (kind < 80) Gain(AnyPeer());
            else if (kind < 83) Leave(AnyPeer());
            else if (kind < 87) Reject(AnyPeer());
            else if (kind < 89) Snub(AnyPeer());
            else if (kind < 92) picker.SetPriority(random.Next(metainfo.PieceCount), (PiecePriority)random.Next(4));
            else if (kind < 94) picker.Sequential = !picker.Sequential;
            else if (kind < 96) Lose();
            else if (kind < 98) Restrict(AnyPeer());
            else AnyPeer().IsSlow ^= true;
        }

        private PickState AnyPeer() => peers[random.Next(peers.Count)];

        private void Join(bool isSeed)
        {
            var have = new Bitfield(metainfo.PieceCount);
            if (isSeed) have.SetAll();
            else for (int piece = 0; piece < metainfo.PieceCount; piece++) if (random.Next(3) == 0) have.Set(piece);
            peers.Add(new PickState(++serial, have));
            picker.Availability.Count(have, arrives: true);
            picker.PeerGained();
        }

        private void Ask(PickState peer, int count)
        {
            int got = picker.Pick(peer, picked.AsSpan(0, count));
            for (int i = 0; i < got; i++)
            {
                (ActivePiece piece, int block) = picked[i];
                Assert.True(peer.Have[piece.Index], "It was asked for what it does not have.");
                Assert.False(picker.Have[piece.Index], "It was asked for what is there.");
                Assert.True(peer.Only is null || peer.Only.Contains(piece.Index), "It was asked for what it does not allow.");
                Assert.Equal(BlockState.Requested, piece[block].State);
                Assert.False(peer.Requests.Contains(piece.Index, block), "It was asked twice for a block.");
                Assert.True(piece[block].Requests == 1 || peer.IsSnubbed || IsEndGame(), "A block was asked of two while others were asked of nobody.");
                peer.Requests.Add(piece.Index, block, 0);
            }
            if (got == 0) Assert.False(CouldAskForMore(peer) && peer.Requests.Count == 0, "It was not asked for a block that nobody was asked for.");
        }

        private bool IsEndGame() => picker.Availability.Startable.IsEmpty && picker.Active.All(piece => piece.Free == 0);

        // Whether a block that the peer has and nobody was asked for could be asked of it.
        private bool CouldAskForMore(PickState peer)
        {
            for (int piece = 0; piece < metainfo.PieceCount; piece++)
            {
                if (!peer.Have[piece] || (peer.Only is not null && !peer.Only.Contains(piece))) continue;
                if (picker.Find(piece) is { } active)
                {
                    bool closed = active.OneSender && active.Owner != 0 && active.Owner != peer.Serial;
                    if (active.Free > 0 && !closed && (!picker.Sequential || picker.Missing[piece])) return true;
                }
                else if (picker.Missing[piece]) return true;
            }
            return false;
        }

        // What the torrent does when a block arrives, with a disk that is always done.
        private void Deliver(PickState peer, bool mayFail)
        {
            if (!peer.Requests.TryTake(out PendingRequest request)) return;
            ActivePiece piece = picker.Find(request.Piece)!;
            ref ActivePiece.Block block = ref piece[request.Block];
            Assert.Equal(BlockState.Requested, block.State);
            block.State = BlockState.Stored;
            block.Requests = 0;
            block.Sender = peer.Serial;
            piece.Received++;
            foreach (PickState other in peers) other.Requests.Remove(request.Piece, request.Block, out _);
            if (!piece.IsComplete) return;
            if (mayFail && random.Next(4) == 0) picker.Restart(piece);
            else picker.Complete(piece);
        }

        private void Gain(PickState peer)
        {
            int piece = random.Next(metainfo.PieceCount);
            if (!peer.Have.Set(piece)) return;
            picker.Availability.Increase(piece);
            picker.PeerGained();
        }

        private void Leave(PickState peer)
        {
            TakeBack(peer);
            peers.Remove(peer);
            picker.Availability.Count(peer.Have, arrives: false);
        }

        private void TakeBack(PickState peer)
        {
            while (peer.Requests.TryTake(out PendingRequest request)) picker.Release(peer, request.Piece, request.Block);
            picker.Disown(peer);
        }

        private void Reject(PickState peer)
        {
            if (!peer.Requests.TryTake(out PendingRequest request)) return;
            picker.Release(peer, request.Piece, request.Block);
            if (random.Next(2) == 0) picker.Disown(peer);
        }

        private void Snub(PickState peer)
        {
            TakeBack(peer);
            peer.IsSnubbed ^= true;
        }

        // The disk refused a piece, or a piece that was there is gone.
        private void Lose()
        {
            if (random.Next(2) == 0 && picker.Active.Count > 0)
            {
                ActivePiece piece = picker.Active[random.Next(picker.Active.Count)];
                foreach (PickState peer in peers) while (peer.Requests.RemovePiece(piece.Index, out _)) { }
                picker.Abandon(piece);
            }
            else picker.MarkMissing(random.Next(metainfo.PieceCount));
        }

        // It chokes us or lets us ask again.
        private void Restrict(PickState peer)
        {
            if (peer.Only is null)
            {
                peer.Only = [.. Enumerable.Range(0, 4).Select(_ => random.Next(metainfo.PieceCount))];
                picker.Disown(peer);
            }
            else peer.Only = null;
        }

        private void Check()
        {
            int[] startable = picker.Availability.Startable.ToArray();
            var listed = new HashSet<int>(startable);
            Assert.Equal(startable.Length, listed.Count);
            for (int piece = 0; piece < metainfo.PieceCount; piece++)
            {
                bool wanted = picker.Availability.Priority(piece) != PiecePriority.Skip;
                Assert.Equal(wanted && !picker.Have[piece], picker.Missing[piece]);
                Assert.Equal(peers.Count(peer => peer.Have[piece]), picker.Availability.Of(piece));
                Assert.Equal(wanted && !picker.Have[piece] && picker.Find(piece) is null, listed.Contains(piece));
            }
            for (int i = 0; i < picker.Active.Count; i++)
            {
                Assert.Equal(i, picker.Active[i].ListIndex);
                Assert.Same(picker.Active[i], picker.Find(picker.Active[i].Index));
                Check(picker.Active[i]);
            }
            int asked = picker.Active.Sum(piece => Enumerable.Range(0, piece.BlockCount).Sum(block => (int)piece[block].Requests));
            Assert.Equal(asked, peers.Sum(peer => peer.Requests.Count));
        }

        private void Check(ActivePiece piece)
        {
            Assert.False(picker.Have[piece.Index]);
            int free = 0, received = 0;
            for (int block = 0; block < piece.BlockCount; block++)
            {
                int asked = peers.Count(peer => peer.Requests.Contains(piece.Index, block));
                Assert.Equal(piece[block].State == BlockState.Requested, asked > 0);
                Assert.Equal(asked, piece[block].Requests);
                Assert.InRange(asked, 0, 3);
                if (piece[block].State == BlockState.Free) free++;
                else if (piece[block].State != BlockState.Requested) received++;
            }
            Assert.Equal((free, received), (piece.Free, piece.Received));
            Assert.True(piece.Owner == 0 || peers.Any(peer => peer.Serial == piece.Owner), "A piece belongs to a peer that left.");
        }
    }
}
