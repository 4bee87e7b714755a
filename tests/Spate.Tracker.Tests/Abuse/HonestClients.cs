using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Protocol.Trackers;
using Spate.Tracker.Tests.Server;

namespace Spate.Tracker.Tests.Abuse;

/// <summary>
/// Clients that behave, and how they fare: each announces once, as clients do it, which over UDP means to ask again when there was no
/// answer (BEP 15; here after half a second, so that a test does not take minutes).
/// </summary>
internal static class HonestClients
{
    private const int UdpAttempts = 40;

    /// <summary>Announces over HTTP, each on a connection of its own. Returns how many got a good answer.</summary>
    public static async Task<int> AnnounceHttpAsync(TestTracker tracker, int clients, string torrent = "honest")
    {
        int good = 0;
        for (int i = 1; i <= clients; i++)
        {
            string target = HttpAnnounceQuery.AppendTo("/announce", TestTracker.Request(torrent, i, peer: $"h{i}"));
            string answer = await TestTracker.ExchangeAsync(tracker.Http, Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
            if (answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) && answer.Contains("8:intervali")) good++;
        }
        return good;
    }

    /// <summary>Announces over UDP. Returns how many got a good answer.</summary>
    public static int AnnounceUdp(TestTracker tracker, int clients, string torrent = "honest")
    {
        int good = 0;
        byte[] buffer = new byte[2048];
        for (int i = 1; i <= clients; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 500 };
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Connect(tracker.Udp);
            byte[] packet = new byte[UdpTracker.AnnounceRequestSize];
            UdpRequestWriter.WriteConnect(packet, (uint)i);
            if (!TryExchange(socket, packet.AsSpan(0, 16), buffer, out UdpAnswer connect) || !connect.TryReadConnect(out ulong id)) continue;
            UdpRequestWriter.WriteAnnounce(packet, id, (uint)i, TestTracker.Request(torrent, i, peer: $"h{i}"));
            if (TryExchange(socket, packet, buffer, out UdpAnswer answer) && answer.TryReadAnnounce(false, 10, out AnnounceAnswer read) && read.Failure is null) good++;
        }
        return good;
    }

    private static bool TryExchange(Socket socket, ReadOnlySpan<byte> packet, byte[] buffer, out UdpAnswer answer)
    {
        for (int attempt = 0; attempt < UdpAttempts; attempt++)
        {
            socket.Send(packet);
            try
            {
                if (UdpAnswer.TryRead(buffer.AsSpan(0, socket.Receive(buffer)), out answer)) return true;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock) { }
        }
        answer = default;
        return false;
    }
}
