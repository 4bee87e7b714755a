using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

// The floor: what .NET and this kernel can do at best. A receiver that takes bytes off a TCP stream, SHA-1s them in pieces of 1 MiB and
// writes them to a file, with nothing of BitTorrent in between, as a peer of the side-by-side harness:
//   seed  TORRENT DATA_DIR LISTEN_IP:PORT            sends the first file below DATA_DIR that the torrent names
//   leech TORRENT SAVE_DIR LISTEN_IP:PORT HOST:PORT
// BT_FLOOR chooses what the receiver does: receive, write (and receive), all (default: receive, hash, write).

const int Portion = 1 << 20;
string role = args[0], torrent = args[1], folder = args[2];
string name = NameIn(File.ReadAllBytes(torrent));
string work = Environment.GetEnvironmentVariable("BT_FLOOR") ?? "all";
var clock = Stopwatch.StartNew();

if (role == "seed")
{
    Console.WriteLine($"PID {Environment.ProcessId}");
    using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    listener.Bind(IPEndPoint.Parse(args[3]));
    listener.Listen(1);
    using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true;
        Result(clock.Elapsed.TotalSeconds);
        Environment.Exit(0);
    });
    Console.WriteLine("READY");
    using Socket peer = listener.Accept();
    peer.SendFile(Path.Combine(folder, name));
    peer.Shutdown(SocketShutdown.Send);
    Thread.Sleep(Timeout.Infinite);
}

using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
socket.Connect(IPEndPoint.Parse(args[4]));
byte[] buffer = GC.AllocateUninitializedArray<byte>(Portion, pinned: true);
using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
using var file = File.OpenHandle(Path.Combine(folder, name), FileMode.Create, FileAccess.Write);
byte[] digest = new byte[20];
for (long at = 0; ;)
{
    int filled = 0;
    for (int count; filled < Portion && (count = socket.Receive(buffer, filled, Portion - filled, SocketFlags.None)) > 0; filled += count) { }
    if (filled == 0) break;
    if (work == "all")
    {
        hash.AppendData(buffer, 0, filled);
        hash.GetHashAndReset(digest);
    }
    if (work != "receive") RandomAccess.Write(file, buffer.AsSpan(0, filled), at);
    at += filled;
}
Result(clock.Elapsed.TotalSeconds);

// "name" in the info dictionary; these torrents are our own and of one file.
static string NameIn(byte[] torrent)
{
    int at = torrent.AsSpan().IndexOf("4:name"u8) + 6;
    int colon = at + torrent.AsSpan(at).IndexOf((byte)':');
    int length = int.Parse(System.Text.Encoding.ASCII.GetString(torrent, at, colon - at));
    return System.Text.Encoding.UTF8.GetString(torrent, colon + 1, length);
}

static void Result(double wall)
{
    using Process own = Process.GetCurrentProcess();
    long rss = own.PeakWorkingSet64 / 1024;
    Console.WriteLine(FormattableString.Invariant(
        $"RESULT {{\"wall\": {wall:F3}, \"user\": {own.UserProcessorTime.TotalSeconds:F3}, \"sys\": {own.PrivilegedProcessorTime.TotalSeconds:F3}, \"rss_kb\": {rss}, \"anon_kb\": {rss}}}"));
}
