using System.Globalization;
using Spate.Fuzz;

const string usage = """
    usage: fuzz/run SECONDS [TARGET]... [--seed N] [--runs N]     fuzzes; the time is shared by the targets
           fuzz/run --replay FILE TARGET                          runs one saved input
           fuzz/run --list                                        names the targets

    Inputs are changed from seeds that are made in code, and from fuzz/corpus/TARGET/*. With the same --seed (default: another one each
    time, printed) they come in the same order. An input that crashes, breaks a rule, takes 10 seconds or allocates too much is saved in
    fuzz/crashes/, and the exit code is 1. To keep one as a test, move it to fuzz/corpus/TARGET/.
    """;

string folder = Environment.CurrentDirectory;
int? seed = null;
long maxRuns = long.MaxValue;
double? seconds = null;
string? replay = null;
var chosen = new List<FuzzTarget>();
for (int i = 0; i < args.Length; i++)
{
    string? Next() => i + 1 < args.Length ? args[++i] : null;
    switch (args[i])
    {
        case "--folder" when Next() is { } value:
            folder = value;
            break;
        case "--seed" when int.TryParse(Next(), out int value):
            seed = value;
            break;
        case "--runs" when long.TryParse(Next(), out long value):
            maxRuns = value;
            break;
        case "--replay" when Next() is { } value:
            replay = value;
            break;
        case "--list":
            foreach (FuzzTarget target in Registry.Targets) Console.WriteLine(target.Name);
            return 0;
        case "--help" or "-h":
            Console.WriteLine(usage);
            return 0;
        case var number when seconds is null && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value):
            seconds = value;
            break;
        case var name when Registry.Targets.FirstOrDefault(t => t.Name == name) is { } target:
            chosen.Add(target);
            break;
        default:
            Console.Error.WriteLine($"fuzz: \"{args[i]}\" makes no sense here\n\n{usage}");
            return 2;
    }
}

if (replay is not null && chosen.Count == 1)
{
    using var one = new Campaign(chosen[0], 0, folder);
    string? found = one.Fire(File.ReadAllBytes(replay), isSeed: true);
    Console.WriteLine(found ?? "nothing wrong");
    return found is null ? 0 : 1;
}
if (seconds is null || replay is not null)
{
    Console.Error.WriteLine(usage);
    return 2;
}
if (chosen.Count == 0) chosen.AddRange(Registry.Targets);
return new Driver(chosen, seed ?? Random.Shared.Next(), folder, seconds.Value, maxRuns).Run();
