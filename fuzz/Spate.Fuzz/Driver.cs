namespace Spate.Fuzz;

/// <summary>Runs the campaigns, as many at once as there are cores, watches over them, and says how they ended.</summary>
internal sealed class Driver(List<FuzzTarget> targets, int seed, string folder, double seconds, long maxRuns)
{
    private static readonly TimeSpan LongestInput = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly List<Campaign> running = [];
    private readonly List<Outcome> outcomes = [];
    private int next;

    public int Run()
    {
        int threads = Math.Min(Environment.ProcessorCount, targets.Count);
        var share = TimeSpan.FromSeconds(seconds * threads / targets.Count);
        Console.WriteLine($"fuzzing {targets.Count} targets, {share.TotalSeconds:F1} s each, seed {seed}");
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() => Work(share)) { IsBackground = true })];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers)
        {
            while (!worker.Join(TimeSpan.FromMilliseconds(500))) Watch();
        }
        bool found = outcomes.Exists(o => o.Find is not null);
        Console.WriteLine($"{outcomes.Sum(o => o.Executions):N0} executions, {(found ? "with finds" : "nothing found")}");
        return found ? 1 : 0;
    }

    private void Work(TimeSpan share)
    {
        while (Interlocked.Increment(ref next) - 1 is var index && index < targets.Count)
        {
            using var campaign = new Campaign(targets[index], seed, folder);
            lock (gate) running.Add(campaign);
            Outcome outcome = campaign.Run(share, maxRuns);
            lock (gate)
            {
                running.Remove(campaign);
                outcomes.Add(outcome);
                Report(outcome);
            }
        }
    }

    // An input that does not end cannot be stopped from outside: it is saved, and the process ends.
    private void Watch()
    {
        lock (gate)
        {
            foreach (Campaign campaign in running)
            {
                if (campaign.RunningFor is not { } time || time < LongestInput) continue;
                Console.WriteLine($"FOUND in {campaign.TargetName}: an input that takes longer than {LongestInput.TotalSeconds} s, saved as {campaign.Save()}");
                Environment.Exit(1);
            }
        }
    }

    private static void Report(Outcome outcome)
    {
        double rate = outcome.Executions / Math.Max(outcome.Time.TotalSeconds, 0.001);
        Console.WriteLine($"{outcome.Target,-16} {outcome.Executions,12:N0} executions {rate,10:N0}/s {outcome.Corpus,6} inputs kept");
        if (outcome.Find is null) return;
        Console.WriteLine($"FOUND in {outcome.Target}, saved as {outcome.SavedAs}:");
        Console.WriteLine(outcome.Find);
    }
}
