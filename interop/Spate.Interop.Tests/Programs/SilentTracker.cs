using System.Net;
using System.Net.Sockets;

namespace Spate.Interop.Tests.Programs;

/// <summary>An HTTP tracker that answers the first announce and no other.</summary>
internal sealed class SilentTracker : IParticipant
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> connections = [];

    private SilentTracker()
    {
        IPEndPoint address = Addresses.NextEndPoint();
        listener.Bind(address);
        listener.Listen();
        Url = $"http://{address}/announce";
        _ = ServeAsync();
    }

    public string Name => "silent tracker";

    public string Log => "";

    public string Url { get; }

    public static SilentTracker Start(Scene scene)
    {
        var tracker = new SilentTracker();
        scene.Add(tracker);
        return tracker;
    }

    public ValueTask DisposeAsync()
    {
        listener.Dispose();
        lock (connections) connections.ForEach(static connection => connection.Dispose());
        return ValueTask.CompletedTask;
    }

    private async Task ServeAsync()
    {
        try
        {
            for (bool isFirst = true; ; isFirst = false)
            {
                Socket connection = await listener.AcceptAsync();
                lock (connections) connections.Add(connection);
                if (!isFirst) continue;
                await connection.ReceiveAsync(new byte[4096]);
                const string answer = "d8:intervali1800e5:peers0:e";
                await connection.SendAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {answer.Length}\r\n\r\n{answer}"));
                connection.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException) { }
    }
}
