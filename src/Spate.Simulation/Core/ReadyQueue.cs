using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>Work that is to be done at the present moment: an item, or an action with its state and the context that it runs in.</summary>
internal readonly record struct ReadyWork(SimProcess Process, IWorkItem? Item, Action<object?>? Action, object? State, SimContext? Context);

/// <summary>A ring of ready work.</summary>
internal sealed class ReadyQueue
{
    private ReadyWork[] ring = new ReadyWork[1024];
    private int head;

    public int Count { get; private set; }

    public void Add(in ReadyWork work)
    {
        if (Count == ring.Length) Grow();
        ring[(head + Count++) & (ring.Length - 1)] = work;
    }

    public ReadyWork Take()
    {
        ReadyWork work = ring[head];
        ring[head] = default;
        head = (head + 1) & (ring.Length - 1);
        Count--;
        return work;
    }

    /// <summary>Takes the given one, counted from the head; the head's takes its place.</summary>
    public ReadyWork TakeAt(int index)
    {
        int at = (head + index) & (ring.Length - 1);
        (ring[at], ring[head]) = (ring[head], ring[at]);
        return Take();
    }

    private void Grow()
    {
        var larger = new ReadyWork[ring.Length * 2];
        for (int i = 0; i < Count; i++) larger[i] = ring[(head + i) & (ring.Length - 1)];
        ring = larger;
        head = 0;
    }
}
