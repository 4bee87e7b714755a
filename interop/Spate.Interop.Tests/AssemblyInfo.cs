[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

// A test class for each client, and all of them at once: most of their time they wait for the other program.
[assembly: Xunit.CollectionBehavior(MaxParallelThreads = 4)]
