using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Spate.Tests;

/// <summary>What ARCHITECTURE.md says of projects and names, held against the sources as they are.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> mayReference = new()
    {
        ["Spate.Protocol"] = [],
        ["Spate.Engine"] = ["Spate.Protocol"],
        ["Spate"] = ["Spate.Engine"],
        ["Spate.Simulation"] = ["Spate.Engine"],
        ["Spate.Tracker"] = ["Spate.Protocol"],
        ["Spate.Api"] = [],
        ["Spate.Daemon"] = ["Spate", "Spate.Tracker", "Spate.Api"],
        ["Spate.Cli"] = ["Spate", "Spate.Tracker", "Spate.Api", "Spate.Daemon"],
    };

    private static readonly string root = FindRoot();

    [Fact]
    public void Projects_reference_only_what_lies_below_them()
    {
        string[] projects = Directory.GetFiles(Path.Combine(root, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.NotEmpty(projects);
        foreach (string file in projects)
        {
            string name = Path.GetFileNameWithoutExtension(file);
            Assert.True(mayReference.TryGetValue(name, out string[]? allowed), $"{name} is not in the map of projects.");
            var references = XDocument.Load(file).Descendants("ProjectReference").Select(e => Path.GetFileNameWithoutExtension(e.Attribute("Include")!.Value.Replace('\\', '/')));
            Assert.All(references, reference => Assert.True(allowed.Contains(reference), $"{name} must not know {reference}."));
        }
    }

    [Fact]
    public void The_engine_and_the_protocol_need_no_package_at_run_time()
    {
        foreach (string name in (string[])["Spate.Protocol", "Spate.Engine", "Spate"])
        {
            string[] files = [Path.Combine(root, "src", name, name + ".csproj"), Path.Combine(root, "src", "Directory.Build.props"), Path.Combine(root, "Directory.Build.props")];
            var packages = files.SelectMany(file => XDocument.Load(file).Descendants("PackageReference")).Where(e => e.Attribute("PrivateAssets")?.Value != "all");
            Assert.Empty(packages);
        }
    }

    [Fact]
    public void The_protocol_has_no_async_no_clock_no_chance_and_no_sockets() =>
        Assert.Empty(Sources("Spate.Protocol").SelectMany(file => Finds(file, WorldOutside())));

    [Fact]
    public void Types_are_named_by_what_they_are() =>
        Assert.Empty(mayReference.Keys.SelectMany(Sources).SelectMany(file => Finds(file, EmptyName())));

    private static IEnumerable<string> Sources(string project)
    {
        string folder = Path.Combine(root, "src", project);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Where(file => !Path.GetRelativePath(folder, file).StartsWith("obj", StringComparison.Ordinal))
            : [];
    }

    private static IEnumerable<string> Finds(string file, Regex pattern) =>
        File.ReadLines(file).Select((line, i) => (Text: line, Number: i + 1)).Where(line => pattern.IsMatch(Comment().Replace(line.Text, "")))
            .Select(line => $"{Path.GetRelativePath(root, file)}:{line.Number}: {line.Text.Trim()}");

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Spate.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("These tests run from a checkout of the repository.");
    }

    [GeneratedRegex(@"\basync\b|\bawait\b|\bSocket\b|\bHttpClient\b|\bStopwatch\b|\bDateTime(Offset)?\.(Utc)?Now\b|\bRandom\.Shared\b|\bnew Random\b|\bFile\.|\bThread\b")]
    private static partial Regex WorldOutside();

    [GeneratedRegex(@"\b(class|record|struct|interface)\s+\w*(Manager|Helper|Helpers|Utils|Utility|Service|Base)\b")]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"^\s*//.*$")]
    private static partial Regex Comment();
}
