[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// The programs need the cores more than further tests do.
[assembly: Xunit.CollectionBehavior(MaxParallelThreads = 2)]
