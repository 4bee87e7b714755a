using System.Buffers;
using System.Text.Json;
using Spate.Api;
using Spate.Daemon.State;
using Spate.Daemon.Torrents;

namespace Spate.Daemon.Events;

/// <summary>What a reader of events sees, and what of it he was told. Used by one caller at a time.</summary>
internal sealed class EventView(EventSources sources, TorrentQuery query, string? torrentId, IReadOnlySet<EventPart> parts)
{
    private static readonly TimeSpan piecesEvery = TimeSpan.FromSeconds(2);

    private StatisticsNow now = null!;
    private TorrentCounts counts = null!;
    private TorrentPage page = null!;
    private TorrentView? torrent;
    private SavedSettings settings = null!;
    private (long Previews, long Creations, int Keys) versions;
    private long logged;
    private DateTimeOffset piecesAt;

    /// <summary>All of it.</summary>
    public async Task<ReadOnlyMemory<byte>> SnapshotAsync()
    {
        (now, counts, page) = (sources.Meter.Now, sources.Library.Table.Counts, sources.Library.Table.Page(query));
        (settings, versions) = (sources.State.Settings, sources.Versions);
        logged = 0;
        torrent = await LookAsync(null);
        logged = torrent?.Log is { Count: > 0 } log ? log[^1].Number : 0;
        return JsonSerializer.SerializeToUtf8Bytes(
            new EventSnapshot { At = sources.Time.GetUtcNow(), Now = now, Counts = counts, Page = page, Torrent = torrent }, ApiJson.Default.EventSnapshot);
    }

    /// <summary>What changed since the last time; empty when nothing did.</summary>
    public async Task<ReadOnlyMemory<byte>> PatchAsync()
    {
        TorrentView? torrentNow = await LookAsync(torrent);
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("at", sources.Time.GetUtcNow());
        long empty = json.BytesCommitted + json.BytesPending;
        WriteSession(json);
        WritePage(json);
        WriteTorrent(json, torrentNow);
        WriteChanged(json);
        if (json.BytesCommitted + json.BytesPending == empty) return default;
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private void WriteSession(Utf8JsonWriter json)
    {
        StatisticsNow nowNow = sources.Meter.Now;
        FieldPatch.Write(json, "now", ApiJson.Default.StatisticsNow, now, nowNow);
        now = nowNow;
        TorrentCounts countsNow = sources.Library.Table.Counts;
        if (ReferenceEquals(counts, countsNow)) return;
        json.WritePropertyName("counts");
        JsonSerializer.Serialize(json, countsNow, ApiJson.Default.TorrentCounts);
        counts = countsNow;
    }

    private void WritePage(Utf8JsonWriter json)
    {
        TorrentPage pageNow = sources.Library.Table.Page(query);
        if (pageNow.Total != page.Total) json.WriteNumber("total", pageNow.Total);
        bool reordered = pageNow.Rows.Count != page.Rows.Count;
        for (int i = 0; i < pageNow.Rows.Count && !reordered; i++) reordered = pageNow.Rows[i].Id != page.Rows[i].Id;
        Dictionary<string, TorrentRow>? known = null;
        if (reordered)
        {
            known = page.Rows.ToDictionary(static row => row.Id);
            json.WriteStartArray("order");
            foreach (TorrentRow row in pageNow.Rows) json.WriteStringValue(row.Id);
            json.WriteEndArray();
        }
        bool begun = false;
        for (int i = 0; i < pageNow.Rows.Count; i++)
        {
            TorrentRow row = pageNow.Rows[i];
            TorrentRow? was = known is null ? page.Rows[i] : known.GetValueOrDefault(row.Id);
            if (was == row) continue;
            if (!begun) json.WriteStartObject("rows");
            begun = true;
            if (was is not null) FieldPatch.Write(json, row.Id, ApiJson.Default.TorrentRow, was, row);
            else
            {
                json.WritePropertyName(row.Id);
                JsonSerializer.Serialize(json, row, ApiJson.Default.TorrentRow);
            }
        }
        if (begun) json.WriteEndObject();
        page = pageNow;
    }

    private async Task<TorrentView?> LookAsync(TorrentView? before)
    {
        if (torrentId is null || sources.Library.Find(torrentId) is not { } found) return null;
        PieceMap? pieces = before?.Pieces;
        if (parts.Contains(EventPart.Pieces) && (pieces is null || sources.Time.GetUtcNow() - piecesAt >= piecesEvery))
        {
            pieces = await TorrentReport.PiecesAsync(found);
            piecesAt = sources.Time.GetUtcNow();
        }
        return new TorrentView
        {
            Id = found.Name,
            Details = parts.Contains(EventPart.Details) ? sources.Report.Details(found) : null,
            Peers = parts.Contains(EventPart.Peers) ? await TorrentReport.PeersAsync(found) : null,
            Trackers = parts.Contains(EventPart.Trackers) ? sources.Report.Trackers(found) : null,
            Pieces = pieces,
            Log = parts.Contains(EventPart.Log) ? found.Log.Since(logged) : null,
        };
    }

    private void WriteTorrent(Utf8JsonWriter json, TorrentView? view)
    {
        if (torrent is null && view is null) return;
        var buffer = new ArrayBufferWriter<byte>(256);
        using var inner = new Utf8JsonWriter(buffer);
        inner.WriteStartObject();
        inner.WriteString("id", torrentId);
        long empty = inner.BytesCommitted + inner.BytesPending;
        if (view is null) inner.WriteBoolean("isGone", true);
        else
        {
            TorrentView was = torrent ?? new TorrentView { Id = view.Id, Peers = [] };
            if (view.Details is { } details)
            {
                if (was.Details is { } before) FieldPatch.Write(inner, "details", ApiJson.Default.TorrentDetails, before, details);
                else
                {
                    inner.WritePropertyName("details");
                    JsonSerializer.Serialize(inner, details, ApiJson.Default.TorrentDetails);
                }
            }
            if (view.Peers is { } peers) WritePeers(inner, was.Peers ?? [], peers);
            if (view.Trackers is { } trackers && !trackers.SequenceEqual(was.Trackers ?? []))
            {
                inner.WriteStartArray("trackers");
                foreach (TrackerRow tracker in trackers) JsonSerializer.Serialize(inner, tracker, ApiJson.Default.TrackerRow);
                inner.WriteEndArray();
            }
            if (view.Pieces is { } pieces) FieldPatch.Write(inner, "pieces", ApiJson.Default.PieceMap, was.Pieces ?? noPieces, pieces);
            if (view.Log is { Count: > 0 } log)
            {
                inner.WriteStartArray("log");
                foreach (LogEntry entry in log) JsonSerializer.Serialize(inner, entry, ApiJson.Default.LogEntry);
                inner.WriteEndArray();
                logged = log[^1].Number;
            }
        }
        torrent = view;
        if (inner.BytesCommitted + inner.BytesPending == empty) return;
        inner.WriteEndObject();
        inner.Flush();
        json.WritePropertyName("torrent");
        json.WriteRawValue(buffer.WrittenSpan, skipInputValidation: true);
    }

    private static readonly PieceMap noPieces = new() { Count = -1, PieceSize = -1, Have = "", Active = "", Skipped = "", Availability = "" };

    private static void WritePeers(Utf8JsonWriter json, IReadOnlyList<PeerRow> was, IReadOnlyList<PeerRow> now)
    {
        var gone = new Dictionary<string, PeerRow>(StringComparer.Ordinal);
        foreach (PeerRow peer in was) gone[peer.Address] = peer;
        bool begun = false;
        foreach (PeerRow peer in now)
        {
            bool known = gone.Remove(peer.Address, out PeerRow? before);
            if (known && before == peer) continue;
            Begin();
            if (known) FieldPatch.Write(json, peer.Address, ApiJson.Default.PeerRow, before!, peer);
            else
            {
                json.WritePropertyName(peer.Address);
                JsonSerializer.Serialize(json, peer, ApiJson.Default.PeerRow);
            }
        }
        foreach (string address in gone.Keys)
        {
            Begin();
            json.WriteNull(address);
        }
        if (begun) json.WriteEndObject();

        void Begin()
        {
            if (!begun) json.WriteStartObject("peers");
            begun = true;
        }
    }

    private void WriteChanged(Utf8JsonWriter json)
    {
        SavedSettings settingsNow = sources.State.Settings;
        (long Previews, long Creations, int Keys) versionsNow = sources.Versions;
        if (ReferenceEquals(settings, settingsNow) && versions == versionsNow) return;
        var changed = new List<ChangedThing>();
        if (!ReferenceEquals(settings, settingsNow))
        {
            if (!ReferenceEquals(settings.Categories, settingsNow.Categories)) changed.Add(ChangedThing.Categories);
            if (!ReferenceEquals(settings.Tags, settingsNow.Tags)) changed.Add(ChangedThing.Tags);
            if (settings with { Categories = settingsNow.Categories, Tags = settingsNow.Tags } != settingsNow) changed.Add(ChangedThing.Settings);
        }
        if (versions.Previews != versionsNow.Previews) changed.Add(ChangedThing.Previews);
        if (versions.Creations != versionsNow.Creations) changed.Add(ChangedThing.Creations);
        if (versions.Keys != versionsNow.Keys) changed.Add(ChangedThing.Keys);
        (settings, versions) = (settingsNow, versionsNow);
        if (changed.Count == 0) return;
        json.WriteStartArray("changed");
        foreach (ChangedThing thing in changed) json.WriteStringValue(ApiName.Of(thing));
        json.WriteEndArray();
    }
}

/// <summary>Where events come from.</summary>
internal sealed record EventSources(TorrentLibrary Library, SessionMeter Meter, TorrentReport Report, DaemonState State, Previews Previews, Creation.CreationJobs Creations, TimeProvider Time)
{
    /// <summary>Numbers that differ when something else changed.</summary>
    public (long Previews, long Creations, int Keys) Versions
    {
        get
        {
            long creations = 0;
            foreach (Creation.CreationJob job in Creations.All) creations = creations * 31 + job.Id.GetHashCode(StringComparison.Ordinal) + (long)(job.Status.Progress * 1000) + (int)job.Status.Stage;
            return (Previews.Version, creations, State.ApiKeys.Count);
        }
    }
}
