using System.CommandLine;
using Spate.Api;

namespace Spate.Cli.Remote;

/// <summary>The options that choose torrents by what they are.</summary>
internal sealed class TorrentFilters
{
    private readonly Option<StateFilter?> state = Choice.Of<StateFilter>("--state", "Only those that are so", "STATE");

    private readonly Option<string> category = new("--category") { Description = "Only those of this category (empty: of none)", HelpName = "NAME" };

    private readonly Option<string> tag = new("--tag") { Description = "Only those with this tag (empty: without any)", HelpName = "NAME" };

    private readonly Option<string> tracker = new("--tracker") { Description = "Only those of the tracker on this host", HelpName = "HOST" };

    private readonly Option<string> text = new("--match") { Description = "Only those whose names hold these words", HelpName = "WORDS" };

    /// <summary>Makes the options part of a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { state, category, tag, tracker, text }) command.Add(option);
    }

    /// <summary>What they say.</summary>
    public TorrentFilter Read(CommandContext context) => new()
    {
        State = context.Get(state), Category = context.Get(category), Tag = context.Get(tag), Tracker = context.Get(tracker), Text = context.Get(text),
    };

    /// <summary>True when one of them was given.</summary>
    public bool IsGiven(CommandContext context) => Read(context) != new TorrentFilter();
}
