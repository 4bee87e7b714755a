using Spate.Engine.Disk;
using Spate.Engine.Pieces;
using Spate.Protocol;

namespace Spate.Engine.Torrents;

/// <summary>Answers what is asked seldom of a torrent: its peers, files and pieces one by one. On the torrent's strand.</summary>
internal sealed class TorrentDetails(TorrentFiles files, PiecePicker picker, Swarm swarm)
{
    private readonly FileLayout layout = files.Layout;
    private readonly Metainfo metainfo = files.Layout.Metainfo;

    public IReadOnlyList<PeerStatus> Peers() =>
    [
        .. swarm.Peers.Select(peer => new PeerStatus
        {
            Remote = peer.Remote,
            Client = peer.Client,
            Incoming = peer.Incoming,
            Progress = metainfo.PieceCount == 0 ? 1 : (double)peer.Have.Count / metainfo.PieceCount,
            DownloadRate = peer.Downloaded.BytesPerSecond,
            UploadRate = peer.Sender.Sent.BytesPerSecond,
            Downloaded = peer.Downloaded.Total,
            Uploaded = peer.Sender.Sent.Total,
            AmChoking = peer.AmChoking,
            AmInterested = peer.AmInterested,
            PeerChoking = peer.PeerChoking,
            PeerInterested = peer.PeerInterested,
            IsSnubbed = peer.IsSnubbed,
            Requests = (peer.Pick.Requests.Count, peer.Window.Size),
            RoundTrip = TimeSpan.FromMilliseconds(peer.Window.RoundTripMs),
        }),
    ];

    public IReadOnlyList<FileStatus> Files(IReadOnlyList<PiecePriority> priorities)
    {
        var result = new List<FileStatus>();
        foreach (MetainfoFile file in metainfo.Files)
        {
            if (file.IsPadding) continue;
            (int first, int last) = layout.Pieces(file);
            long done = 0;
            for (int piece = first; piece <= last; piece++)
            {
                if (!picker.Have[piece]) continue;
                long start = Math.Max(file.Offset, layout.Position(piece, 0));
                long end = Math.Min(file.Offset + file.Length, layout.Position(piece, metainfo.PieceSize(piece)));
                done += end - start;
            }
            result.Add(new FileStatus(file.Index, files.BelowFolder(file.Index), file.Length, done, priorities[file.Index]) { PathInTorrent = file.Path });
        }
        return result;
    }

    public PieceStatus Pieces()
    {
        var active = new Bitfield(metainfo.PieceCount);
        foreach (ActivePiece piece in picker.Active) active.Set(piece.Index);
        var skipped = new Bitfield(metainfo.PieceCount);
        byte[] availability = new byte[metainfo.PieceCount];
        for (int piece = 0; piece < availability.Length; piece++)
        {
            if (picker.Availability.Priority(piece) == PiecePriority.Skip) skipped.Set(piece);
            availability[piece] = (byte)Math.Min(picker.Availability.Of(piece), byte.MaxValue);
        }
        return new PieceStatus(new Bitfield(picker.Have), active, skipped, availability);
    }
}
