using System.Net;
using System.Net.Sockets;

namespace Spate.Tracker.Udp;

/// <summary>The same with .NET's sockets, a datagram at a time, for systems other than Linux.</summary>
internal sealed class PortableUdpLoop : IDisposable
{
    private readonly Socket socket;
    private readonly UdpResponder responder;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    private PortableUdpLoop(Socket socket, UdpResponder responder)
    {
        this.socket = socket;
        this.responder = responder;
        running = RunAsync();
    }

    /// <summary>Starts on a bound socket, which the loop owns from then on.</summary>
    public static PortableUdpLoop Start(Socket socket, UdpResponder responder) => new(socket, responder);

    public FrontEndCounters Counters => responder.Counters;

    public void Dispose()
    {
        stop.Cancel();
        running.Wait();
        socket.Dispose();
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        byte[] received = GC.AllocateUninitializedArray<byte>(65536, pinned: true);
        byte[] answer = GC.AllocateUninitializedArray<byte>(UdpResponder.MaxDatagram + 100, pinned: true);
        var sender = new SocketAddress(socket.AddressFamily);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                int length = await socket.ReceiveFromAsync(received, SocketFlags.None, sender, stop.Token);
                responder.BeginBatch();
                int answerLength = responder.Answer(received.AsSpan(0, length), AddressOf(sender), answer);
                if (answerLength > 0) await socket.SendToAsync(answer.AsMemory(0, answerLength), SocketFlags.None, sender, stop.Token);
            }
            catch (OperationCanceledException) { return; }
            catch (ObjectDisposedException) { return; }
            catch (SocketException) { } // an ICMP error about an earlier answer, or one that can't be sent
        }
    }

    // The layout of sockaddr_in and sockaddr_in6 is the same wherever .NET runs.
    private static ReadOnlySpan<byte> AddressOf(SocketAddress sender)
    {
        ReadOnlySpan<byte> bytes = sender.Buffer.Span;
        return sender.Family == AddressFamily.InterNetworkV6 ? bytes.Slice(8, 16) : bytes.Slice(4, 4);
    }
}
