using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>One client of somebody else and us, connected by us.</summary>
public class PairTests
{
    public static TheoryData<Client, Shape> Pairs() => Transfers.EachClient(Shape.Single, Shape.Multi);

    [Theory]
    [MemberData(nameof(Pairs))]
    public Task We_download_from(Client client, Shape shape) => Transfers.DownloadAsync(client, shape);

    [Theory]
    [MemberData(nameof(Pairs))]
    public Task We_seed_to(Client client, Shape shape) => Transfers.SeedAsync(client, shape);
}

/// <summary>The same with 20,000 small files.</summary>
public class ManyFilesTests
{
    [Theory]
    [InlineData(Client.Libtorrent)]
    [InlineData(Client.Transmission)]
    [InlineData(Client.Aria2)]
    public Task We_download_from(Client client) => Transfers.DownloadAsync(client, Shape.ManyFiles);

    [Theory]
    [InlineData(Client.Libtorrent)]
    [InlineData(Client.Transmission)]
    [InlineData(Client.Aria2)]
    public Task We_seed_to(Client client) => Transfers.SeedAsync(client, Shape.ManyFiles);
}
