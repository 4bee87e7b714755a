namespace Spate.Simulation;

/// <summary>Something that happens at a moment. An object may be due once at a time; arming it again moves it.</summary>
internal abstract class SimEvent
{
    // What stands in the heap counts only while its stamp is the event's: this is how an event is moved or called off cheaply.
    internal int Stamp;
    internal bool Armed;

    /// <summary>The moment has come. Runs on the world's thread.</summary>
    internal abstract void Fire();
}

/// <summary>An event that could not happen because the way was cut; it is tried again when the network heals.</summary>
internal abstract class StallingEvent : SimEvent
{
    /// <summary>The way may be open again.</summary>
    internal abstract void Retransmit();
}

/// <summary>A priority queue by (time, order of arming): four children a node, entries in one array.</summary>
internal sealed class EventHeap
{
    private Entry[] entries = new Entry[1024];
    private int count;
    private long sequence;

    private record struct Entry(long Time, long Sequence, SimEvent Event, int Stamp)
    {
        public readonly bool Before(in Entry other) => Time < other.Time || (Time == other.Time && Sequence < other.Sequence);
    }

    /// <summary>Makes the event due at the given time, and at no other.</summary>
    public void Arm(SimEvent e, long time)
    {
        e.Stamp++;
        e.Armed = true;
        if (count == entries.Length) Array.Resize(ref entries, count * 2);
        var entry = new Entry(time, sequence++, e, e.Stamp);
        int i = count++;
        while (i > 0)
        {
            int parent = (i - 1) >> 2;
            if (!entry.Before(entries[parent])) break;
            entries[i] = entries[parent];
            i = parent;
        }
        entries[i] = entry;
    }

    /// <summary>Calls an event off.</summary>
    public static void Disarm(SimEvent e)
    {
        e.Stamp++;
        e.Armed = false;
    }

    /// <summary>When the next event is due.</summary>
    public bool TryPeek(out long time)
    {
        while (count > 0)
        {
            ref readonly Entry top = ref entries[0];
            if (top.Stamp == top.Event.Stamp)
            {
                time = top.Time;
                return true;
            }
            RemoveTop();
        }
        time = 0;
        return false;
    }

    /// <summary>Takes the next event out. Only after <see cref="TryPeek"/> said that there is one.</summary>
    public SimEvent Pop()
    {
        SimEvent e = entries[0].Event;
        e.Armed = false;
        RemoveTop();
        return e;
    }

    private void RemoveTop()
    {
        Entry last = entries[--count];
        entries[count] = default;
        if (count == 0) return;
        int i = 0;
        while (true)
        {
            int child = (i << 2) + 1;
            if (child >= count) break;
            int least = child;
            int end = Math.Min(child + 4, count);
            for (int c = child + 1; c < end; c++)
            {
                if (entries[c].Before(entries[least])) least = c;
            }
            if (!entries[least].Before(last)) break;
            entries[i] = entries[least];
            i = least;
        }
        entries[i] = last;
    }
}
