using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Daemon.State;

namespace Spate.Daemon.Tests.State;

public sealed class JournalTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string File => folder["journal"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Lines_come_back_in_their_order()
    {
        Write("one", "two", "", "drei — ü");
        AssertHolds(["one", "two", "", "drei — ü"]);
    }

    [Fact]
    public void A_cut_at_any_byte_costs_only_what_comes_after_it()
    {
        string[] lines = [.. Enumerable.Range(0, 12).Select(i => new string((char)('a' + i), i * 3))];
        Write(lines);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int cut = 0; cut <= whole.Length; cut++)
        {
            System.IO.File.WriteAllBytes(File, whole[..cut]);
            int kept = Math.Max(0, whole.AsSpan(0, cut).Count((byte)'\n') - 1); // the first line is the head
            (List<string> read, int damaged) = Read(journal =>
            {
                journal.Append("after"u8);
                journal.Commit();
            });
            Assert.Equal(0, damaged);
            Assert.Equal(lines[..kept], read);
            AssertHolds([.. lines[..kept], "after"]);
        }
    }

    [Fact]
    public void A_flipped_bit_costs_at_most_the_lines_that_it_touches()
    {
        string[] lines = [.. Enumerable.Range(0, 8).Select(i => $"line {i}")];
        Write(lines);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int at = 0; at < whole.Length; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] broken = [.. whole];
                broken[at] ^= (byte)(1 << bit);
                System.IO.File.WriteAllBytes(File, broken);
                int hit = whole.AsSpan(0, at).Count((byte)'\n') - 1; // -1: the head
                bool lineBreak = whole[at] == (byte)'\n';
                List<string> expected = [.. lines.Where((_, i) => i != hit && !(lineBreak && i == hit + 1))];
                bool tornEnd = lineBreak && hit == lines.Length - 1; // as if it was never ended: dropped
                (List<string> read, int damaged) = Read();
                Assert.Equal(expected, read);
                Assert.True(tornEnd ? damaged == 0 : damaged is 1 or 2);
            }
        }
    }

    [Fact]
    public void Garbage_anywhere_never_throws_and_never_makes_up_a_line()
    {
        string[] lines = [.. Enumerable.Range(0, 20).Select(i => $"{{\"line\":{i}}}")];
        Write(lines);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        int head = whole.AsSpan().IndexOf((byte)'\n') + 1;
        var damage = Gen.Zip(Gen.Choose(head, whole.Length - 1), ArbMap.Default.GeneratorFor<byte[]>());
        Prop.ForAll(Arb.From(damage), hit =>
        {
            (int at, byte[] garbage) = hit;
            byte[] broken = [.. whole[..at], .. garbage, .. whole[Math.Min(whole.Length, at + garbage.Length)..]];
            System.IO.File.WriteAllBytes(File, broken);
            (List<string> read, _) = Read();
            int before = whole.AsSpan(0, at).Count((byte)'\n') - 1;
            return read.TrueForAll(lines.Contains) && read.Take(before).SequenceEqual(lines[..before]);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_rewrite_replaces_all_and_leftovers_of_an_interrupted_one_are_ignored()
    {
        Write("old 1", "old 2");
        System.IO.File.WriteAllText(File + ".new", "half of a rewri");
        Read(journal =>
        {
            journal.Rewrite([Encoding.UTF8.GetBytes("new")]);
            journal.Append("newer"u8);
            journal.Commit();
        });
        AssertHolds(["new", "newer"]);
    }

    [Fact]
    public void A_rewrite_that_fails_leaves_the_old_lines()
    {
        Write("old");
        Directory.CreateDirectory(File + ".new");
        Read(journal =>
        {
            Assert.ThrowsAny<Exception>(() => journal.Rewrite([Encoding.UTF8.GetBytes("new")]));
            journal.Append("more"u8);
            journal.Commit();
        });
        AssertHolds(["old", "more"]);
    }

    [Theory]
    [InlineData("a shopping list\nmilk\n")]
    [InlineData("00000000 not ours\n")]
    public void A_file_that_is_none_of_ours_is_left_alone(string content)
    {
        System.IO.File.WriteAllText(File, content);
        IOException e = Assert.Throws<IOException>(() => Read());
        Assert.Contains(File, e.Message, StringComparison.Ordinal);
        Assert.Equal(content, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void A_newer_version_is_refused()
    {
        string head = "spate state 2";
        System.IO.File.WriteAllText(File, $"{Journal.Checksum(Encoding.ASCII.GetBytes(head)):x8} {head}\n");
        Assert.Contains("newer version", Assert.Throws<IOException>(() => Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_else_may_read_it()
    {
        if (OperatingSystem.IsWindows()) return;
        Write("secret");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void The_checksum_is_crc32c() => Assert.Equal(0xE3069283, Journal.Checksum("123456789"u8)); // the check value of RFC 3720

    private void Write(params string[] lines)
    {
        System.IO.File.Delete(File);
        Read(journal =>
        {
            foreach (string line in lines) journal.Append(Encoding.UTF8.GetBytes(line));
            journal.Commit();
        });
    }

    private void AssertHolds(string[] lines)
    {
        (List<string> read, int damaged) = Read();
        Assert.Equal(lines, read);
        Assert.Equal(0, damaged);
    }

    private (List<string> Lines, int Damaged) Read(Action<Journal>? then = null)
    {
        var lines = new List<string>();
        int damaged = 0;
        using Journal journal = Journal.Open(File, text =>
        {
            lines.Add(Encoding.UTF8.GetString(text));
            return true;
        }, (_, _) => damaged++);
        then?.Invoke(journal);
        return (lines, damaged);
    }
}
