using System.Security.Cryptography;
using Spate.Engine.Disk;
using Spate.Engine.Ports;
using Spate.Protocol;

namespace Spate.Engine.Tests.Disk;

/// <summary>Names on disk, and what is left of a rename that was cut off at any step.</summary>
public class FileRenamingTests
{
    private readonly MemoryStorage storage = new();
    private readonly TestContent content = TestTorrents.Multi(16 * 1024, ("a", 10), ("sub/b", 20), ("sub/deep/c", 30), ("sub/deep/d", 40), ("not yet", 50));

    private string SavedAt => $"/state/{content.Metainfo.InfoHash.Wire}.names";

    private FileRenaming Renaming(string? state = "/state") => new(storage, content.Metainfo, state);

    private void Fill(FileNames? names = null)
    {
        foreach (MetainfoFile file in content.Metainfo.Files.SkipLast(1))
        {
            string path = $"/dl/{(names ?? FileNames.AsInTorrent).PathOf(file.Path)}";
            storage.CreateFolder(Path.GetDirectoryName(path)!);
            storage.Put(path, content.FileBytes(file));
        }
    }

    private bool IsAllThere(FileNames names) => content.Metainfo.Files.SkipLast(1).All(file =>
        storage.Stat($"/dl/{names.PathOf(file.Path)}").Kind == StorageEntryKind.File && content.FileBytes(file).SequenceEqual(storage.Content($"/dl/{names.PathOf(file.Path)}")));

    // All that lies in the download folder is what has these names.
    private void AssertNothingElse(FileNames names)
    {
        string[] files = [.. storage.Paths.Where(path => path.StartsWith("/dl/", StringComparison.Ordinal) && storage.Stat(path).Kind != StorageEntryKind.Folder)];
        Assert.Equal(content.Metainfo.Files.SkipLast(1).Select(file => $"/dl/{names.PathOf(file.Path)}").Order(StringComparer.Ordinal), files);
        foreach (string folder in storage.Paths.Where(path => path.StartsWith("/dl/", StringComparison.Ordinal) && storage.Stat(path).Kind == StorageEntryKind.Folder))
            Assert.Contains(files, file => file.StartsWith(folder + "/", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_are_found_again_and_files_that_are_not_there_yet_have_them_too()
    {
        Fill();
        FileNames names = Renaming().Rename("/dl", Renaming().Load("/dl"), "folder/sub/deep", "shallow");
        names = Renaming().Rename("/dl", names, "folder/not yet", "soon");
        Assert.True(IsAllThere(names));
        AssertNothingElse(names);
        FileNames loaded = Renaming().Load("/dl");
        Assert.Equal(names.Renamed, loaded.Renamed);
        Assert.Equal("folder/soon", loaded.PathOf("folder/not yet"));
        // As it was: nothing is left to remember.
        names = Renaming().Rename("/dl", names, "folder/sub/shallow", "deep");
        names = Renaming().Rename("/dl", names, "folder/soon", "not yet");
        Assert.DoesNotContain(SavedAt, storage.Paths);
        Assert.True(IsAllThere(FileNames.AsInTorrent));
    }

    [Fact]
    public void Without_a_state_folder_names_hold_as_long_as_the_session()
    {
        Fill();
        FileRenaming renaming = Renaming(state: null);
        FileNames names = renaming.Rename("/dl", renaming.Load("/dl"), "folder", "Top");
        Assert.True(IsAllThere(names));
        Assert.Equal(names.Renamed, renaming.Load("/dl").Renamed);
    }

    [Fact]
    public void Nothing_is_replaced_and_what_is_not_the_torrents_stays()
    {
        Fill();
        storage.CreateFolder("/dl/taken");
        storage.Put("/dl/folder/theirs", [7]);
        Assert.Contains("/dl/taken exists already", Assert.Throws<RenameException>(() => Renaming().Rename("/dl", FileNames.AsInTorrent, "folder", "taken")).Message);
        Assert.Throws<RenameException>(() => Renaming().Rename("/dl", FileNames.AsInTorrent, "folder/a", "theirs"));
        Assert.Throws<RenameException>(() => Renaming().Rename("/dl", FileNames.AsInTorrent, "folder/a", "../b"));
        Assert.True(IsAllThere(FileNames.AsInTorrent));
        Assert.DoesNotContain(SavedAt, storage.Paths);
        FileNames names = Renaming().Rename("/dl", FileNames.AsInTorrent, "folder", "other");
        Assert.True(IsAllThere(names));
        Assert.Equal([7], storage.Content("/dl/folder/theirs"));
    }

    [Fact]
    public void A_folder_that_is_a_link_is_not_followed()
    {
        Fill();
        foreach (string path in storage.Paths.Where(path => path.StartsWith("/dl/folder/sub", StringComparison.Ordinal)).ToList()) storage.Remove(path);
        storage.PutOther("/dl/folder/sub", StorageEntryKind.Link);
        storage.Put("/dl/folder/sub/b", [9]); // what the link shows
        Assert.Throws<IOException>(() => Renaming().Rename("/dl", FileNames.AsInTorrent, "folder/sub/b", "x"));
        Assert.Equal([9], storage.Content("/dl/folder/sub/b"));
    }

    public static TheoryData<string, string> Renames => new() { { "folder/sub/b", "x" }, { "folder/sub/deep", "shallow" }, { "folder", "Top" }, { "folder/not yet", "soon" } };

    // A crash at every step, and one at every step of the start after it.
    [Theory]
    [MemberData(nameof(Renames))]
    public void After_a_crash_at_any_step_all_is_under_the_old_names_or_all_under_the_new(string path, string name)
    {
        Fill();
        Assert.True(FileNames.AsInTorrent.TryRename(content.Metainfo, path, name, out FileNames? next, out _));
        int old = 0, done = 0;
        for (int first = 0; ; first++)
        {
            bool ended = false;
            for (int second = 0; !ended; second++)
            {
                Empty();
                Fill();
                if (CrashesAt(first, () => Renaming().Rename("/dl", FileNames.AsInTorrent, path, name)))
                {
                    ended = !CrashesAt(second, () => Renaming().Load("/dl"));
                    FileNames found = Renaming().Load("/dl");
                    Assert.True(IsAllThere(found), $"crashes at steps {first} and {second}");
                    AssertNothingElse(found);
                    Assert.Equal(found.Renamed, Renaming().Load("/dl").Renamed);
                    if (found.IsEmpty) old++;
                    else
                    {
                        Assert.Equal(next.Renamed, found.Renamed);
                        done++;
                    }
                    continue;
                }
                Assert.True(IsAllThere(next));
                Assert.True(old > 3, $"{old} times the old names");
                Assert.Equal(path != "folder/not yet", done > 0);
                return;
            }
        }
    }

    // A disk that refuses at any step: it is said, and the old names stand.
    [Theory]
    [MemberData(nameof(Renames))]
    public void After_an_error_at_any_step_the_old_names_stand(string path, string name)
    {
        for (int step = 0; ; step++)
        {
            Empty();
            Fill();
            int at = 0, refused = step;
            storage.Before = (operation, _) =>
            {
                if (operation is not "stat" && at++ == refused) throw new StorageFullException("full");
            };
            FileNames? names = null;
            try { names = Renaming().Rename("/dl", FileNames.AsInTorrent, path, name); }
            catch (StorageFullException) { }
            storage.Before = null;
            if (at <= refused)
            {
                Assert.True(step > 2);
                return;
            }
            FileNames now = Renaming().Load("/dl");
            Assert.True(IsAllThere(now), $"step {step}");
            Assert.Equal(names?.Renamed ?? [], now.Renamed);
        }
    }

    [Fact]
    public void When_a_move_to_another_device_was_cut_off_its_source_counts()
    {
        Fill();
        Assert.True(FileNames.AsInTorrent.TryRename(content.Metainfo, "folder/sub/b", "x", out FileNames? next, out _));
        storage.Put(SavedAt, new NamesFile(FileNames.AsInTorrent, next).Write(content.Metainfo));
        storage.Put("/dl/folder/sub/x", [1, 2, 3]);
        Assert.True(Renaming().Load("/dl").IsEmpty);
        Assert.True(IsAllThere(FileNames.AsInTorrent));

        // Which is the right one can't be told when the source is the shorter one: nothing is touched, and it is said.
        storage.Put(SavedAt, new NamesFile(FileNames.AsInTorrent, next).Write(content.Metainfo));
        storage.Put("/dl/folder/sub/x", new byte[1000]);
        Assert.Contains("both there", Assert.Throws<IOException>(() => Renaming().Load("/dl")).Message);
        Assert.True(IsAllThere(FileNames.AsInTorrent));
    }

    [Fact]
    public void A_damaged_or_foreign_file_of_names_is_told_and_never_believed()
    {
        Fill();
        Renaming().Rename("/dl", FileNames.AsInTorrent, "folder/a", "b");
        byte[] saved = storage.Content(SavedAt);
        for (int i = 0; i < saved.Length; i++)
        {
            byte[] damaged = [.. saved];
            damaged[i] ^= 0x20;
            storage.Put(SavedAt, damaged);
            Assert.Contains("is damaged", Assert.Throws<IOException>(() => Renaming().Load("/dl")).Message);
            storage.Put(SavedAt, saved[..i]);
            Assert.Throws<IOException>(() => Renaming().Load("/dl"));
        }
        storage.Put(SavedAt, saved);
        Assert.Single(Renaming().Load("/dl").Renamed);
        TestContent other = TestTorrents.Single(10);
        Assert.Null(NamesFile.Read(saved, other.Metainfo));

        // Even with the right sum, a name that leads elsewhere is none.
        string hostile = $"d9:info-hash20:{System.Text.Encoding.Latin1.GetString(content.Metainfo.InfoHash.Wire.AsSpan())}5:namesll8:folder/a5:../..eee";
        byte[] body = System.Text.Encoding.Latin1.GetBytes(hostile);
        Assert.Null(NamesFile.Read([.. "SPATE-NAMES-1\n"u8, .. SHA256.HashData(body), .. body], content.Metainfo));
        byte[] good = System.Text.Encoding.Latin1.GetBytes(hostile.Replace("5:../..", "1:b"));
        Assert.NotNull(NamesFile.Read([.. "SPATE-NAMES-1\n"u8, .. SHA256.HashData(good), .. good], content.Metainfo));
    }

    private void Empty()
    {
        foreach (string path in storage.Paths.ToList()) storage.Remove(path);
    }

    private bool CrashesAt(int step, Action action)
    {
        int at = 0;
        storage.Before = (operation, _) =>
        {
            if (at++ == step) throw new CrashException();
        };
        try { action(); }
        catch (CrashException) { return true; }
        finally { storage.Before = null; }
        return false;
    }

    // Nothing catches this: what runs ends where it stands.
    private sealed class CrashException : Exception;
}
