namespace Spate.Interop.Tests.Programs;

/// <summary>Fifty libtorrent nodes for all tests that need a DHT: it takes them some seconds to find each other.</summary>
public sealed class LibtorrentNetwork : IAsyncLifetime
{
    /// <summary>The collection of tests that share it.</summary>
    public const string Name = "A DHT of libtorrent nodes";

    internal LibtorrentDht Nodes { get; private set; } = null!;

    public async Task InitializeAsync() => Nodes = await LibtorrentDht.StartAsync(50);

    public async Task DisposeAsync() => await Nodes.DisposeAsync();

    [CollectionDefinition(Name)]
    public sealed class Definition : ICollectionFixture<LibtorrentNetwork>;
}
