using Spate.Engine.Disk;
using Spate.Engine.Peers;
using Spate.Engine.Pieces;
using Spate.Engine.Session;
using Spate.Engine.Torrents;
using EngineSwarm = Spate.Engine.Torrents.Swarm;

namespace Spate.Simulation;

/// <summary>
/// What must hold after every turn of every node: no queue over its limit, no counter that says something else than what it
/// counts, no piece claimed that is not on the disk. Cheap ones are looked at every turn, dear ones now and then.
/// </summary>
internal sealed class SwarmInvariants(Func<SimProcess, SimNode?> find)
{
    private const int PeersEvery = 61;      // turns of a node; odd, so as not to fall into step with anything
    private const int CountsEvery = 997;

    private readonly Dictionary<SimNode, int> turns = [];

    public void Check(SimProcess process)
    {
        if (find(process) is not { IsRunning: true, Torrent: { } torrent, Session: { } session } node) return;
        if (session.Resources.Environment != process.Environment) return;
        int turn = turns[node] = turns.GetValueOrDefault(node) + 1;
        SessionResources resources = session.Resources;
        EngineSwarm swarm = torrent.Lifecycle.Swarm;
        Require(node, resources.Blocks.Rented >= 0 && resources.Blocks.Rented <= resources.Blocks.Capacity, "rented blocks are within the pool");
        Require(node, session.Connections >= swarm.Peers.Count && session.Connections <= resources.Options.MaxConnections, "connections are within their budget");
        Require(node, process.Network.HalfOpen <= resources.Options.MaxHalfOpen, "connections being opened are within their budget");
        Require(node, swarm.Peers.Count <= node.Options.Torrent.MaxPeers, "a torrent has no more peers than it may");
        if (turn % PeersEvery == 0) CheckPeers(node, swarm);
        if (turn % CountsEvery == 0)
        {
            CheckAvailability(node, swarm);
            CheckPieces(node, swarm);
            CheckData(node, swarm);
        }
    }

    /// <summary>After a session ended in good order.</summary>
    public static void CheckNothingLeft(SimNode node)
    {
        SessionResources resources = node.Session!.Resources;
        Require(node, resources.Blocks.Rented == 0, $"all blocks are given back ({resources.Blocks.Rented} are not)");
        Require(node, node.Session.Connections == 0, $"all connections are given back ({node.Session.Connections} are not)");
        Require(node, node.Torrent!.Lifecycle.Swarm.Peers.Count == 0, "no peer is left");
        SimNetwork network = node.Host.Process.Network;
        Require(node, network.Streams == 0, $"all streams are closed ({network.Streams} are not)");
        Require(node, network.HalfOpen == 0, "no stream is being opened");
    }

    private static void CheckPeers(SimNode node, EngineSwarm swarm)
    {
        foreach (PeerConnection peer in swarm.Peers)
        {
            Require(node, !peer.IsClosed, "a closed peer is not in the list");
            Require(node, peer.Pick.Requests.Count <= peer.Window.PeerLimit, $"no more requests are in flight than the peer queues ({peer.Pick.Requests.Count})");
            Require(node, peer.Uploads.Count <= (peer.UsesFast ? Uploads.QueueLimit : Uploads.PatientQueueLimit), "no more requests are queued than we said");
            Require(node, peer.BuffersInFlight is >= 0 and <= 2, "a peer has at most two send buffers");
            Require(node, peer.Forgiven >= 0, "no block is forgiven twice");
        }
    }

    private static void CheckAvailability(SimNode node, EngineSwarm swarm)
    {
        PiecePicker picker = swarm.Picker;
        int[] counts = new int[node.Content.PieceCount];
        foreach (PeerConnection peer in swarm.Peers)
        {
            int interesting = 0;
            for (int piece = peer.Have.NextSet(0); piece >= 0; piece = peer.Have.NextSet(piece + 1))
            {
                counts[piece]++;
                if (picker.Missing[piece]) interesting++;
            }
            Require(node, peer.Interesting == interesting, $"the pieces that {peer.Remote} is wanted for are {interesting}, not {peer.Interesting}");
            Require(node, peer.AmInterested == interesting > 0, "interest follows what a peer is wanted for");
        }
        for (int piece = 0; piece < counts.Length; piece++)
        {
            Require(node, picker.Availability.Of(piece) == counts[piece], $"{counts[piece]} peers have piece {piece}, not {picker.Availability.Of(piece)}");
        }
        CheckStartable(node, picker);
    }

    private static void CheckStartable(SimNode node, PiecePicker picker)
    {
        ReadOnlySpan<int> startable = picker.Availability.Startable;
        int expected = 0;
        for (int piece = picker.Missing.NextSet(0); piece >= 0; piece = picker.Missing.NextSet(piece + 1))
        {
            if (picker.Find(piece) is null) expected++;
        }
        Require(node, startable.Length == expected, $"{expected} pieces can be started, not {startable.Length}");
        for (int i = 1; i < startable.Length; i++)
        {
            PiecePriority before = picker.Availability.Priority(startable[i - 1]), here = picker.Availability.Priority(startable[i]);
            bool ordered = before > here || (before == here && picker.Availability.Of(startable[i - 1]) <= picker.Availability.Of(startable[i]));
            Require(node, ordered, "startable pieces are in order of priority and rarity");
        }
    }

    private static void CheckPieces(SimNode node, EngineSwarm swarm)
    {
        int held = 0;
        foreach (ActivePiece piece in swarm.Picker.Active)
        {
            Require(node, !swarm.Picker.Have[piece.Index], $"piece {piece.Index} is not under way when it is there");
            int free = 0, received = 0, inMemory = 0;
            for (int i = 0; i < piece.BlockCount; i++)
            {
                BlockState state = piece[i].State;
                if (state == BlockState.Free) free++;
                if (state is BlockState.Held or BlockState.Writing or BlockState.Stored) received++;
                if (state == BlockState.Held) inMemory++;
                int asked = swarm.Peers.Count(peer => peer.Pick.Requests.Contains(piece.Index, i));
                int counted = state == BlockState.Requested ? piece[i].Requests : 0;
                Require(node, asked == counted || state == BlockState.Free,
                    $"block {i} of piece {piece.Index} ({state}) is asked of {counted} peers, and {asked} have it among their requests");
            }
            Require(node, (free, received, inMemory) == (piece.Free, piece.Received, piece.Held),
                $"piece {piece.Index} counts free {piece.Free}, received {piece.Received}, held {piece.Held}; there are {free}, {received}, {inMemory}");
            held += inMemory;
        }
        Require(node, held <= node.Session!.Resources.Blocks.Rented, "every held block has its slot");
    }

    private static void CheckData(SimNode node, EngineSwarm swarm)
    {
        // While files get other names, or while that can't be finished, where they lie is known to the disk alone.
        if (swarm.Picker.Have.Count == 0 || swarm.Disk.IsHeld || !node.Torrent!.Lifecycle.NamesAreKnown) return;
        SimContent content = node.Content;
        int piece = swarm.Picker.Have.NextSet((int)(node.Host.World.Trace.Count % content.PieceCount));
        if (piece < 0) piece = swarm.Picker.Have.NextSet(0);
        Require(node, node.Host.Disk.HoldsPiece(content, swarm.Disk.Files.Folder, piece, swarm.Disk.Files.Names), $"piece {piece}, which it says it has, is on its disk");
    }

    private static void Require(SimNode node, bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException($"On {node.Host.Name} it does not hold that {what}.");
    }
}
