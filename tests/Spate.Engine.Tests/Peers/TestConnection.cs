using System.Net;
using Spate.Engine.Ports;

namespace Spate.Engine.Tests.Peers;

/// <summary>Our end of a connection; the other end is the test. What waits goes on when the world settles.</summary>
internal sealed class TestConnection(IScheduler world) : IConnection
{
    private readonly List<byte> incoming = [];
    private readonly List<byte> sent = [];
    private TaskCompletionSource<int>? receiving;
    private Memory<byte> target;
    private TaskCompletionSource? sending;
    private bool ended, aborted;

    public IPEndPoint Remote { get; init; } = new(IPAddress.Parse("192.0.2.1"), 6881);

    public TimeSpan RoundTrip { get; set; }

    /// <summary>What was sent so far.</summary>
    public byte[] Sent => [.. sent];

    /// <summary>The peer does not read: sends do not end.</summary>
    public bool IsDeaf { get; set; }

    public bool IsAborted => aborted;

    /// <summary>Bytes of the peer that were not received yet.</summary>
    public int Unread => incoming.Count;

    /// <summary>Receives at most so many bytes at once.</summary>
    public int Portion { get; set; } = int.MaxValue;

    /// <summary>The peer sends.</summary>
    public void Push(params ReadOnlySpan<byte> bytes)
    {
        incoming.AddRange(bytes);
        Complete();
    }

    /// <summary>The peer closes.</summary>
    public void PushEnd()
    {
        ended = true;
        Complete();
    }

    /// <summary>Takes what was sent since the last call.</summary>
    public byte[] TakeSent()
    {
        byte[] bytes = Sent;
        sent.Clear();
        return bytes;
    }

    /// <summary>The peer reads again.</summary>
    public void Hear()
    {
        IsDeaf = false;
        world.Schedule(new Later(() =>
        {
            TaskCompletionSource? waiting = sending;
            sending = null;
            waiting?.SetResult();
        }));
    }

    public ValueTask<int> ReceiveAsync(Memory<byte> buffer)
    {
        Assert.Null(receiving);
        if (aborted) throw new IOException("aborted");
        if (incoming.Count > 0 || ended) return new(Take(buffer));
        target = buffer;
        receiving = new TaskCompletionSource<int>();
        return new(receiving.Task);
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        Assert.Null(sending);
        Assert.NotEqual(0, bytes.Length);
        if (aborted) throw new IOException("aborted");
        sent.AddRange(bytes.Span);
        if (!IsDeaf) return default;
        sending = new TaskCompletionSource();
        return new(sending.Task);
    }

    public void Abort()
    {
        aborted = true;
        world.Schedule(new Later(() =>
        {
            TaskCompletionSource<int>? receive = receiving;
            TaskCompletionSource? send = sending;
            (receiving, sending) = (null, null);
            receive?.SetException(new IOException("aborted"));
            send?.SetException(new IOException("aborted"));
        }));
    }

    public void Dispose() => Abort();

    private int Take(Memory<byte> buffer)
    {
        int count = Math.Min(Math.Min(buffer.Length, incoming.Count), Portion);
        incoming.GetRange(0, count).ToArray().CopyTo(buffer);
        incoming.RemoveRange(0, count);
        return count;
    }

    private void Complete() => world.Schedule(new Later(() =>
    {
        if (receiving is null || aborted) return;
        TaskCompletionSource<int> waiting = receiving;
        receiving = null;
        waiting.SetResult(Take(target));
    }));

    private sealed class Later(Action action) : IWorkItem
    {
        public void Run() => action();
    }
}
