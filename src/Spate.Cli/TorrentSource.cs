using Spate.Engine.Ports;
using Spate.Protocol;
using Spate.Protocol.Bencode;

namespace Spate.Cli;

/// <summary>Gets a .torrent file from wherever the command line says: a path, a URL, or <c>-</c> for standard input.</summary>
internal static class TorrentSource
{
    /// <summary>True for what is fetched over HTTP.</summary>
    public static bool IsUrl(string source) =>
        source.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    /// <summary>The bytes, not looked at yet.</summary>
    /// <exception cref="CliException">They cannot be had.</exception>
    public static async Task<byte[]> ReadAsync(CommandContext context, string source)
    {
        int limit = BencodeLimits.Torrent.MaxBytes;
        if (source == "-") return context.Environment.ReadInput(limit);
        if (IsUrl(source)) return await FetchAsync(context, source, limit);
        if (source.Contains("://", StringComparison.Ordinal) && !context.Environment.Exists(source))
            throw new CliException(ExitCode.Usage, $"{source} can't be fetched: only http:// and https:// can.");
        try
        {
            return context.Environment.ReadFile(source, limit);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCode.NotFound, $"There is no file {source}.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            bool folder = Directory.Exists(context.Environment.Resolve(source));
            throw new CliException(folder ? ExitCode.Error : ExitCode.Disk, folder ? $"{source} is a folder, not a .torrent file." : $"{source} may not be read.", e);
        }
    }

    /// <summary>What a .torrent file says.</summary>
    /// <exception cref="CliException">It cannot be had, or is no valid torrent.</exception>
    public static async Task<Metainfo> ParseAsync(CommandContext context, string source) =>
        Parse(source, await ReadAsync(context, source));

    /// <summary>What these bytes say; <paramref name="source"/> is for the message.</summary>
    /// <exception cref="CliException">It is no valid torrent.</exception>
    public static Metainfo Parse(string source, byte[] torrent) =>
        Metainfo.TryParse(torrent, out Metainfo? metainfo, out MetainfoError? error)
            ? metainfo
            : throw new CliException(ExitCode.Error, $"{(source == "-" ? "standard input" : source)}: {error}");

    private static async Task<byte[]> FetchAsync(CommandContext context, string url, int limit)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address)) throw new CliException(ExitCode.Usage, $"{url} is not a valid URL.");
        HttpAnswer answer;
        try
        {
            answer = await context.Environment.Http.Value.GetAsync(new HttpRequest(address) { MaxBytes = limit }, context.Cancel);
        }
        catch (IOException e)
        {
            throw new CliException(ExitCode.Network, $"{url}: {e.Message}", e);
        }
        return answer.Status switch
        {
            200 => answer.Body.ToArray(),
            404 or 410 => throw new CliException(ExitCode.NotFound, $"{url}: there is nothing there (HTTP status {answer.Status})."),
            _ => throw new CliException(ExitCode.Network, $"{url}: the server answered with HTTP status {answer.Status}."),
        };
    }
}
