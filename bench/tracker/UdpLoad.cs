using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spate.Protocol;
using Spate.Protocol.Trackers;
using Spate.Tracker.Linux;

namespace Spate.Bench.Tracker;

/// <summary>Keeps a number of requests in flight on some sockets, sent and received in batches; one thread.</summary>
internal sealed unsafe class UdpLoad : IDisposable
{
    private const int Batch = 64, SlotSize = 1600, ScrapeHashes = 10;

    private sealed class Lane
    {
        public required Socket Socket;
        public ulong ConnectionId;
        public required long[] SentAt;        // by slot; 0 for a free one
        public required ushort[] Generation;  // so that a late answer is not taken for another's
        public readonly Stack<int> Free = new();
    }

    private readonly LoadOptions options;
    private readonly PeerPlan plan;
    private readonly LoadReport report = new("udp");
    private readonly Lane[] lanes;
    private readonly byte* memory;
    private readonly Libc.MMsgHdr* messages;
    private readonly Libc.IoVec* vectors;
    private readonly int[] nextOfLane;
    private int filled;

    public UdpLoad(IPEndPoint tracker, LoadOptions options)
    {
        this.options = options;
        plan = new PeerPlan(options);
        nextOfLane = [.. Enumerable.Range(0, options.Sockets)];
        memory = (byte*)NativeMemory.AllocZeroed(Batch * SlotSize);
        messages = (Libc.MMsgHdr*)NativeMemory.AllocZeroed((nuint)(Batch * sizeof(Libc.MMsgHdr)));
        vectors = (Libc.IoVec*)NativeMemory.AllocZeroed((nuint)(Batch * sizeof(Libc.IoVec)));
        for (int i = 0; i < Batch; i++)
        {
            vectors[i].Base = memory + i * SlotSize;
            messages[i].Header = new Libc.MsgHdr { Vectors = vectors + i, VectorCount = 1 };
        }
        lanes = [.. Enumerable.Range(0, options.Sockets).Select(i => Open(tracker, i))];
    }

    public void Dispose()
    {
        foreach (Lane lane in lanes) lane.Socket.Dispose();
        NativeMemory.Free(memory);
        NativeMemory.Free(messages);
        NativeMemory.Free(vectors);
    }

    public LoadReport Run()
    {
        long started = Stopwatch.GetTimestamp(), swept = started;
        var reading = new List<Socket>();
        while (true)
        {
            long now = Stopwatch.GetTimestamp();
            bool isGoing = options.Fill ? filled < options.Peers : Stopwatch.GetElapsedTime(started, now).TotalSeconds < options.Seconds;
            bool hasAnswers = false;
            int inFlight = 0;
            for (int i = 0; i < lanes.Length; i++)
            {
                if (isGoing) SendBatches(i);
                hasAnswers |= Receive(lanes[i]);
                inFlight += lanes[i].SentAt.Length - lanes[i].Free.Count;
            }
            if (!isGoing && inFlight == 0) return report;
            if (Stopwatch.GetElapsedTime(swept, now).TotalSeconds > 0.2)
            {
                swept = now;
                foreach (Lane lane in lanes) GiveUpLate(lane, now);
            }
            if (hasAnswers) continue;
            reading.Clear();
            reading.AddRange(lanes.Select(lane => lane.Socket));
            Socket.Select(reading, null, null, 50_000);
        }
    }

    private Lane Open(IPEndPoint tracker, int index)
    {
        var socket = new Socket(tracker.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20, ReceiveTimeout = 1000 };
        if (options.Source is { } first)
        {
            byte[] address = first.GetAddressBytes();
            address[^1] += (byte)(index % 200);
            socket.Bind(new IPEndPoint(new IPAddress(address), 0));
        }
        socket.Connect(tracker);
        int slots = Math.Max(1, options.Window / options.Sockets);
        var lane = new Lane { Socket = socket, SentAt = new long[slots], Generation = new ushort[slots] };
        for (int i = 0; i < slots; i++) lane.Free.Push(i);

        byte[] packet = new byte[100];
        for (int attempt = 0; attempt < 10; attempt++)
        {
            UdpRequestWriter.WriteConnect(packet, 1);
            socket.Send(packet.AsSpan(0, 16));
            try
            {
                int length = socket.Receive(packet);
                if (UdpAnswer.TryRead(packet.AsSpan(0, length), out UdpAnswer answer) && answer.TryReadConnect(out lane.ConnectionId)) return lane;
            }
            catch (SocketException) { } // none in time
        }
        throw new IOException($"{tracker} does not answer");
    }

    private void SendBatches(int index)
    {
        Lane lane = lanes[index];
        while (lane.Free.Count > 0)
        {
            int count = 0;
            long now = Stopwatch.GetTimestamp();
            while (count < Batch && lane.Free.Count > 0)
            {
                if (!TryChoosePeer(index, out int peer)) break;
                int slot = lane.Free.Pop();
                lane.SentAt[slot] = now;
                uint transaction = (uint)slot | (uint)++lane.Generation[slot] << 16;
                vectors[count].Length = (nuint)Write(new Span<byte>(vectors[count].Base, SlotSize), lane, transaction, peer);
                count++;
            }
            if (count == 0) return;
            for (int sent = 0; sent < count;)
            {
                int n = Libc.sendmmsg((int)lane.Socket.Handle, messages + sent, (uint)(count - sent), 0);
                if (n > 0) sent += n;
            }
            report.Sent += count;
            if (options.Fill) return; // one batch each, so that all sockets take part
        }
    }

    // A fill takes each socket's peers in order.
    private bool TryChoosePeer(int index, out int peer)
    {
        if (options.Fill)
        {
            peer = nextOfLane[index];
            if (peer >= options.Peers) return false;
            nextOfLane[index] += options.Sockets;
            filled++;
            return true;
        }
        peer = plan.AnyPeer();
        peer = peer - plan.SocketOf(peer) + index;
        if (peer >= options.Peers) peer -= options.Sockets;
        return true;
    }

    private int Write(Span<byte> packet, Lane lane, uint transaction, int peer)
    {
        RequestKind kind = options.Fill ? RequestKind.Announce : plan.AnyKind();
        if (kind == RequestKind.Connect) return UdpRequestWriter.WriteConnect(packet, transaction);
        if (kind == RequestKind.Announce)
        {
            var request = new AnnounceRequest
            {
                InfoHash = plan.InfoHash(plan.TorrentOf(peer)), PeerId = PeerPlan.PeerIdOf(peer), Port = plan.PortOf(peer), Left = plan.LeftOf(peer),
                Event = options.Fill ? AnnounceEvent.Started : AnnounceEvent.None, NumWant = options.NumWant, Key = (uint)peer,
            };
            return UdpRequestWriter.WriteAnnounce(packet, lane.ConnectionId, transaction, request);
        }
        Span<Sha1Hash> hashes = stackalloc Sha1Hash[ScrapeHashes];
        for (int i = 0; i < hashes.Length; i++) hashes[i] = plan.InfoHash(plan.TorrentOf(plan.AnyPeer()));
        return UdpRequestWriter.WriteScrape(packet, lane.ConnectionId, transaction, hashes);
    }

    private bool Receive(Lane lane)
    {
        for (int i = 0; i < Batch; i++) vectors[i].Length = SlotSize;
        int count = Libc.recvmmsg((int)lane.Socket.Handle, messages, Batch, Libc.MSG_DONTWAIT, null);
        long now = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            if (!UdpAnswer.TryRead(new ReadOnlySpan<byte>(vectors[i].Base, (int)messages[i].Length), out UdpAnswer answer)) continue;
            int slot = (int)(answer.TransactionId & 0xFFFF);
            if (slot >= lane.SentAt.Length || lane.SentAt[slot] == 0 || lane.Generation[slot] != answer.TransactionId >> 16) continue; // late
            bool isCut = answer.Action == UdpTrackerAction.Announce && messages[i].Length < UdpTracker.AnnounceAnswerHeaderSize; // opentracker's refusal
            if (isCut || answer.Action == UdpTrackerAction.Error) report.Errors++;
            else
            {
                report.Answered(lane.SentAt[slot], now);
                report.Bytes += messages[i].Length;
                if (answer.Action == UdpTrackerAction.Announce) report.Peers += (messages[i].Length - UdpTracker.AnnounceAnswerHeaderSize) / UdpTracker.PeerSizeV4;
            }
            lane.SentAt[slot] = 0;
            lane.Free.Push(slot);
        }
        return count > 0;
    }

    private void GiveUpLate(Lane lane, long now)
    {
        for (int slot = 0; slot < lane.SentAt.Length; slot++)
        {
            if (lane.SentAt[slot] == 0 || Stopwatch.GetElapsedTime(lane.SentAt[slot], now).TotalSeconds < 1) continue;
            lane.SentAt[slot] = 0;
            lane.Free.Push(slot);
            report.Lost++;
        }
    }
}
