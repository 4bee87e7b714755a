using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spate.Cli.Remote;

/// <summary>The daemon that runs on this machine, as its run file tells: only its user can read it, so no login is needed.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Key">Opens its API; made anew at each start.</param>
/// <param name="ProcessId">Of the daemon.</param>
internal sealed partial record LocalDaemon(Uri Address, string Key, int ProcessId)
{
    private const string FileName = "daemon.run";
    private const int MaxBytes = 65536;

    /// <summary>Where a daemon keeps its state unless it is told otherwise.</summary>
    public static string DefaultFolder(CliEnvironment environment) => Path.Combine(environment.StateHome, "daemon");

    /// <summary>What the run file of a state folder says; null when there is none that can be read.</summary>
    public static LocalDaemon? Read(string stateFolder)
    {
        try
        {
            string file = Path.Combine(stateFolder, FileName);
            if (new FileInfo(file).Length > MaxBytes) return null;
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), RunFileContext.Default.LocalDaemon);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the run file; nobody but the user can read it at any moment.</summary>
    public void Write(string stateFolder)
    {
        string file = Path.Combine(stateFolder, FileName), draft = file + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.Delete(draft);
        using (var stream = new FileStream(draft, options)) JsonSerializer.Serialize(stream, this, RunFileContext.Default.LocalDaemon);
        File.Move(draft, file, overwrite: true);
    }

    /// <summary>Takes the run file away, if it is still this daemon's.</summary>
    public void Remove(string stateFolder)
    {
        if (Read(stateFolder)?.Key == Key) File.Delete(Path.Combine(stateFolder, FileName));
    }

    [JsonSerializable(typeof(LocalDaemon))]
    private sealed partial class RunFileContext : JsonSerializerContext;
}
