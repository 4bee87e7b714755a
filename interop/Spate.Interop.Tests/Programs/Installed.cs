namespace Spate.Interop.Tests.Programs;

/// <summary>Finds other people's programs. A missing one fails the test: interop that did not run proves nothing.</summary>
internal static class Installed
{
    public static string Find(string program, string package)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Append("/usr/sbin"))
        {
            string path = Path.Combine(folder, program);
            if (File.Exists(path)) return path;
        }
        throw new FileNotFoundException($"{program} is not installed: run ./test, or apt-get install {package}");
    }
}
