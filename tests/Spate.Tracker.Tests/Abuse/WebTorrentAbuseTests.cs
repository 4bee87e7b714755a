using Spate.Tracker.WebTorrent;

namespace Spate.Tracker.Tests.Abuse;

public class WebTorrentAbuseTests
{
    [Fact]
    public void What_waits_for_a_client_that_does_not_read_is_bounded()
    {
        var memory = new OutboxMemory(1 << 20);
        var peers = Enumerable.Range(0, 20).Select(_ => new WebTorrentPeer(memory)).ToList();
        foreach (WebTorrentPeer peer in peers)
        {
            for (int i = 0; i < 100; i++) peer.Send(new byte[100_000]);
        }
        Assert.InRange(memory.Used, 900_000, 1 << 20); // two for each of five clients; then all together have enough
        Assert.Equal(2, Read(peers[0]));
        Assert.Equal(0, Read(peers[19]));
        peers[19].Send(new byte[50_000]); // room came back
        Assert.Equal(1, Read(peers[19]));
        foreach (WebTorrentPeer peer in peers) peer.DropOutbox();
        peers[0].Send(new byte[10]); // nobody is there any more
        Assert.Equal(0, memory.Used);
    }

    private static int Read(WebTorrentPeer peer)
    {
        int count = 0;
        while (peer.Outbox.TryRead(out byte[]? message))
        {
            peer.Sent(message);
            count++;
        }
        return count;
    }
}
