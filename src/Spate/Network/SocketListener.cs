using System.Net;
using System.Net.Sockets;
using Spate.Engine.Ports;

namespace Spate.Network;

/// <summary>A listening TCP socket.</summary>
internal sealed class SocketListener(Socket socket) : IListener
{
    private static readonly TimeSpan PauseWhenOutOfHandles = TimeSpan.FromMilliseconds(100);

    public IPEndPoint Local { get; } = (IPEndPoint)socket.LocalEndPoint!;

    public async ValueTask<IConnection> AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket accepted = await socket.AcceptAsync().ConfigureAwait(false);
                accepted.NoDelay = true;
                return new SocketConnection(accepted, SocketNetwork.Plain(accepted.RemoteEndPoint));
            }
            catch (ObjectDisposedException e) { throw new IOException("The listener was closed.", e); }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted)
            {
                throw new IOException("The listener was closed.", e);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                await Task.Delay(PauseWhenOutOfHandles).ConfigureAwait(false);
            }
            catch (SocketException) { } // the peer left between its connect and our accept
        }
    }

    public void Dispose() => socket.Dispose();
}
