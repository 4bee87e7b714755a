using System.Net;

namespace Spate.Engine.Discovery;

/// <summary>
/// Addresses of host names, kept for twenty minutes (failures for two and a half), so that thousands of torrents on one tracker ask
/// the name server once. Safe to call from any thread.
/// </summary>
public sealed class NameCache
{
    private const int MaxNames = 1024;
    private static readonly TimeSpan keepFor = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan keepFailureFor = TimeSpan.FromMinutes(2.5);
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(15);

    private readonly Func<string, CancellationToken, ValueTask<IPAddress[]>> resolve;
    private readonly TimeProvider time;
    private readonly Lock gate = new(); // a few per second
    private readonly Dictionary<string, Entry> names = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="resolve">Asks the name server, such as <see cref="Ports.INetwork.ResolveAsync"/>.</param>
    /// <param name="time">For the age of what is kept.</param>
    public NameCache(Func<string, CancellationToken, ValueTask<IPAddress[]>> resolve, TimeProvider time)
    {
        (this.resolve, this.time) = (resolve, time);
    }

    /// <summary>The addresses of a name, or the address itself when the text is one. Never empty.</summary>
    /// <exception cref="IOException">The name is not known.</exception>
    public async ValueTask<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal)) return [literal];
        Entry entry;
        lock (gate)
        {
            if (!names.TryGetValue(host, out Entry? known) || IsStale(known))
            {
                if (names.Count >= MaxNames) Sweep();
                known = new Entry(time.GetTimestamp());
                names[host] = known;
                known.Lookup = LookUpAsync(host); // shared by all who ask meanwhile, so nobody's cancellation ends it
            }
            entry = known;
        }
        return await entry.Lookup.WaitAsync(cancellation);
    }

    /// <summary>An address of the name did not answer: the others come before it from now on.</summary>
    public void Demote(string host, IPAddress address)
    {
        lock (gate)
        {
            if (!names.TryGetValue(host, out Entry? entry) || !entry.Lookup.IsCompletedSuccessfully) return;
            IPAddress[] old = entry.Lookup.Result;
            if (old.Length < 2 || !old.Contains(address)) return;
            entry.Lookup = Task.FromResult<IPAddress[]>([.. old.Where(a => !a.Equals(address)), address]);
        }
    }

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        using var limit = new CancellationTokenSource(patience, time);
        try
        {
            IPAddress[] found = await resolve(host, limit.Token);
            return found.Length > 0 ? found : throw new IOException($"The name {host} has no address.");
        }
        catch (OperationCanceledException)
        {
            throw new IOException($"The name server did not answer for {host} within {patience.TotalSeconds:0} s.");
        }
    }

    private bool IsStale(Entry entry) =>
        entry.Lookup.IsCompleted && time.GetElapsedTime(entry.At) > (entry.Lookup.IsCompletedSuccessfully ? keepFor : keepFailureFor);

    // Drops what is stale, or else the older half.
    private void Sweep()
    {
        foreach (string name in names.Where(n => IsStale(n.Value)).Select(n => n.Key).ToArray()) names.Remove(name);
        if (names.Count < MaxNames) return;
        foreach (string name in names.OrderBy(n => n.Value.At).Take(MaxNames / 2).Select(n => n.Key).ToArray()) names.Remove(name);
    }

    private sealed class Entry(long at)
    {
        public long At { get; } = at;

        public Task<IPAddress[]> Lookup { get; set; } = null!;
    }
}
