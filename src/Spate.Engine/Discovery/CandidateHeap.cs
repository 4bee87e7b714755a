using System.Diagnostics.CodeAnalysis;

namespace Spate.Engine.Discovery;

/// <summary>A binary heap of candidates, smallest key first, from whose middle a candidate can be taken in O(log n).</summary>
internal sealed class CandidateHeap
{
    private Candidate[] items = new Candidate[16];

    public int Count { get; private set; }

    /// <summary>The candidate with the smallest key; the heap must not be empty.</summary>
    public Candidate First => items[0];

    public void Push(Candidate candidate, long key)
    {
        if (Count == items.Length) Array.Resize(ref items, Count * 2);
        candidate.HeapKey = key;
        Place(candidate, Count++);
        Up(candidate.HeapIndex);
    }

    public bool TryPop([NotNullWhen(true)] out Candidate? candidate)
    {
        candidate = Count > 0 ? items[0] : null;
        if (candidate is null) return false;
        Remove(candidate);
        return true;
    }

    /// <summary>Takes out a candidate that is in this heap.</summary>
    public void Remove(Candidate candidate)
    {
        int index = candidate.HeapIndex;
        candidate.HeapIndex = -1;
        Candidate last = items[--Count];
        items[Count] = null!;
        if (ReferenceEquals(last, candidate)) return;
        Place(last, index);
        Up(index);
        Down(last.HeapIndex);
    }

    private void Place(Candidate candidate, int index)
    {
        items[index] = candidate;
        candidate.HeapIndex = index;
    }

    private void Up(int index)
    {
        Candidate moving = items[index];
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (items[parent].HeapKey <= moving.HeapKey) break;
            Place(items[parent], index);
            index = parent;
        }
        Place(moving, index);
    }

    private void Down(int index)
    {
        Candidate moving = items[index];
        while (true)
        {
            int child = 2 * index + 1;
            if (child >= Count) break;
            if (child + 1 < Count && items[child + 1].HeapKey < items[child].HeapKey) child++;
            if (items[child].HeapKey >= moving.HeapKey) break;
            Place(items[child], index);
            index = child;
        }
        Place(moving, index);
    }
}
