using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Spate.Tracker.Linux;
using Spate.Tracker.Udp;

namespace Spate.Tracker.Tests.Udp;

public unsafe class AnswerBatchTests
{
    private const int SlotSize = 1600;

    [Theory, InlineData(false), InlineData(true)]
    public void Every_answer_arrives_whole_and_in_order_whether_the_kernel_cuts_or_not(bool kernelRefuses)
    {
        if (!OperatingSystem.IsLinux()) return;
        using Socket sender = Bind(), one = Bind(), two = Bind();
        if (kernelRefuses) sender.SetRawSocketOption(1, 11, BitConverter.GetBytes(1)); // SO_NO_CHECK: without checksums nothing is cut
        int[] lengths = [200, 200, 200, 150, 200, 20, 20, 20, 300, 1220, 1220, 1220, 1220, 1, 200, 200];
        (Socket To, int Length)[] plan = [.. lengths.Select(n => (one, n)), .. lengths.Select(n => (two, n)), (one, 200), (two, 200), (two, 200), (one, 7)];

        byte* memory = (byte*)NativeMemory.AllocZeroed(AnswerBatch.SizeFor(plan.Length) + (nuint)plan.Length * SlotSize + 2 * (nuint)sizeof(Libc.SockAddr));
        try
        {
            var messages = (Libc.MMsgHdr*)memory;
            var vectors = (Libc.IoVec*)(messages + plan.Length);
            var controls = (Libc.SegmentControl*)(vectors + plan.Length);
            var addresses = (Libc.SockAddr*)(controls + plan.Length);
            for (int i = 0; i < plan.Length; i++) vectors[i].Base = (byte*)(addresses + 2) + i * SlotSize;
            addresses[0] = AddressOf(one);
            addresses[1] = AddressOf(two);
            var batch = new AnswerBatch((int)sender.Handle, messages, vectors, controls);
            for (int round = 0; round < 3; round++) // the second one is after the kernel has refused
            {
                for (int i = 0; i < plan.Length; i++)
                {
                    new Span<byte>(batch.Next, plan[i].Length).Fill((byte)(round * 100 + i));
                    batch.Add(plan[i].Length, addresses + (plan[i].To == one ? 0 : 1), 16);
                }
                batch.Send();
                byte[] buffer = new byte[65536];
                for (int i = 0; i < plan.Length; i++)
                {
                    int length = plan[i].To.Receive(buffer);
                    Assert.Equal(plan[i].Length, length);
                    Assert.Equal(-1, buffer.AsSpan(0, length).IndexOfAnyExcept((byte)(round * 100 + i)));
                }
            }
            Assert.Equal(0, one.Available + two.Available);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 60_000 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static Libc.SockAddr AddressOf(Socket socket)
    {
        var local = (IPEndPoint)socket.LocalEndPoint!;
        return new Libc.SockAddr
        {
            Family = Libc.AF_INET,
            PortNetworkOrder = BinaryPrimitives.ReverseEndianness((ushort)local.Port),
            AddressV4OrFlow = MemoryMarshal.Read<uint>(local.Address.GetAddressBytes()),
        };
    }
}
