using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using Spate.Fuzz.Mutation;

namespace Spate.Fuzz;

/// <summary>How a campaign against one target ended.</summary>
internal sealed record Outcome(string Target, long Executions, TimeSpan Time, int Corpus, string? Find, string? SavedAs);

/// <summary>
/// Fires changed inputs at one target until its time is up or something is found. With one seed the inputs are the same each time.
/// </summary>
internal sealed class Campaign : IDisposable
{
    private const int MaxCorpus = 4000;

    private readonly FuzzTarget target;
    private readonly Random random;
    private readonly Mutator mutator;
    private readonly List<byte[]> corpus = [];
    private readonly HashSet<int> seen = [];
    private readonly string crashFolder;
    private readonly string flightRecorder;
    private readonly MemoryMappedFile recorderFile;
    private readonly MemoryMappedViewAccessor recorder;
    private long inputStarted; // Stopwatch ticks; 0 between inputs

    public Campaign(FuzzTarget target, int seed, string folder)
    {
        this.target = target;
        // A stream of its own for each target, so that one more target changes nothing for the others.
        random = new Random(seed ^ target.Name.Aggregate(17, (hash, c) => hash * 31 + c));
        mutator = new Mutator(target, random);
        crashFolder = Path.Combine(folder, "crashes");
        Directory.CreateDirectory(crashFolder);
        // What runs now is kept where it outlives the process: a stack overflow cannot be caught.
        flightRecorder = Path.Combine(crashFolder, $".{target.Name}-{Environment.ProcessId}.running");
        recorderFile = MemoryMappedFile.CreateFromFile(flightRecorder, FileMode.Create, null, 4 + target.MaxLength);
        recorder = recorderFile.CreateViewAccessor();
        foreach (byte[] input in target.Seeds()) corpus.Add(input);
        string kept = Path.Combine(folder, "corpus", target.Name);
        if (Directory.Exists(kept)) corpus.AddRange(Directory.GetFiles(kept).Order(StringComparer.Ordinal).Select(File.ReadAllBytes));
    }

    /// <summary>The input that is running, and for how long; null between inputs. Asked by the watchdog.</summary>
    public TimeSpan? RunningFor => Interlocked.Read(ref inputStarted) is var started and > 0 ? Stopwatch.GetElapsedTime(started) : null;

    public string TargetName => target.Name;

    /// <summary>Runs all seeds, then changed inputs until the time or the number of executions is reached.</summary>
    public Outcome Run(TimeSpan time, long maxExecutions)
    {
        long start = Stopwatch.GetTimestamp();
        long executions = 0;
        string? find = null, savedAs = null;
        byte[][] seeds = [.. corpus];
        foreach (byte[] input in seeds)
        {
            executions++;
            find = Fire(input, isSeed: true);
            if (find is not null) break;
        }
        while (find is null && executions < maxExecutions && Stopwatch.GetElapsedTime(start) < time)
        {
            executions++;
            find = Fire(mutator.Make(Pick(), Pick()), isSeed: false);
        }
        if (find is not null) savedAs = Save();
        return new Outcome(target.Name, executions, Stopwatch.GetElapsedTime(start), corpus.Count, find, savedAs);
    }

    // The shorter of two: short inputs run faster and say more.
    private byte[] Pick()
    {
        byte[] one = corpus[random.Next(corpus.Count)], two = corpus[random.Next(corpus.Count)];
        return one.Length <= two.Length ? one : two;
    }

    /// <summary>Runs one input; what is wrong, or null.</summary>
    public string? Fire(byte[] input, bool isSeed)
    {
        if (input.Length <= target.MaxLength)
        {
            recorder.Write(0, input.Length);
            recorder.WriteArray(4, input, 0, input.Length);
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        Interlocked.Exchange(ref inputStarted, Stopwatch.GetTimestamp());
        try
        {
            int answer = target.Run(input);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > target.MaxAllocation(input.Length)) return $"{allocated:N0} bytes allocated for an input of {input.Length:N0}";
            if (seen.Add(answer) && !isSeed && corpus.Count < MaxCorpus) corpus.Add(input);
            return null;
        }
        catch (Exception e)
        {
            return e is BrokenRuleException ? $"broken rule: {e.Message}" : e.ToString();
        }
        finally
        {
            Interlocked.Exchange(ref inputStarted, 0);
        }
    }

    /// <summary>Writes the input that ran last to a file of its own.</summary>
    public string Save()
    {
        byte[] input = new byte[recorder.ReadInt32(0)];
        recorder.ReadArray(4, input, 0, input.Length);
        string path = Path.Combine(crashFolder, $"{target.Name}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(path, input);
        return path;
    }

    public void Dispose()
    {
        recorder.Dispose();
        recorderFile.Dispose();
        File.Delete(flightRecorder);
    }
}
