namespace Spate.Tests;

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("spate-test-").FullName;

    /// <summary>The full path of something in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file of random but repeatable bytes, and the folders above it.</summary>
    public string Write(string name, long length, int seed = 1)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
