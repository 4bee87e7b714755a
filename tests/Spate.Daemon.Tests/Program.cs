using Spate.Daemon.Tests.Operations;
using Spate.Daemon.Tests.State;

namespace Spate.Daemon.Tests;

/// <summary>What this program does as a child of its own tests; the test runner does not come by here.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["change-state", var folder, var seed]:
                await StateChanger.RunAsync(folder, int.Parse(seed, System.Globalization.CultureInfo.InvariantCulture));
                return 0;
            case ["serve", var state, var downloads]:
                return await DaemonChild.ServeAsync(state, downloads);
            default:
                await Console.Error.WriteLineAsync("This program runs its own tests: dotnet test.");
                return 2;
        }
    }
}
