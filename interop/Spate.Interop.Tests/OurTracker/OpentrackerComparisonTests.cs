using System.Net;
using System.Net.Sockets;
using System.Text;
using Spate.Interop.Tests.Programs;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Trackers;

namespace Spate.Interop.Tests.OurTracker;

/// <summary>
/// The same announces and scrapes sent to opentracker and to us, and their answers compared field by field. Where we differ on
/// purpose: we do not hand a client itself, we hand seeds no seeds, and we say more (external ip, downloaders).
/// </summary>
public class OpentrackerComparisonTests
{
    private static readonly Sha1Hash hash = Sha1Hash.Of("compared"u8);

    private static AnnounceRequest Request(int port, long left, AnnounceEvent why = AnnounceEvent.None) => new()
    {
        InfoHash = hash, PeerId = new PeerId(Encoding.ASCII.GetBytes($"-SP0100-{port,12}".Replace(' ', '0'))), Port = (ushort)port, Left = left, Event = why,
    };

    // A story in which every kind of announce occurs.
    private static readonly AnnounceRequest[] story =
    [
        Request(1001, 50, AnnounceEvent.Started),
        Request(1002, 0, AnnounceEvent.Started),
        Request(1003, 9, AnnounceEvent.Started) with { NumWant = 50 },
        Request(1001, 20),
        Request(1001, 0, AnnounceEvent.Completed),
        Request(1003, 9) with { NumWant = 1 },
        Request(1003, 9) with { NumWant = 0 },
        Request(1002, 0, AnnounceEvent.Stopped),
        Request(1003, 0, AnnounceEvent.Completed),
        Request(1004, 5, AnnounceEvent.Started),
        Request(1001, 0, AnnounceEvent.Stopped),
        Request(1004, 5),
    ];

    [Fact]
    public Task Over_HTTP() => CompareAsync(async (theirs, ours) =>
    {
        using var http = new HttpClient();
        foreach (AnnounceRequest request in story)
        {
            Dictionary<string, object> a = Decode(await http.GetByteArrayAsync(HttpAnnounceQuery.AppendTo($"http://{theirs.Http}/announce", request)));
            Dictionary<string, object> b = Decode(await http.GetByteArrayAsync(HttpAnnounceQuery.AppendTo($"http://{ours.Http}/announce", request)));
            Assert.Empty(a.Keys.Except(b.Keys));
            foreach (string count in new[] { "complete", "incomplete", "downloaded" }.Where(a.ContainsKey)) Assert.Equal(a[count], b[count]);
            foreach (string interval in new[] { "interval", "min interval" }) AssertInterval((long)a[interval], (long)b[interval]);
            AssertPeers(request, (byte[])a["peers"], (byte[])b["peers"]);
            string[] more = request.Event == AnnounceEvent.Stopped ? ["downloaded", "external ip"] : ["external ip"];
            Assert.Equal(more, b.Keys.Except(a.Keys));

            a = Decode(await http.GetByteArrayAsync(HttpAnnounceQuery.AppendTo($"http://{theirs.Http}/scrape", [hash])));
            b = Decode(await http.GetByteArrayAsync(HttpAnnounceQuery.AppendTo($"http://{ours.Http}/scrape", [hash])));
            var inA = (Dictionary<string, object>)((Dictionary<string, object>)a["files"]).Single().Value;
            var inB = (Dictionary<string, object>)((Dictionary<string, object>)b["files"]).Single().Value;
            foreach ((string key, object value) in inA) Assert.Equal(value, inB[key]);
            Assert.Equal(["downloaders"], inB.Keys.Except(inA.Keys));
        }
    });

    [Fact]
    public Task Over_UDP() => CompareAsync((theirs, ours) =>
    {
        using var a = new UdpExchange(theirs.Udp);
        using var b = new UdpExchange(ours.Udp);
        foreach (AnnounceRequest request in story)
        {
            byte[] inA = a.Announce(request), inB = b.Announce(request);
            Assert.Equal(inA[..8], inB[..8]);       // action and transaction
            AssertInterval(ReadInt(inA, 8), ReadInt(inB, 8));
            Assert.Equal(inA[12..20], inB[12..20]); // leechers and seeders
            AssertPeers(request, inA[20..], inB[20..]);
            Assert.Equal(a.Scrape(), b.Scrape());   // byte for byte
        }
        return Task.CompletedTask;
    });

    [Fact]
    public Task What_is_wrong_is_refused_by_both() => CompareAsync(async (theirs, ours) =>
    {
        using var http = new HttpClient();
        foreach (string query in new[] { "", "?port=1", "?info_hash=short&port=1&peer_id=aaaaaaaaaaaaaaaaaaaa" })
        {
            foreach (IPEndPoint tracker in new[] { theirs.Http, ours.Http })
            {
                using HttpResponseMessage response = await http.GetAsync($"http://{tracker}/announce{query}");
                byte[] content = await response.Content.ReadAsByteArrayAsync();
                bool isFailure = !response.IsSuccessStatusCode || Decode(content).ContainsKey("failure reason");
                Assert.True(isFailure, $"{tracker} took '{query}'");
            }
        }
    });

    // opentracker's intervals are its own; the same order of magnitude is what a client needs.
    private static void AssertInterval(long theirs, long ours) => Assert.InRange(ours, theirs / 3, theirs * 3);

    private static void AssertPeers(AnnounceRequest request, byte[] theirs, byte[] ours)
    {
        var a = new List<IPEndPoint>();
        var b = new List<IPEndPoint>();
        CompactPeers.Read(theirs, false, 100, a);
        CompactPeers.Read(ours, false, 100, b);
        Assert.DoesNotContain(b, peer => peer.Port == request.Port);
        a.RemoveAll(peer => peer.Port == request.Port);
        if (request.NumWant is < 2) // who is chosen is chance
        {
            Assert.True(b.Count <= request.NumWant);
            return;
        }
        // By their ports: the two trackers are at different addresses, and so see us come from different ones.
        IEnumerable<int> inA = a.Select(peer => peer.Port).Order(), inB = b.Select(peer => peer.Port).Order();
        if (request.Left == 0) Assert.Empty(inB.Except(inA));
        else Assert.Equal(inA, inB);
    }

    private static Task CompareAsync(Func<(IPEndPoint Http, IPEndPoint Udp), (IPEndPoint Http, IPEndPoint Udp), Task> compare) => Scene.RunAsync(async scene =>
    {
        Opentracker theirs = await Opentracker.StartAsync(scene, hash);
        TrackerScene ours = await TrackerScene.StartAsync(scene, IPAddress.Loopback);
        await compare(
            (IPEndPoint.Parse(new Uri(theirs.HttpUrl).Authority), IPEndPoint.Parse(new Uri(theirs.UdpUrl).Authority)),
            (ours.Server.HttpEndPoints[0], ours.Server.UdpEndPoints[0]));
    });

    private static int ReadInt(byte[] bytes, int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));

    private static Dictionary<string, object> Decode(byte[] content)
    {
        Assert.True(BencodeReader.TryOpen(content, BencodeLimits.Dht, out BencodeReader reader, out BencodeFault fault), $"{fault}: {Encoding.Latin1.GetString(content)}");
        return (Dictionary<string, object>)Value(ref reader);
    }

    private static object Value(ref BencodeReader reader)
    {
        if (reader.TryReadInt64(out long number)) return number;
        if (reader.TryReadBytes(out ReadOnlySpan<byte> bytes)) return bytes.ToArray();
        Assert.True(reader.TryEnterDictionary());
        var dictionary = new Dictionary<string, object>();
        while (reader.TryReadKey(out ReadOnlySpan<byte> key)) dictionary[Encoding.Latin1.GetString(key)] = Value(ref reader);
        return dictionary;
    }

    private sealed class UdpExchange : IDisposable
    {
        private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        private readonly byte[] buffer = new byte[2048];
        private readonly ulong connection;

        public UdpExchange(IPEndPoint tracker)
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Connect(tracker);
            byte[] packet = new byte[16];
            UdpRequestWriter.WriteConnect(packet, 5);
            Assert.True(UdpAnswer.TryRead(Exchange(packet), out UdpAnswer answer) && answer.TryReadConnect(out connection));
        }

        public byte[] Announce(AnnounceRequest request)
        {
            byte[] packet = new byte[98];
            UdpRequestWriter.WriteAnnounce(packet, connection, 7, request);
            return Exchange(packet);
        }

        public byte[] Scrape()
        {
            byte[] packet = new byte[36];
            UdpRequestWriter.WriteScrape(packet, connection, 8, [hash]);
            return Exchange(packet);
        }

        public void Dispose() => socket.Dispose();

        private byte[] Exchange(byte[] packet)
        {
            socket.Send(packet);
            return buffer[..socket.Receive(buffer)];
        }
    }
}
