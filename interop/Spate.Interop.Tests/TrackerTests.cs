using Spate.Interop.Tests.Content;
using Spate.Interop.Tests.Programs;

namespace Spate.Interop.Tests;

/// <summary>One client of somebody else and us, who meet through opentracker.</summary>
public class TrackerTests
{
    public static TheoryData<Client, Meeting> Meetings() => Transfers.EachClient(Meeting.HttpTracker, Meeting.UdpTracker, Meeting.TheyDial);

    [Theory]
    [MemberData(nameof(Meetings))]
    public Task We_download_from(Client client, Meeting meeting) => Transfers.DownloadAsync(client, Shape.Single, meeting);

    [Theory]
    [MemberData(nameof(Meetings))]
    public Task We_seed_to(Client client, Meeting meeting) => Transfers.SeedAsync(client, Shape.Single, meeting);
}
