using Spate.Protocol;

namespace Spate.Cli.Terminal;

/// <summary>Prints the files of a torrent as a tree, in the torrent's order.</summary>
internal static class FileListing
{
    private sealed class Node(string name)
    {
        public string Name { get; } = name;
        public MetainfoFile? File { get; set; }
        public long Length { get; set; }
        public List<Node> Children { get; } = [];
        public Dictionary<string, Node> Folders { get; } = [];
    }

    /// <summary>Prints the tree; padding is left out.</summary>
    public static void Print(TextSink sink, Metainfo torrent)
    {
        var root = new Node("");
        foreach (MetainfoFile file in torrent.Files)
        {
            if (!file.IsPadding) Add(root, file);
        }
        // With a stack of our own: a torrent's folders can be nested a hundred deep, and drawn depth first.
        var waiting = new Stack<(Node Node, string Before, bool IsLast, bool IsTop)>();
        foreach (Node top in Enumerable.Reverse(root.Children)) waiting.Push((top, "", true, true));
        while (waiting.TryPop(out (Node Node, string Before, bool IsLast, bool IsTop) item))
        {
            string branch = item.IsTop ? "" : item.IsLast ? "└── " : "├── ";
            PrintNode(sink, item.Node, item.Before + branch);
            string below = item.IsTop ? "" : item.Before + (item.IsLast ? "    " : "│   ");
            for (int i = item.Node.Children.Count - 1; i >= 0; i--)
                waiting.Push((item.Node.Children[i], below, i == item.Node.Children.Count - 1, false));
        }
    }

    private static void PrintNode(TextSink sink, Node node, string before)
    {
        if (node.File is not { } file)
        {
            sink.Line($"{before}{sink.Bold(node.Name + "/")}  {sink.Dim(ByteSize.Show(node.Length))}");
            return;
        }
        string marks = (file.LinkTarget is { } target ? " -> " + target : "") + (file.IsExecutable ? " (executable)" : "") + (file.IsHidden ? " (hidden)" : "");
        // The name in the torrent, where it cannot be stored so.
        string original = file.Path != file.OriginalPath ? $" (named {file.OriginalPath})" : "";
        sink.Line($"{before}{node.Name}{marks}  {sink.Dim(ByteSize.Show(file.Length))}{original}");
    }

    private static void Add(Node root, MetainfoFile file)
    {
        Node at = root;
        at.Length += file.Length;
        string[] names = file.Path.Split('/');
        foreach (string name in names[..^1])
        {
            if (!at.Folders.TryGetValue(name, out Node? folder))
            {
                at.Folders.Add(name, folder = new Node(name));
                at.Children.Add(folder);
            }
            folder.Length += file.Length;
            at = folder;
        }
        at.Children.Add(new Node(names[^1]) { File = file });
    }
}
