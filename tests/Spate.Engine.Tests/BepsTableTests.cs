using System.Text.RegularExpressions;

namespace Spate.Engine.Tests;

/// <summary>What docs/beps.md names is there: code and tests.</summary>
public partial class BepsTableTests
{
    private static readonly string root = Root();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Names();

    public static TheoryData<string, string, string> Rows
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            foreach (string line in File.ReadLines(Path.Combine(root, "docs", "beps.md")))
            {
                string[] cells = [.. line.Split('|').Select(static cell => cell.Trim())];
                if (cells.Length == 6 && cells[1].Length > 0 && char.IsAsciiDigit(cells[1][0])) rows.Add(cells[1], cells[3], cells[4]);
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void What_the_table_names_exists(string bep, string code, string tests)
    {
        foreach (string path in NamesIn(code).Where(static name => name.Contains('/')).SelectMany(Expand))
            Assert.True(Exists(Path.Combine(root, "src", path)), $"BEP {bep}: there is no src/{path}");
        foreach (string name in NamesIn(tests))
        {
            bool isThere = name.Contains('/') || name.EndsWith(".Tests", StringComparison.Ordinal)
                ? Expand(name).All(path => Exists(Path.Combine(root, "tests", path)) || Exists(Path.Combine(root, path)))
                : TestFiles.Contains(name + ".cs");
            Assert.True(isThere, $"BEP {bep}: there is no test {name}");
        }
    }

    [Fact]
    public void The_table_has_rows() => Assert.True(Rows.Count > 20);

    private static HashSet<string> TestFiles { get; } =
    [
        .. new[] { "tests", "interop" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*Tests.cs", SearchOption.AllDirectories))
            .Select(static path => Path.GetFileName(path)),
    ];

    private static IEnumerable<string> NamesIn(string cell) => Names().Matches(cell).Select(static match => match.Groups[1].Value);

    // A/{B,C}.cs stands for both.
    private static IEnumerable<string> Expand(string path)
    {
        int open = path.IndexOf('{'), close = path.IndexOf('}');
        return open < 0 ? [path] : path[(open + 1)..close].Split(',').Select(part => path[..open] + part + path[(close + 1)..]);
    }

    private static bool Exists(string path) => path.Contains('*')
        ? Directory.Exists(Path.GetDirectoryName(path)) && Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(path)!, Path.GetFileName(path)).Any()
        : Path.Exists(path);

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("There is no Spate.slnx above the tests.");
        return folder;
    }
}
