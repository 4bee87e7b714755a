using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Disk;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

public class FileLayoutTests
{
    private static Metainfo With(int[] lengths)
    {
        var files = lengths.Select((length, i) => new NewFile([$"{i:D3}"], length)).ToList();
        var builder = new TorrentBuilder { Name = "t", Files = files, PieceLength = 16 * 1024 };
        return Metainfo.Parse(builder.Build(new byte[builder.PieceCount * Sha1Hash.Size]));
    }

    private static Arbitrary<int[]> Lengths() =>
        Gen.Frequency((1, Gen.Constant(0)), (2, Gen.Choose(1, 40_000))).ArrayOf().Where(lengths => lengths.Sum() > 0).ToArbitrary();

    [Fact]
    public void Slices_cover_any_range_once_and_in_order() => Prop.ForAll(
        Lengths(), Gen.Choose(0, 1_000_000).ToArbitrary(), Gen.Choose(1, 100_000).ToArbitrary(), (lengths, from, length) =>
        {
            Metainfo metainfo = With(lengths);
            var layout = new FileLayout(metainfo);
            long position = from % metainfo.TotalLength;
            length = (int)Math.Min(length, metainfo.TotalLength - position);
            while (length > 0)
            {
                FileSlice slice = layout.Slice(position, length);
                MetainfoFile file = metainfo.Files[slice.File];
                Assert.InRange(slice.Length, 1, length);
                Assert.Equal(position, file.Offset + slice.Position);
                Assert.True(slice.Position + slice.Length <= file.Length);
                Assert.True(slice.Length == length || slice.Position + slice.Length == file.Length, "It ended before the file and the range did.");
                position += slice.Length;
                length -= slice.Length;
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_file_touches_the_pieces_that_hold_its_bytes() => Prop.ForAll(Lengths(), lengths =>
    {
        Metainfo metainfo = With(lengths);
        var layout = new FileLayout(metainfo);
        foreach (MetainfoFile file in metainfo.Files)
        {
            (int first, int last) = layout.Pieces(file);
            for (int piece = 0; piece < metainfo.PieceCount; piece++)
            {
                long start = layout.Position(piece, 0), end = layout.Position(piece, metainfo.PieceSize(piece));
                bool touches = file.Length > 0 && file.Offset < end && start < file.Offset + file.Length;
                Assert.Equal(touches, piece >= first && piece <= last);
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Positions_of_large_torrents_do_not_overflow()
    {
        Metainfo metainfo = TestTorrents.Shape(400_000, 16 << 20);
        var layout = new FileLayout(metainfo);
        Assert.Equal(399_999L * (16 << 20) + 12345, layout.Position(399_999, 12345));
        Assert.Equal(399_999L * (16 << 20), layout.Slice(layout.Position(399_999, 0), 16384).Position);
        Assert.Equal((0, 399_999), layout.Pieces(metainfo.Files[0]));
    }
}
