using Spate.Create;
using Spate.Protocol;

namespace Spate.Daemon.Creation;

internal enum CreationStage
{
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// <summary>How a job stands, at one moment.</summary>
internal sealed record CreationStatus
{
    public required CreationStage Stage { get; init; }

    public long BytesDone { get; init; }

    public long BytesTotal { get; init; }

    /// <summary>Bytes a second, over all of the run.</summary>
    public double Rate { get; init; }

    /// <summary>Why it failed, for people.</summary>
    public string? Error { get; init; }

    /// <summary>Part of the bytes that was read, 0 to 1.</summary>
    public double Progress => Stage == CreationStage.Done ? 1 : BytesTotal == 0 ? 0 : (double)BytesDone / BytesTotal;
}

/// <summary>A torrent that is made in the background.</summary>
internal sealed class CreationJob(string id, string path, CreateOptions options, Func<CreatedTorrent, Task>? whenMade, DateTimeOffset created)
{
    private volatile CreationStatus status = new() { Stage = CreationStage.Queued };

    public string Id => id;

    /// <summary>The file or folder that it is made of.</summary>
    public string Path => path;

    public CreateOptions Options => options;

    public DateTimeOffset Created => created;

    public CreationStatus Status
    {
        get => status;
        internal set => status = value;
    }

    /// <summary>The .torrent file, once it is done.</summary>
    public byte[]? Torrent { get; private set; }

    /// <summary>What it says, once it is done.</summary>
    public Metainfo? Metainfo { get; private set; }

    /// <summary>Names that were left out, and names that other systems can't store.</summary>
    public IReadOnlyList<string> Remarks { get; private set; } = [];

    public bool IsOver => Status.Stage is CreationStage.Done or CreationStage.Failed or CreationStage.Cancelled;

    internal CancellationTokenSource Cancellation { get; } = new();

    /// <summary>Makes it. Never throws: how it ended stands in the status.</summary>
    internal async Task RunAsync(TimeProvider time)
    {
        long began = time.GetTimestamp();
        try
        {
            Cancellation.Token.ThrowIfCancellationRequested();
            Status = new CreationStatus { Stage = CreationStage.Running };
            CreatedTorrent made = await TorrentCreator.CreateAsync(path, options, progress => Status = new CreationStatus
            {
                Stage = CreationStage.Running, BytesDone = progress.BytesDone, BytesTotal = progress.BytesTotal,
                Rate = progress.BytesDone / Math.Max(0.001, time.GetElapsedTime(began).TotalSeconds),
            }, Cancellation.Token);
            if (whenMade is not null) await whenMade(made);
            (Torrent, Metainfo, Remarks) = (made.Torrent, made.Metainfo, [.. made.LeftOut, .. made.Warnings]);
            long total = made.Metainfo.TotalLength;
            Status = new CreationStatus
            {
                Stage = CreationStage.Done, BytesDone = total, BytesTotal = total, Rate = total / Math.Max(0.001, time.GetElapsedTime(began).TotalSeconds),
            };
        }
        catch (OperationCanceledException)
        {
            Status = Status with { Stage = CreationStage.Cancelled };
        }
        catch (Exception e)
        {
            Status = Status with { Stage = CreationStage.Failed, Error = e.Message };
        }
    }
}
