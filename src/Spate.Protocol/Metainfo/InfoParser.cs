using System.Diagnostics.CodeAnalysis;
using System.Text;
using Spate.Protocol.Bencode;

namespace Spate.Protocol;

/// <summary>Reads the info dictionary (BEP 3, 27, 47, 52) and refuses whatever does not fit together.</summary>
internal ref struct InfoParser
{
    // What a path may be long in all: below the limit of common systems, so that the download folder fits before it.
    internal const int MaxPathBytes = 3000;

    private readonly ReadOnlyMemory<byte> raw;
    private readonly MetainfoOptions options;
    private readonly FileTree tree;
    private readonly List<string> path = [];     // safe components of the file that is being read
    private readonly StringBuilder original = new();
    private MetainfoError? error;

    private BencodeReader files, length, name, nameUtf8, pieceLength, pieces, isPrivate, source, attributes, metaVersion, fileTree;

    private InfoParser(ReadOnlyMemory<byte> raw, MetainfoOptions options)
    {
        this.raw = raw;
        this.options = options;
        tree = new FileTree(options.FileNames);
    }

    /// <summary>Checks and reads an info dictionary.</summary>
    public static bool TryParse(
        ReadOnlyMemory<byte> raw, MetainfoOptions options,
        [NotNullWhen(true)] out ParsedInfo? info, [NotNullWhen(false)] out MetainfoError? error)
    {
        info = null;
        if (BencodeReader.TryOpen(raw.Span, options.Limits with { AllowUnsortedKeys = false }, out BencodeReader reader, out BencodeFault fault))
            return TryParse(reader, raw, options, out info, out error);
        error = ErrorOf(fault, "not a valid info dictionary", options.Limits);
        return false;
    }

    /// <summary>Reads an info dictionary out of a document that was checked.</summary>
    public static bool TryParse(
        BencodeReader reader, ReadOnlyMemory<byte> raw, MetainfoOptions options,
        [NotNullWhen(true)] out ParsedInfo? info, [NotNullWhen(false)] out MetainfoError? error)
    {
        var parser = new InfoParser(raw, options);
        info = parser.Parse(reader);
        error = info is null ? parser.error! : null;
        return info is not null;
    }

    /// <summary>The hashes of an info dictionary, by what it contains and without judging it.</summary>
    public static InfoHash HashOf(ReadOnlySpan<byte> rawInfo)
    {
        bool v2 = BencodeReader.TryOpen(rawInfo, BencodeLimits.Torrent, out BencodeReader reader, out _)
            && reader.TryFindKey("meta version"u8, out BencodeReader version) && version.TryReadInt64(out long number) && number == 2;
        if (!v2) return InfoHash.FromV1(Sha1Hash.Of(rawInfo));
        return reader.TryFindKey("pieces"u8, out _)
            ? InfoHash.Hybrid(Sha1Hash.Of(rawInfo), Sha256Hash.Of(rawInfo))
            : InfoHash.FromV2(Sha256Hash.Of(rawInfo));
    }

    public static MetainfoError ErrorOf(BencodeFault fault, string what, in BencodeLimits limits) => fault.Error switch
    {
        BencodeError.TooLong => new(MetainfoErrorKind.TooLarge, "", $"{what}: longer than {limits.MaxBytes:N0} bytes"),
        BencodeError.TooManyTokens => new(MetainfoErrorKind.TooLarge, "", $"{what}: more than {limits.MaxTokens:N0} values", fault.Offset),
        BencodeError.TooDeep => new(MetainfoErrorKind.TooLarge, "", $"{what}: {fault.Message}", fault.Offset),
        _ => new(MetainfoErrorKind.Malformed, "", $"{what}: {fault.Message}", fault.Offset),
    };

    private ParsedInfo? Parse(BencodeReader reader)
    {
        int start = reader.Offset;
        if (!reader.TryEnterDictionary()) return Fail("info", "must be a dictionary", start);
        Collect(reader);

        // BEP 52: the version comes first, so that a future format is named as such and not as a broken one.
        MetainfoVersion version = MetainfoVersion.V1;
        if (IsThere(metaVersion))
        {
            if (!metaVersion.TryReadInt64(out long number)) return Fail("info.meta version", "must be an integer", metaVersion.Offset);
            bool hasV1 = IsThere(pieces);
            if (number > 2 && !hasV1) return Unsupported($"a torrent of version {number}, which is newer than what is supported");
            if (number == 2 && !hasV1) return Unsupported("it is for BitTorrent v2 alone (BEP 52), which is not supported yet; one that is for v1, or for both, is needed");
            if (number == 2) version = MetainfoVersion.Hybrid;
        }
        else if (IsThere(fileTree) && !IsThere(pieces)) return Fail("info.meta version", "missing", null);

        if (!TryReadPieceLength(out int pieceSize)) return null;
        if (!IsThere(pieces)) return Fail("info.pieces", "missing", null);
        int piecesAt = pieces.Offset;
        if (!pieces.TryReadBytes(out ReadOnlySpan<byte> hashes)) return Fail("info.pieces", "must be a string", piecesAt);
        if (hashes.Length % Sha1Hash.Size != 0)
            return Fail("info.pieces", $"{hashes.Length} bytes are no multiple of {Sha1Hash.Size}", piecesAt);
        int pieceCount = hashes.Length / Sha1Hash.Size;
        if (pieceCount > Metainfo.MaxPieces) return TooLarge("info.pieces", $"more than {Metainfo.MaxPieces:N0} pieces", piecesAt);

        if (!TryReadName(out string safeName, out string originalName)) return null;
        if (!TryReadPrivate(out bool privateFlag) || !TryReadSource(out string? sourceText)) return null;

        bool multiFile = IsThere(files);
        List<MetainfoFile>? list = multiFile ? ReadFiles(safeName, originalName) : ReadSingleFile(safeName, originalName);
        if (list is null) return null;

        long total = list[^1].Offset + list[^1].Length;
        if (total == 0) return Fail("info", "the torrent has no content: all its files are empty", null);
        long expected = (total - 1) / pieceSize + 1;
        if (expected != pieceCount)
            return Fail("info.pieces", $"{pieceCount} hashes, but {total:N0} bytes in pieces of {pieceSize:N0} need {expected:N0}", piecesAt);

        int hashesAt = pieces.Offset - hashes.Length - start;
        return new ParsedInfo
        {
            Raw = raw,
            Pieces = raw.Slice(hashesAt, hashes.Length),
            InfoHash = version == MetainfoVersion.Hybrid
                ? InfoHash.Hybrid(Sha1Hash.Of(raw.Span), Sha256Hash.Of(raw.Span))
                : InfoHash.FromV1(Sha1Hash.Of(raw.Span)),
            Version = version,
            Name = safeName,
            OriginalName = originalName,
            PieceLength = pieceSize,
            TotalLength = total,
            Files = list,
            IsMultiFile = multiFile,
            IsPrivate = privateFlag,
            Source = sourceText,
        };
    }

    private void Collect(BencodeReader info)
    {
        while (info.TryReadKey(out ReadOnlySpan<byte> key))
        {
            BencodeReader value = info.ReadValue();
            if (key.SequenceEqual("files"u8)) files = value;
            else if (key.SequenceEqual("length"u8)) length = value;
            else if (key.SequenceEqual("name"u8)) name = value;
            else if (key.SequenceEqual("name.utf-8"u8)) nameUtf8 = value;
            else if (key.SequenceEqual("piece length"u8)) pieceLength = value;
            else if (key.SequenceEqual("pieces"u8)) pieces = value;
            else if (key.SequenceEqual("private"u8)) isPrivate = value;
            else if (key.SequenceEqual("source"u8)) source = value;
            else if (key.SequenceEqual("attr"u8)) attributes = value;
            else if (key.SequenceEqual("meta version"u8)) metaVersion = value;
            else if (key.SequenceEqual("file tree"u8)) fileTree = value;
        }
    }

    private bool TryReadPieceLength(out int pieceSize)
    {
        pieceSize = 0;
        if (!IsThere(pieceLength)) return Refuse("info.piece length", "missing", null);
        int at = pieceLength.Offset;
        if (!pieceLength.TryReadInt64(out long value)) return Refuse("info.piece length", "must be an integer", at);
        if (value <= 0) return Refuse("info.piece length", $"{value} is not positive", at);
        if (value > Metainfo.MaxPieceLength)
        {
            TooLarge("info.piece length", $"{value:N0} bytes are more than {Metainfo.MaxPieceLength:N0}", at);
            return false;
        }
        pieceSize = (int)value;
        return true;
    }

    private bool TryReadName(out string safe, out string shown)
    {
        safe = shown = "";
        BencodeReader value = IsThere(nameUtf8) && nameUtf8.Kind == BencodeKind.Bytes ? nameUtf8 : name;
        if (!IsThere(value)) return Refuse("info.name", "missing", null);
        int at = value.Offset;
        if (!value.TryReadBytes(out ReadOnlySpan<byte> bytes)) return Refuse("info.name", "must be a string", at);
        shown = SafePath.Decode(bytes);
        // A torrent without a name is named by its hash: an empty folder name would spill its files.
        safe = bytes.IsEmpty ? Sha1Hash.Of(raw.Span).ToString() : SafePath.Component(bytes, options.FileNames);
        return true;
    }

    private bool TryReadPrivate(out bool value)
    {
        value = false;
        if (!IsThere(isPrivate)) return true;
        if (!isPrivate.TryReadInt64(out long number)) return Refuse("info.private", "must be an integer", isPrivate.Offset);
        value = number != 0;
        return true;
    }

    private bool TryReadSource(out string? value)
    {
        value = source.TryReadBytes(out ReadOnlySpan<byte> bytes) ? Encoding.UTF8.GetString(bytes) : null;
        return true;
    }

    private List<MetainfoFile>? ReadSingleFile(string safeName, string originalName)
    {
        if (!IsThere(length)) return FailFiles("info.length", "missing, and there is no list of files either", null);
        int at = length.Offset;
        if (!length.TryReadInt64(out long bytes)) return FailFiles("info.length", "must be an integer", at);
        if (bytes < 0) return FailFiles("info.length", $"{bytes} is negative", at);
        ReadAttributes(attributes, out bool executable, out bool hidden, out _, out _);
        return
        [
            new MetainfoFile
            {
                Index = 0, Path = safeName, OriginalPath = originalName, Length = bytes, Offset = 0,
                IsExecutable = executable, IsHidden = hidden,
            },
        ];
    }

    private List<MetainfoFile>? ReadFiles(string safeName, string originalName)
    {
        if (IsThere(length)) return FailFiles("info.length", "stands beside a list of files", length.Offset);
        int at = files.Offset;
        if (!files.TryEnterList()) return FailFiles("info.files", "must be a list", at);
        var list = new List<MetainfoFile>();
        var links = new List<(int File, string[] Target)>();
        long position = 0;
        for (int index = 0; !files.TryLeave(); index++)
        {
            MetainfoFile? file = ReadFile(files.ReadValue(), index, position, safeName, originalName, links);
            if (file is null) return null;
            list.Add(file);
            position += file.Length;
        }
        if (list.Count == 0) return FailFiles("info.files", "an empty list", at);
        foreach ((int file, string[] target) in links)
            list[file] = list[file] with { LinkTarget = ResolveLink(list[file].Path, target) };
        return list;
    }

    private MetainfoFile? ReadFile(
        BencodeReader file, int index, long position, string safeName, string originalName, List<(int, string[])> links)
    {
        int at = file.Offset;
        if (!file.TryEnterDictionary()) return FailFile(index, "", "must be a dictionary", at);
        BencodeReader fileLength = default, filePath = default, filePathUtf8 = default, attr = default, linkPath = default;
        while (file.TryReadKey(out ReadOnlySpan<byte> key))
        {
            BencodeReader value = file.ReadValue();
            if (key.SequenceEqual("length"u8)) fileLength = value;
            else if (key.SequenceEqual("path"u8)) filePath = value;
            else if (key.SequenceEqual("path.utf-8"u8)) filePathUtf8 = value;
            else if (key.SequenceEqual("attr"u8)) attr = value;
            else if (key.SequenceEqual("symlink path"u8)) linkPath = value;
        }
        ReadAttributes(attr, out bool executable, out bool hidden, out bool padding, out bool link);
        link &= IsThere(linkPath) && !padding;

        long bytes = 0;
        if (IsThere(fileLength))
        {
            at = fileLength.Offset;
            if (!fileLength.TryReadInt64(out bytes)) return FailFile(index, ".length", "must be an integer", at);
            if (bytes < 0) return FailFile(index, ".length", $"{bytes} is negative", at);
            if (link && bytes > 0) return FailFile(index, ".length", "a symbolic link has no bytes of its own", at);
        }
        else if (!link) return FailFile(index, ".length", "missing", at);
        // The sum can't overflow: every term that is let through keeps it at or below what the greatest torrent holds.
        const long mostBytes = (long)Metainfo.MaxPieces * Metainfo.MaxPieceLength;
        if (bytes > mostBytes - position)
        {
            TooLarge($"info.files[{index}].length", $"the files are longer than {mostBytes:N0} bytes in all", at);
            return null;
        }

        string safePath, shownPath;
        if (padding)
        {
            // Never stored, so its name need not be told from others (BEP 47 recommends this one).
            safePath = $"{safeName}/.pad/{bytes}";
            shownPath = $"{originalName}/.pad/{bytes}";
        }
        else
        {
            if (IsThere(filePathUtf8) && filePathUtf8.Kind == BencodeKind.List) filePath = filePathUtf8;
            path.Clear();
            path.Add(safeName);
            original.Clear().Append(originalName);
            if (!TryReadPath(filePath, "info.files[", index, "].path", path, original)) return null;
            safePath = tree.Add(path);
            // Nearly always the same: then one string serves for both.
            shownPath = original.Equals(safePath) ? safePath : original.ToString();
            if (safePath.Length > MaxPathBytes / 4 && Encoding.UTF8.GetByteCount(safePath) > MaxPathBytes)
                return FailFile(index, ".path", $"longer than {MaxPathBytes:N0} bytes", filePath.Offset);
        }

        if (link)
        {
            var target = new List<string> { safeName };
            if (!TryReadPath(linkPath, "info.files[", index, "].symlink path", target, new StringBuilder())) return null;
            links.Add((index, [.. target]));
        }
        return new MetainfoFile
        {
            Index = index, Path = safePath, OriginalPath = shownPath, Length = bytes, Offset = position,
            IsPadding = padding, IsExecutable = executable, IsHidden = hidden,
        };
    }

    // Adds the components of a path to those that are there. The field's name is put together only when there is an error.
    private bool TryReadPath(BencodeReader value, string before, int index, string after, List<string> safe, StringBuilder shown)
    {
        if (!IsThere(value)) return Refuse($"{before}{index}{after}", "missing", null);
        int at = value.Offset;
        if (!value.TryEnterList()) return Refuse($"{before}{index}{after}", "must be a list of names", at);
        int given = safe.Count;
        bool empty = true;
        while (!value.TryLeave())
        {
            int componentAt = value.Offset;
            if (!value.TryReadBytes(out ReadOnlySpan<byte> component))
                return Refuse($"{before}{index}{after}", "must be a list of strings", componentAt);
            empty = false;
            string text = SafePath.Decode(component);
            shown.Append('/').Append(text);
            if (component.IsEmpty) continue;
            if (safe.Count - given == Metainfo.MaxPathDepth)
            {
                TooLarge($"{before}{index}{after}", $"more than {Metainfo.MaxPathDepth} folders deep", componentAt);
                return false;
            }
            safe.Add(SafePath.Component(component, text, options.FileNames));
        }
        if (empty) return Refuse($"{before}{index}{after}", "an empty list", at);
        if (safe.Count == given) safe.Add(SafePath.Component("", options.FileNames));
        return true;
    }

    // The target as seen from the link, when it is something else of this torrent. No folder of a torrent is ever a link (a link
    // and a folder of one name get different ones), so steps up along the link's own path stay inside.
    private readonly string? ResolveLink(string linkPath, string[] target)
    {
        if (tree.Find(target) is not { } found || found == linkPath) return null;
        string[] from = linkPath.Split('/');
        string[] to = found.Split('/');
        int shared = 0;
        while (shared < from.Length - 1 && shared < to.Length - 1 && from[shared] == to[shared]) shared++;
        return string.Join('/', Enumerable.Repeat("..", from.Length - 1 - shared).Concat(to[shared..]));
    }

    private static void ReadAttributes(BencodeReader value, out bool executable, out bool hidden, out bool padding, out bool link)
    {
        value.TryReadBytes(out ReadOnlySpan<byte> letters);
        executable = letters.Contains((byte)'x');
        hidden = letters.Contains((byte)'h');
        padding = letters.Contains((byte)'p');
        link = letters.Contains((byte)'l');
    }

    private static bool IsThere(BencodeReader value) => value.Kind != BencodeKind.End;

    private ParsedInfo? Fail(string field, string message, int? at)
    {
        Refuse(field, message, at);
        return null;
    }

    private List<MetainfoFile>? FailFiles(string field, string message, int? at)
    {
        Refuse(field, message, at);
        return null;
    }

    private MetainfoFile? FailFile(int index, string field, string message, int? at)
    {
        Refuse($"info.files[{index}]{field}", message, at);
        return null;
    }

    private ParsedInfo? TooLarge(string field, string message, int at)
    {
        error = new(MetainfoErrorKind.TooLarge, field, message, at);
        return null;
    }

    private ParsedInfo? Unsupported(string message)
    {
        error = new(MetainfoErrorKind.Unsupported, "", message);
        return null;
    }

    private bool Refuse(string field, string message, int? at)
    {
        error = new(MetainfoErrorKind.Invalid, field, message, at);
        return false;
    }
}
