using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spate.Tracker.Linux;

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
        nuint size = (nuint)Batch * (2 * (SlotSize + (nuint)sizeof(Libc.MMsgHdr) + (nuint)sizeof(Libc.IoVec)) + (nuint)sizeof(Libc.SockAddr));
        byte* memory = (byte*)NativeMemory.AlignedAlloc(size, 64);
        new Span<byte>(memory, (int)size).Clear();
        var incoming = (Libc.MMsgHdr*)memory;
        var outgoing = incoming + Batch;
        var vectors = (Libc.IoVec*)(outgoing + Batch);
        byte* received = (byte*)(vectors + 2 * Batch);
        byte* answers = received + Batch * SlotSize;
        var senders = (Libc.SockAddr*)(answers + Batch * SlotSize);
        for (int i = 0; i < Batch; i++)
        {
            vectors[i] = new Libc.IoVec { Base = received + i * SlotSize, Length = SlotSize };
            vectors[Batch + i] = new Libc.IoVec { Base = answers + i * SlotSize };
            incoming[i].Header = new Libc.MsgHdr { Name = senders + i, Vectors = vectors + i, VectorCount = 1 };
            outgoing[i].Header = new Libc.MsgHdr { Vectors = vectors + Batch + i, VectorCount = 1 };
        }
        while (!isStopping)
        {
            for (int i = 0; i < Batch; i++) incoming[i].Header.NameLength = (uint)sizeof(Libc.SockAddr);
            int count = Libc.recvmmsg(descriptor, incoming, Batch, Libc.MSG_WAITFORONE, null);
            if (count <= 0) continue; // a signal, or an ICMP error about an earlier answer
            responder.BeginBatch();
            uint toSend = 0;
            for (int i = 0; i < count; i++)
            {
                if ((incoming[i].Header.Flags & Libc.MSG_TRUNC) != 0) continue; // longer than any request
                var datagram = new ReadOnlySpan<byte>(vectors[i].Base, (int)incoming[i].Length);
                ReadOnlySpan<byte> address = AddressOf(senders + i);
                int length = responder.Answer(datagram, address, new Span<byte>(vectors[Batch + toSend].Base, SlotSize));
                if (length == 0) continue;
                vectors[Batch + toSend].Length = (nuint)length;
                outgoing[toSend].Header.Name = senders + i;
                outgoing[toSend].Header.NameLength = incoming[i].Header.NameLength;
                toSend++;
            }
            Send(descriptor, outgoing, toSend);
        }
        NativeMemory.AlignedFree(memory);
    }

    private void Send(int descriptor, Libc.MMsgHdr* messages, uint count)
    {
        while (count > 0 && !isStopping)
        {
            int sent = Libc.sendmmsg(descriptor, messages, count, 0);
            if (sent <= 0)
            {
                if (Libc.LastError == Libc.EINTR) continue;
                sent = 1; // this one can't be sent (no route, a firewall's refusal): on with the next
            }
            messages += sent;
            count -= (uint)sent;
        }
    }

    private static ReadOnlySpan<byte> AddressOf(Libc.SockAddr* sender) => sender->Family == Libc.AF_INET6
        ? new ReadOnlySpan<byte>(sender->AddressV6, 16)
        : new ReadOnlySpan<byte>(&sender->AddressV4OrFlow, 4);
}
