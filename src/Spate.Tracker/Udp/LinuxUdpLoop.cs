using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spate.Tracker.Linux;
using Spate.Tracker.Store;

namespace Spate.Tracker.Udp;

/// <summary>
/// One socket and one thread that takes datagrams in batches, answers them and sends the answers in batches. Several of them share a
/// port; the kernel spreads clients over them.
/// </summary>
internal sealed unsafe class LinuxUdpLoop : IDisposable
{
    // As many as recvmmsg may bring at once. More gains little and costs cache.
    private const int Batch = 64;

    // Not a multiple of a page, or all slots would share a few sets of the cache.
    private const int SlotSize = UdpResponder.MaxDatagram + 100;

    // How many announces lie between the steps in which one's memory is fetched.
    private const int Ahead = 3;

    private readonly Socket socket;
    private readonly UdpResponder responder;
    private readonly Thread thread;
    private volatile bool isStopping;

    private LinuxUdpLoop(Socket socket, UdpResponder responder, string name)
    {
        this.socket = socket;
        this.responder = responder;
        thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = name };
    }

    /// <summary>Starts on a bound socket, which the loop owns from then on.</summary>
    public static LinuxUdpLoop Start(Socket socket, UdpResponder responder)
    {
        var loop = new LinuxUdpLoop(socket, responder, $"tracker udp {((IPEndPoint)socket.LocalEndPoint!).AddressFamily}");
        loop.thread.Start();
        return loop;
    }

    public FrontEndCounters Counters => responder.Counters;

    public void Dispose()
    {
        isStopping = true;
        // Says "not connected", and wakes the thread all the same.
        Libc.shutdown((int)socket.Handle, Libc.SHUT_RDWR);
        thread.Join();
        socket.Dispose();
    }

    private void Run()
    {
        int descriptor = (int)socket.Handle;
        nuint size = AnswerBatch.SizeFor(Batch) + Batch * (2 * SlotSize + (nuint)sizeof(Libc.MMsgHdr) + (nuint)sizeof(Libc.IoVec) + (nuint)sizeof(Libc.SockAddr));
        byte* memory = (byte*)NativeMemory.AlignedAlloc(size, 64);
        new Span<byte>(memory, (int)size).Clear();
        var incoming = (Libc.MMsgHdr*)memory;
        var outgoing = incoming + Batch;
        var vectors = (Libc.IoVec*)(outgoing + Batch);
        var controls = (Libc.SegmentControl*)(vectors + 2 * Batch);
        byte* received = (byte*)(controls + Batch);
        byte* answers = received + Batch * SlotSize;
        var senders = (Libc.SockAddr*)(answers + Batch * SlotSize);
        for (int i = 0; i < Batch; i++)
        {
            vectors[i] = new Libc.IoVec { Base = received + i * SlotSize, Length = SlotSize };
            vectors[Batch + i] = new Libc.IoVec { Base = answers + i * SlotSize };
            incoming[i].Header = new Libc.MsgHdr { Name = senders + i, Vectors = vectors + i, VectorCount = 1 };
        }
        var batch = new AnswerBatch(descriptor, outgoing, vectors + Batch, controls);
        while (!isStopping)
        {
            for (int i = 0; i < Batch; i++) incoming[i].Header.NameLength = (uint)sizeof(Libc.SockAddr);
            int count = Libc.recvmmsg(descriptor, incoming, Batch, Libc.MSG_WAITFORONE, null);
            if (count <= 0) continue; // a signal, or an ICMP error about an earlier answer
            responder.BeginBatch();
            for (int i = -3 * Ahead; i < count; i++)
            {
                Prefetch(i + 3 * Ahead, PrefetchStep.Index);
                Prefetch(i + 2 * Ahead, PrefetchStep.Record);
                Prefetch(i + Ahead, PrefetchStep.Peers);
                if (i < 0 || (incoming[i].Header.Flags & Libc.MSG_TRUNC) != 0) continue; // longer than any request
                int length = responder.Answer(Datagram(i), AddressOf(senders + i), new Span<byte>(batch.Next, SlotSize));
                if (length > 0) batch.Add(length, senders + i, incoming[i].Header.NameLength);
            }
            batch.Send();

            void Prefetch(int i, PrefetchStep step)
            {
                if (i >= 0 && i < count) responder.Prefetch(Datagram(i), step);
            }
        }
        NativeMemory.AlignedFree(memory);

        ReadOnlySpan<byte> Datagram(int i) => new(vectors[i].Base, (int)incoming[i].Length);
    }

    private static ReadOnlySpan<byte> AddressOf(Libc.SockAddr* sender) => sender->Family == Libc.AF_INET6
        ? new ReadOnlySpan<byte>(sender->AddressV6, 16)
        : new ReadOnlySpan<byte>(&sender->AddressV4OrFlow, 4);
}
