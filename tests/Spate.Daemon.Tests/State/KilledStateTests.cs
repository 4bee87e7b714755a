using System.Diagnostics;
using System.Globalization;
using System.Text;
using Spate.Daemon.State;
using Spate.Protocol;

namespace Spate.Daemon.Tests.State;

/// <summary>A program that changes the state all the time, and says on its output what was acknowledged.</summary>
internal static class StateChanger
{
    /// <summary>Small, so that the journal is written anew all the time and kills hit that too.</summary>
    public const int Growth = 8_000;

    private const int Names = 40;

    public static async Task RunAsync(string folder, int seed)
    {
        DaemonState state = await DaemonState.OpenAsync(folder, problem => Say($"! {problem}"), Growth);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() => ChangeForEverAsync(state, worker, new Random(seed * 4 + worker)))));
    }

    public static Sha1Hash IdOf(string name) => Sha1Hash.Of(Encoding.ASCII.GetBytes(name));

    // Each worker has names of its own, so what is acknowledged last is what counts.
    private static async Task ChangeForEverAsync(DaemonState state, int worker, Random random)
    {
        for (long value = Stopwatch.GetTimestamp(); ; value++)
        {
            string name = $"{worker}.{random.Next(Names)}";
            switch (random.Next(10))
            {
                case 0:
                    Say($"?gone {name}");
                    await state.RemoveAsync(IdOf(name));
                    Say($"gone {name}");
                    break;
                case 1:
                    Say($"?key {name} {value}");
                    await state.PutAsync(new SavedApiKey { Id = name, Name = $"{value}", Hash = [1], Scopes = ["read"], Created = DateTimeOffset.UnixEpoch });
                    Say($"key {name} {value}");
                    break;
                default:
                    Say($"?torrent {name} {value}");
                    byte[] file = Encoding.ASCII.GetBytes($"{name} {value} {new string('x', random.Next(3000))}");
                    await state.PutAsync(new SavedTorrent { Id = IdOf(name), Folder = "/", Name = name, Rank = value }, file);
                    Say($"torrent {name} {value}");
                    break;
            }
        }
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}

public sealed class KilledStateTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task All_that_was_acknowledged_survives_a_hundred_kills()
    {
        var random = new Random(4711);
        var model = new Dictionary<string, long>(StringComparer.Ordinal); // name -> value; missing: gone
        int acknowledged = 0;
        for (int round = 0; round < 100; round++)
        {
            var open = new Dictionary<string, (string Kind, long Value)>(StringComparer.Ordinal); // begun and not acknowledged: may be or not
            foreach (string line in await RunAndKillAsync(round, random.Next(1, 120)))
            {
                string[] words = line.TrimStart('?').Split(' ');
                string name = (words[0] == "key" ? "key " : "torrent ") + words[1];
                long value = words.Length > 2 ? long.Parse(words[2], CultureInfo.InvariantCulture) : 0;
                if (line[0] == '?')
                {
                    open[name] = (words[0], value);
                    continue;
                }
                acknowledged++;
                open.Remove(name);
                if (words[0] == "gone") model.Remove(name);
                else model[name] = value;
            }
            await CheckAsync(model, open);
        }
        Assert.InRange(acknowledged, 1000, int.MaxValue);
    }

    private async Task<List<string>> RunAndKillAsync(int seed, int linesToWaitFor)
    {
        using var child = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "exec", typeof(KilledStateTests).Assembly.Location, "change-state", folder.Path, $"{seed}" },
            RedirectStandardOutput = true,
        })!;
        var lines = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            while (await child.StandardOutput.ReadLineAsync(patience.Token) is { } line)
            {
                Assert.False(line.StartsWith('!'), line);
                lines.Add(line);
                if (lines.Count == linesToWaitFor) child.Kill();
            }
        }
        finally
        {
            if (!child.HasExited) child.Kill();
        }
        await child.WaitForExitAsync(patience.Token);
        Assert.True(lines.Count >= linesToWaitFor, "the child ended by itself");
        if (!lines[^1].StartsWith('?') && lines[^1].Split(' ').Length < (lines[^1].StartsWith("gone", StringComparison.Ordinal) ? 2 : 3)) lines.RemoveAt(lines.Count - 1);
        return lines;
    }

    private async Task CheckAsync(Dictionary<string, long> model, Dictionary<string, (string Kind, long Value)> open)
    {
        var reports = new List<string>();
        await using DaemonState state = await DaemonState.OpenAsync(folder.Path, reports.Add, StateChanger.Growth);
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (SavedTorrent torrent in state.Torrents)
        {
            found["torrent " + torrent.Name] = torrent.Rank;
            byte[]? file = state.ReadMetainfo(torrent);
            bool matches = file is not null && Encoding.ASCII.GetString(file).StartsWith($"{torrent.Name} {torrent.Rank} ", StringComparison.Ordinal);
            Assert.True(matches, $"{torrent.Name}: {string.Join("; ", reports)}");
        }
        foreach (SavedApiKey key in state.ApiKeys) found["key " + key.Id] = long.Parse(key.Name, CultureInfo.InvariantCulture);
        Assert.Empty(reports);
        foreach (string name in model.Keys.Union(found.Keys).Union(open.Keys))
        {
            long? expected = model.TryGetValue(name, out long value) ? value : null;
            long? actual = found.TryGetValue(name, out long there) ? there : null;
            bool other = open.TryGetValue(name, out var begun) && actual == (begun.Kind == "gone" ? null : begun.Value);
            Assert.True(actual == expected || other, $"{name} is {actual}, was acknowledged as {expected}");
            if (actual is null) model.Remove(name);
            else model[name] = actual.Value;
        }
    }
}
