using System.Net;
using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>A listening socket with a backlog.</summary>
internal sealed class SimListener : IListener
{
    private const int Backlog = 128;

    private readonly SimProcess process;
    private readonly Queue<SimStream> waiting = new();
    private readonly SimPromise<IConnection> accepting;
    private bool disposed;

    public SimListener(SimProcess process, IPEndPoint local)
    {
        this.process = process;
        Local = local;
        accepting = new SimPromise<IConnection>(process);
    }

    public IPEndPoint Local { get; }

    public bool HasRoom => waiting.Count < Backlog;

    public void Add(SimStream stream)
    {
        process.Note(TraceKind.Accept, Local.Port);
        if (!accepting.TryComplete(stream)) waiting.Enqueue(stream);
    }

    public ValueTask<IConnection> AcceptAsync()
    {
        process.World.Guard("AcceptAsync");
        if (disposed) return ValueTask.FromException<IConnection>(Closed());
        return waiting.TryDequeue(out SimStream? stream) ? ValueTask.FromResult<IConnection>(stream) : accepting.Start();
    }

    public void Dispose()
    {
        if (disposed || !process.World.GuardQuietly("A listener was disposed")) return;
        disposed = true;
        process.Network.Remove(this);
        while (waiting.TryDequeue(out SimStream? stream)) stream.Reset();
        accepting.TryFail(Closed());
    }

    private static IOException Closed() => new("The listener was closed.");
}
