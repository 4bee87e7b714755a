using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Engine.Disk;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

public class ResumeDataTests
{
    private static readonly Metainfo Torrent = TestTorrents.Multi(64 * 1024, ("a", 300_000), ("b", 100_000), ("c", 0)).Metainfo;

    private static ResumeData Example(Random random)
    {
        var pieces = new Bitfield(Torrent.PieceCount);
        var partial = new List<(int, Bitfield)>();
        for (int piece = 0; piece < Torrent.PieceCount; piece++)
        {
            int kind = random.Next(3);
            if (kind == 0) pieces.Set(piece);
            if (kind != 1) continue;
            var blocks = new Bitfield((Torrent.PieceSize(piece) + BlockPool.BlockSize - 1) / BlockPool.BlockSize);
            for (int block = 0; block < blocks.Length; block++) if (random.Next(2) == 0) blocks.Set(block);
            partial.Add((piece, blocks));
        }
        return new ResumeData
        {
            InfoHash = Torrent.InfoHash.Wire,
            Pieces = pieces,
            Partial = partial,
            Files = [.. Torrent.Files.Select(file => random.Next(4) == 0 ? (-1L, 0L) : (file.Length, random.NextInt64(0, 1L << 45)))],
            IsClean = random.Next(2) == 0,
            Uploaded = random.NextInt64(),
            Downloaded = random.NextInt64(),
            SeedingSeconds = random.Next(),
            ActiveSeconds = random.Next(),
            Peers = [.. Enumerable.Range(0, random.Next(5)).Select(i => $"192.0.2.{i}:{random.Next(65536)}")],
        };
    }

    private static ResumeData? Read(ReadOnlySpan<byte> file)
    {
        bool read = ResumeData.TryRead(file, Torrent, out ResumeData? data, out string problem);
        Assert.Equal(read, data is not null);
        Assert.Equal(read, problem.Length == 0);
        return data;
    }

    private static string Text(Bitfield bits) => string.Concat(Enumerable.Range(0, bits.Length).Select(i => bits[i] ? '1' : '0'));

    [Fact]
    public void What_was_written_is_read()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            ResumeData written = Example(new Random(seed));
            ResumeData read = Read(written.Write())!;
            Assert.Equal(Text(written.Pieces), Text(read.Pieces));
            Assert.Equal(written.Partial.Select(p => (p.Piece, Text(p.Blocks))), read.Partial.Select(p => (p.Piece, Text(p.Blocks))));
            Assert.Equal(written.Files, read.Files);
            Assert.Equal(written.Peers, read.Peers);
            Assert.Equal((written.IsClean, written.Uploaded, written.Downloaded), (read.IsClean, read.Uploaded, read.Downloaded));
            Assert.Equal((written.SeedingSeconds, written.ActiveSeconds, written.InfoHash), (read.SeedingSeconds, read.ActiveSeconds, read.InfoHash));
        }
    }

    [Fact]
    public void Every_changed_byte_and_every_cut_is_noticed()
    {
        byte[] file = Example(new Random(7)).Write();
        Assert.NotNull(Read(file));
        for (int i = 0; i < file.Length; i++)
        {
            foreach (int change in (int[])[0x01, 0x80, 0xff])
            {
                file[i] ^= (byte)change;
                Assert.Null(Read(file));
                file[i] ^= (byte)change;
            }
            Assert.Null(Read(file.AsSpan(0, i)));
        }
        Assert.Null(Read([.. file, 0]));
        Assert.Null(Read(new byte[file.Length])); // as some file systems leave it after a power cut
        Assert.NotNull(Read(file));
    }

    [Fact]
    public void That_of_another_torrent_is_refused()
    {
        byte[] file = Example(new Random(1)).Write();
        Metainfo other = TestTorrents.Multi(64 * 1024, ("a", 300_000), ("b", 100_001), ("c", 0)).Metainfo;
        Assert.False(ResumeData.TryRead(file, other, out _, out string problem));
        Assert.Equal("its content does not fit the torrent", problem);
    }

    // Content that carries the right checksum, as somebody could write it by hand.
    private static byte[] Sealed(byte[] body) => [.. "SPATE-RESUME-1\n"u8, .. SHA256.HashData(body), .. body];

    private static byte[] Body(string pieces = "7:\0", string partial = "le", string files = "lli1ei2eeli1ei2eeli0ei2eee", string more = "")
    {
        string hash = Encoding.Latin1.GetString(Torrent.InfoHash.Wire.AsSpan());
        string set = pieces == "7:\0" ? "1:\0" : pieces;
        return Encoding.Latin1.GetBytes($"d5:files{files}9:info-hash20:{hash}7:partial{partial}6:pieces{set}{more}e");
    }

    [Fact]
    public void Content_that_does_not_fit_the_torrent_is_refused_whatever_its_checksum()
    {
        Assert.Equal(7, Torrent.PieceCount);
        Assert.NotNull(Read(Sealed(Body())));
        Assert.Null(Read(Sealed(Body(pieces: "2:\0\0"))));               // too many pieces
        Assert.Null(Read(Sealed(Body(pieces: "0:"))));
        Assert.Null(Read(Sealed(Body(pieces: "1:\u0001"))));             // a spare bit
        Assert.Null(Read(Sealed(Body(pieces: "i1e"))));
        Assert.Null(Read(Sealed(Body(files: "lli1ei2eee"))));            // one file of three
        Assert.Null(Read(Sealed(Body(files: "lli1eeli1ei2eeli0ei2eee"))));
        Assert.NotNull(Read(Sealed(Body(partial: "lli2e1:\u0080ee"))));
        Assert.Null(Read(Sealed(Body(partial: "lli7e1:\u0080ee"))));     // no such piece
        Assert.Null(Read(Sealed(Body(partial: "lli-1e1:\u0080ee"))));
        Assert.Null(Read(Sealed(Body(partial: "lli4294967298e1:\u0080ee"))));
        Assert.Null(Read(Sealed(Body(partial: "lli2e1:\u0008ee"))));     // no such block
        Assert.Null(Read(Sealed(Body(partial: "lli2e2:\u0080\0ee"))));
        Assert.Null(Read(Sealed(Body(partial: "lli2e1:\u0080eli2e1:\u0080ee")))); // twice
        Assert.Null(Read(Sealed(Body(pieces: "1:\u0020", partial: "lli2e1:\u0080ee")))); // complete and partial
        Assert.Null(Read(Sealed([])));
        Assert.Null(Read(Sealed([.. Body(), (byte)'x'])));
    }

    [Fact]
    public void Numbers_below_zero_count_as_none()
    {
        ResumeData read = Read(Sealed(Body(more: "7:seedingi-5e8:uploadedi-9223372036854775808e")))!;
        Assert.Equal((0, 0), (read.SeedingSeconds, read.Uploaded));
    }

    [Fact]
    public void Nothing_with_a_right_checksum_makes_it_throw() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(), Gen.Choose(0, 3).ToArbitrary(), (seed, changes) =>
        {
            var random = new Random(seed);
            List<byte> body = [.. Example(random).Write()[47..]];
            for (int i = 0; i <= changes; i++)
            {
                int at = random.Next(body.Count);
                switch (random.Next(3))
                {
                    case 0: body[at] = (byte)random.Next(256); break;
                    case 1: body.RemoveRange(at, Math.Min(random.Next(20), body.Count - at)); break;
                    default: body.Insert(at, (byte)"ilde0123456789:-"[random.Next(16)]); break;
                }
                if (body.Count == 0) break;
            }
            Read(Sealed([.. body]));
        }).QuickCheckThrowOnFailure();
}
