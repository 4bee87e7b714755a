using System.Text;

namespace Spate.Daemon.Operations;

/// <summary>
/// A log file that is renamed to <c>.1</c> when it is full, and what was <c>.1</c> to <c>.2</c>, and so on; the oldest goes. A disk that is
/// full loses lines and stops nobody. All members may be used from any thread.
/// </summary>
internal sealed class RollingFile : IDisposable
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly long maxBytes;
    private readonly int kept;
    private FileStream? file;

    /// <param name="path">The file; its folder is made.</param>
    /// <param name="maxBytes">Bytes after which it is full.</param>
    /// <param name="kept">Full files that are kept.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public RollingFile(string path, long maxBytes = 10 << 20, int kept = 5)
    {
        (this.path, this.maxBytes, this.kept) = (Path.GetFullPath(path), maxBytes, kept);
        Directory.CreateDirectory(Path.GetDirectoryName(this.path)!);
        file = Open();
    }

    public void WriteLine(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        lock (gate)
        {
            try
            {
                if (file?.Length > 0 && file.Length + bytes.Length > maxBytes) Roll();
                file ??= Open();
                file.Write(bytes);
                file.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException) { } // a log must not be what stops us
        }
    }

    public void Dispose()
    {
        lock (gate) file?.Dispose();
    }

    private void Roll()
    {
        file?.Dispose();
        file = null;
        for (int i = kept; i >= 1; i--)
        {
            string from = i == 1 ? path : $"{path}.{i - 1}";
            if (File.Exists(from)) File.Move(from, $"{path}.{i}", overwrite: true);
        }
        if (kept == 0) File.Delete(path);
    }

    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        return new FileStream(path, options);
    }
}
