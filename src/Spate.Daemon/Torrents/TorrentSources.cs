using Spate.Api;
using Spate.Daemon.Security;
using Spate.Protocol;

namespace Spate.Daemon.Torrents;

/// <summary>Adds torrents from wherever a request says they come from.</summary>
internal sealed class TorrentSources(TorrentLibrary library, Previews previews, TorrentFetcher fetcher)
{
    public const int MostSources = 100;

    private const int LongestSource = 256 * 1024;

    /// <summary>Adds all that a request names.</summary>
    /// <exception cref="ApiProblem">Nothing of it could be added; the fields are named.</exception>
    public async Task<AddResult> AddAsync(AddTorrents request, CancellationToken cancellation)
    {
        int count = request.Sources.Count + request.Metainfo.Count + request.Previews.Count;
        if (count == 0) throw ApiProblem.Field("sources", "Name at least one torrent: in sources, metainfo or previews.");
        if (count > MostSources) throw ApiProblem.Field("sources", $"At most {MostSources} torrents are added at once.");
        if (count > 1 && (request.Options.Priorities.Count > 0 || request.Options.Name is not null))
            throw ApiProblem.Field("options", "Name and priorities hold for one torrent only.");
        var added = new Adding();
        for (int i = 0; i < request.Metainfo.Count; i++)
        {
            string text = request.Metainfo[i], field = $"metainfo[{i}]";
            await added.TryAsync(field, field, () => library.AddAsync(field, Decode(text, field), request.Options, field));
        }
        for (int i = 0; i < request.Sources.Count; i++)
        {
            string source = request.Sources[i].Trim(), field = $"sources[{i}]";
            await added.TryAsync(field, source, () => AddSourceAsync(source, field, request.Options, cancellation));
        }
        for (int i = 0; i < request.Previews.Count; i++)
        {
            string preview = request.Previews[i];
            await added.TryAsync($"previews[{i}]", preview, () => AddPreviewAsync(preview, request.Options));
        }
        return added.Result();
    }

    /// <summary>Adds .torrent files.</summary>
    /// <exception cref="ApiProblem">None of them could be added.</exception>
    public async Task<AddResult> AddAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> files, AddOptions options)
    {
        if (files.Count == 0) throw ApiProblem.Field("torrents", "The form has no files named torrents.");
        if (files.Count > MostSources) throw ApiProblem.Field("torrents", $"At most {MostSources} torrents are added at once.");
        if (files.Count > 1 && (options.Priorities.Count > 0 || options.Name is not null)) throw ApiProblem.Field("options", "Name and priorities hold for one torrent only.");
        var added = new Adding();
        foreach ((string name, ReadOnlyMemory<byte> bytes) in files) await added.TryAsync("torrents", name, () => library.AddAsync(name, bytes, options));
        return added.Result();
    }

    /// <exception cref="ApiProblem">It is not base 64.</exception>
    public static ReadOnlyMemory<byte> Decode(string text, string field)
    {
        byte[] bytes = new byte[text.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(text, bytes, out int length) ? bytes.AsMemory(0, length) : throw ApiProblem.Field(field, "It must be a .torrent file in base 64.");
    }

    /// <exception cref="ApiProblem">It is no magnet link.</exception>
    public static MagnetLink Link(string text, string field)
    {
        if (text.Length > LongestSource) throw ApiProblem.Field(field, "It is too long.");
        return MagnetLink.TryParse(text, out MagnetLink? link, out string? error) ? link : throw ApiProblem.Field(field, $"It is no magnet link, info-hash or URL: {error}");
    }

    private async Task<AddedTorrent> AddSourceAsync(string source, string field, AddOptions options, CancellationToken cancellation)
    {
        if (!TorrentFetcher.IsUrl(source)) return await library.AddAsync(source, Link(source, field), options);
        ReadOnlyMemory<byte> bytes = await fetcher.FetchAsync(source, cancellation);
        return await library.AddAsync(source, bytes, options, field);
    }

    private async Task<AddedTorrent> AddPreviewAsync(string preview, AddOptions options)
    {
        AddedTorrent added;
        if (previews.LinkOf(preview) is { } link) added = await library.AddAsync(preview, link, options);
        else
        {
            (ReadOnlyMemory<byte> bytes, string? magnet) = previews.Take(preview);
            added = await library.AddAsync(preview, bytes, options, "previews", magnet);
        }
        previews.Drop(preview);
        return added;
    }

    private sealed class Adding
    {
        private readonly List<AddedTorrent> torrents = [];
        private readonly Dictionary<string, IReadOnlyList<string>> errors = [];
        private ApiProblem? first;

        public async Task TryAsync(string field, string source, Func<Task<AddedTorrent>> add)
        {
            string error;
            try
            {
                torrents.Add(await add());
                return;
            }
            catch (ApiProblem e)
            {
                first ??= e;
                error = e.Problem.Errors is { Count: > 0 } fields ? fields.First().Value[0] : e.Message;
            }
            catch (IOException e) { error = e.Message; }
            errors.TryAdd(field, [error]);
            torrents.Add(new AddedTorrent { Source = source.Length <= 1000 ? source : source[..1000] + "…", Error = error });
        }

        // One error alone keeps its own fields: they may be those of the options.
        public AddResult Result()
        {
            if (!torrents.TrueForAll(static torrent => torrent.Error is not null)) return new AddResult { Torrents = torrents };
            throw torrents.Count == 1 && first is { } only ? only : ApiProblem.Fields(errors);
        }
    }
}
