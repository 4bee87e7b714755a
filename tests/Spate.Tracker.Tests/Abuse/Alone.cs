namespace Spate.Tracker.Tests.Abuse;

/// <summary>Tests that take thousands of connections or all of a core run when no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
