using System.Collections.Concurrent;
using System.Security.Cryptography;
using Spate.Api;
using Spate.Daemon.Security;
using Spate.Engine.Metadata;
using Spate.Engine.Session;
using Spate.Protocol;

namespace Spate.Daemon.Torrents;

/// <summary>Torrents that somebody looks at before adding them. Bounded in number, and dropped when nobody asks for them.</summary>
internal sealed class Previews(TorrentSession session, TorrentLibrary library, TorrentFetcher fetcher, TimeProvider time) : IDisposable
{
    private const int Most = 100;
    private const int MostTogether = 256 << 20; // bytes of .torrent files
    private static readonly TimeSpan lifetime = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Grows when a preview changes.</summary>
    public long Version { get; private set; }

    /// <exception cref="ApiProblem">The source can't be read, or there are too many previews.</exception>
    public Preview Create(NewPreview request)
    {
        if (request.Source is null == request.Metainfo is null) throw ApiProblem.Field("source", "Give either a source or metainfo.");
        DropOld();
        if (entries.Count >= Most || entries.Values.Sum(static entry => (long)entry.TorrentFile.Length) > MostTogether)
            throw ApiProblem.Of(429, "too-many", "Too many previews.", $"At most {Most} are kept; drop some.");
        var entry = new Entry("p" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), time.GetUtcNow());
        if (request.Metainfo is { } text) entry.Take(TorrentSources.Decode(text, "metainfo"));
        else if (TorrentFetcher.IsUrl(request.Source!)) _ = FetchAsync(entry, request.Source!);
        else
        {
            entry.Link = TorrentSources.Link(request.Source!, "source");
            entry.Search = session.Search(entry.Link);
            _ = SearchAsync(entry, entry.Search);
        }
        entries[entry.Id] = entry;
        return Show(entry);
    }

    /// <exception cref="ApiProblem">There is none.</exception>
    public Preview Get(string id) => Show(Find(id));

    /// <summary>The .torrent file of a preview that is ready, and the link that it came from.</summary>
    /// <exception cref="ApiProblem">There is none, or it is not ready.</exception>
    public (ReadOnlyMemory<byte> TorrentFile, string? Magnet) Take(string id)
    {
        Entry entry = Find(id);
        return entry.Metainfo is null ? throw ApiProblem.Conflict("The preview is not ready yet.") : (entry.TorrentFile, entry.Link?.ToString());
    }

    /// <summary>The link of a preview that still searches; null when it is ready.</summary>
    public MagnetLink? LinkOf(string id) => Find(id) is { Metainfo: null, Error: null } entry ? entry.Link : null;

    /// <exception cref="ApiProblem">There is none.</exception>
    public void Drop(string id)
    {
        Find(id);
        if (entries.TryRemove(id, out Entry? entry)) End(entry);
    }

    public void Dispose()
    {
        foreach (Entry entry in entries.Values) entry.Cancel.Cancel();
    }

    private Entry Find(string id)
    {
        if (!entries.TryGetValue(id, out Entry? entry)) throw ApiProblem.NotFound("There is no such preview; those that nobody asks for are dropped after 30 minutes.");
        entry.LastAsked = time.GetUtcNow();
        return entry;
    }

    private void DropOld()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (Entry entry in entries.Values)
        {
            if (now - entry.LastAsked > lifetime && entries.TryRemove(entry.Id, out _)) End(entry);
        }
    }

    // The search of a torrent that was added meanwhile goes on.
    private void End(Entry entry)
    {
        entry.Cancel.Cancel();
        if (entry.Search is { } search && !library.Uses(search) && !entries.Values.Any(other => other.Search == search)) session.EndSearch(search);
        Version++;
    }

    private async Task FetchAsync(Entry entry, string url)
    {
        try { entry.Take(await fetcher.FetchAsync(url, entry.Cancel.Token)); }
        catch (IOException e) { entry.Error = e.Message; }
        catch (ApiProblem e) { entry.Error = e.Message; }
        catch (OperationCanceledException) { entry.Error = "It was dropped."; }
        Version++;
    }

    private async Task SearchAsync(Entry entry, MetadataDownload search)
    {
        try
        {
            Metainfo metainfo = await search.WhenComplete(entry.Cancel.Token);
            entry.Take(TorrentOuter.Of(metainfo).ToTorrent(metainfo.RawInfo.Span));
            if (!library.Uses(search)) session.EndSearch(search);
        }
        catch (OperationCanceledException) { entry.Error = "The search was ended."; }
        catch (ApiProblem e) { entry.Error = e.Message; }
        Version++;
    }

    private Preview Show(Entry entry)
    {
        if (entry.Metainfo is not { } metainfo)
        {
            string? wire = entry.Link?.InfoHash.Wire.ToString();
            return new Preview
            {
                Id = entry.Id,
                State = entry.Error is null ? PreviewState.Searching : PreviewState.Failed,
                Searching = entry.Error is not null ? null : entry.Search?.Status.Describe() ?? "fetching the .torrent file",
                Error = entry.Error,
                TorrentId = wire,
                Duplicate = wire is not null && library.Find(wire) is not null,
                Name = entry.Link?.Name ?? "",
                Trackers = entry.Link?.Trackers ?? [],
            };
        }
        string id = metainfo.InfoHash.Wire.ToString();
        return new Preview
        {
            Id = entry.Id,
            State = PreviewState.Ready,
            TorrentId = id,
            Duplicate = library.Find(id) is not null,
            Name = metainfo.Name,
            TotalBytes = metainfo.TotalLength,
            PieceSize = metainfo.PieceLength,
            Comment = metainfo.Comment ?? "",
            IsPrivate = metainfo.IsPrivate,
            Trackers = [.. metainfo.TrackerTiers.SelectMany(static tier => tier)],
            Files = [.. metainfo.Files.Where(static file => !file.IsPadding).Select(file => new FileRow
            {
                Index = file.Index, Path = file.Path, Length = file.Length,
                Priority = entry.Link?.Selects(file.Index) == false ? FilePriority.Skip : FilePriority.Normal,
            })],
        };
    }

    private sealed class Entry(string id, DateTimeOffset now)
    {
        public string Id { get; } = id;

        public DateTimeOffset LastAsked { get; set; } = now;

        public CancellationTokenSource Cancel { get; } = new();

        public MagnetLink? Link { get; set; }

        public MetadataDownload? Search { get; set; }

        public ReadOnlyMemory<byte> TorrentFile { get; private set; }

        public Metainfo? Metainfo { get; private set; }

        public string? Error { get; set; }

        public void Take(ReadOnlyMemory<byte> torrentFile)
        {
            if (!Protocol.Metainfo.TryParse(torrentFile, MetainfoOptions.Default, out Metainfo? metainfo, out MetainfoError? error))
                throw ApiProblem.Field("metainfo", $"It is no torrent that can be used: {error}");
            (TorrentFile, Metainfo) = (torrentFile, metainfo);
        }
    }
}
