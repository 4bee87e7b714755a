using System.Text;
using Spate.Protocol;
using static Spate.Fuzz.Targets.Documents;

namespace Spate.Fuzz.Targets;

/// <summary>File names from torrents: always safe, and stable when made safe again.</summary>
internal sealed class FileNameTarget : FuzzTarget
{
    public override string Name => "filename";

    public override int MaxLength => 1024;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "..", ".", "/", "\\", ":", " ", "CON", "NUL", "COM1", ".txt", "\0", "*", "?" }.Select(Bytes),
        .. new[] { "é", "e\u0301", "\u202e", "𝄞", "한", "COM¹", "\u0085", new string('x', 250), new string('ü', 125) }.Select(Encoding.UTF8.GetBytes),
        [0xc0, 0xae], [0xff], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
    ];

    public override IEnumerable<byte[]> Seeds() => Words.Append(Bytes("plain name.txt"));

    public override int Run(ReadOnlySpan<byte> input)
    {
        int answer = 0;
        foreach (FileNameRules rules in (ReadOnlySpan<FileNameRules>)[FileNameRules.Portable, FileNameRules.Posix])
        {
            string name = SafePath.Component(input, rules);
            int bytes = Encoding.UTF8.GetByteCount(name);
            Check(bytes is > 0 and <= SafePath.MaxComponentBytes, "a name has 1 to 255 bytes");
            Check(name is not ("." or "..") && !name.Any(c => c < ' ' || c is '/' or '\\' or '\u007f'), $"'{name}' is safe");
            Check(SafePath.Component(name, rules) == name, $"'{name}' is safe already");
            Check(SafePath.Component(Encoding.UTF8.GetBytes(name), rules) == name, $"'{name}' survives being written");
            if (rules == FileNameRules.Portable) Check(name[^1] is not (' ' or '.') && !name.Any("<>:\"|?*".Contains), $"'{name}' is portable");
            answer = answer * 97 + Magnitude(bytes) * 8 + (name.Contains('_') ? 4 : 0) + (name.Contains('.') ? 2 : 0) + (name.Length == bytes ? 1 : 0);
        }
        return answer;
    }
}
