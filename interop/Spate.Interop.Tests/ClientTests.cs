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
    [InlineData(Meeting.TheyDial)]
    public Task We_download_from_it_through_opentracker(Meeting meeting) => Transfers.DownloadAsync(client, Shape.Single, meeting);

    [Theory]
    [InlineData(Meeting.HttpTracker)]
    [InlineData(Meeting.UdpTracker)]
    [InlineData(Meeting.TheyDial)]
    public Task We_seed_to_it_through_opentracker(Meeting meeting) => Transfers.SeedAsync(client, Shape.Single, meeting);
}

public class LibtorrentTests() : ClientTests(Client.Libtorrent);

public class TransmissionTests() : ClientTests(Client.Transmission);

public class Aria2Tests() : ClientTests(Client.Aria2);
