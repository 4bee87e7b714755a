using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>What is tried with every client, in both directions. The tests of different clients run beside each other.</summary>
public abstract class ClientTests(Client client)
{
    [Theory]
    [InlineData(Shape.Single)]
    [InlineData(Shape.Multi)]
    [InlineData(Shape.ManyFiles)]
    public Task We_download_from_it(Shape shape) => Transfers.DownloadAsync(client, shape, Meeting.WeDial);

    [Theory]
    [InlineData(Shape.Single)]
    [InlineData(Shape.Multi)]
    [InlineData(Shape.ManyFiles)]
    public Task We_seed_to_it(Shape shape) => Transfers.SeedAsync(client, shape, Meeting.WeDial);

    [Theory]
    [InlineData(Meeting.HttpTracker)]
    [InlineData(Meeting.UdpTracker)]
    public Task We_find_it_through_opentracker_and_download(Meeting meeting) => Transfers.DownloadAsync(client, Shape.Single, meeting);

    [Theory]
    [InlineData(Meeting.HttpTracker)]
    [InlineData(Meeting.UdpTracker)]
    public Task We_find_it_through_opentracker_and_seed(Meeting meeting) => Transfers.SeedAsync(client, Shape.Single, meeting);

    [FactWhereAddressesLookGlobal]
    public Task It_finds_us_through_opentracker_and_seeds() => Transfers.DownloadAsync(client, Shape.Single, Meeting.TheyDial);

    [FactWhereAddressesLookGlobal]
    public Task It_finds_us_through_opentracker_and_downloads() => Transfers.SeedAsync(client, Shape.Single, Meeting.TheyDial);
}

public class LibtorrentTests() : ClientTests(Client.Libtorrent);

public class TransmissionTests() : ClientTests(Client.Transmission);

public class Aria2Tests() : ClientTests(Client.Aria2);

/// <summary>A test in which others take our address from a tracker: Transmission takes none of 127/8.</summary>
public sealed class FactWhereAddressesLookGlobalAttribute : FactAttribute
{
    public FactWhereAddressesLookGlobalAttribute()
    {
        if (!Addresses.LookGlobal) Skip = "Needs a network namespace with 198.18/16 on the loopback, which ./test makes when it runs as root.";
    }
}
