using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Spate.Protocol.Trackers;
using static Spate.Tracker.Tests.Server.TestTracker;

namespace Spate.Tracker.Tests.Server;

public sealed class TlsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("spate-tracker-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string CertificateFile => Path.Combine(folder, "cert.pem");

    private string KeyFile => Path.Combine(folder, "key.pem");

    private string WriteCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    private Task<TestTracker> StartAsync(Func<TrackerOptions, TrackerOptions>? change = null) => TestTracker.StartAsync(o =>
    {
        o = o with { TlsPort = 0, CertificateFile = CertificateFile, CertificateKeyFile = KeyFile };
        return change is null ? o : change(o);
    });

    private static async Task<(AnnounceAnswer Answer, string Thumbprint)> AnnounceAsync(TestTracker tracker, int port)
    {
        string thumbprint = "";
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, seen, _, _) => (thumbprint = ((X509Certificate2)seen!).Thumbprint).Length > 0 },
        });
        byte[] content = await client.GetByteArrayAsync(HttpAnnounceQuery.AppendTo($"https://{tracker.Server.TlsEndPoints[0]}/announce", Request("t", port)));
        Assert.True(HttpAnnounceAnswer.TryRead(content, 10, out AnnounceAnswer answer, out _));
        return (answer, thumbprint);
    }

    [Fact]
    public async Task Announces_over_TLS_meet_the_same_swarm_and_a_new_certificate_takes_over()
    {
        string first = WriteCertificate("one");
        var log = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using TestTracker tracker = await StartAsync(o => o with { Log = log.Enqueue });
        tracker.AnnounceUdp(Request("t", 1));
        (AnnounceAnswer answer, string thumbprint) = await AnnounceAsync(tracker, 2);
        Assert.Equal(first, thumbprint);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 1)], answer.Peers);

        string second = WriteCertificate("two");
        Assert.True(tracker.Server.Reload());
        Assert.Equal(second, (await AnnounceAsync(tracker, 3)).Thumbprint);
        File.WriteAllText(KeyFile, "no key");
        Assert.False(tracker.Server.Reload());
        Assert.Equal(second, (await AnnounceAsync(tracker, 3)).Thumbprint);
        Assert.Contains(log, line => line.Contains("stays in force"));
    }

    [Fact]
    public async Task What_is_no_TLS_is_dropped_and_others_go_on()
    {
        WriteCertificate("one");
        await using TestTracker tracker = await StartAsync();
        await ExchangeAsync(tracker.Server.TlsEndPoints[0], "GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        await AnnounceAsync(tracker, 1);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_told_at_the_start()
    {
        IOException missing = await Assert.ThrowsAsync<FileNotFoundException>(() => StartAsync());
        Assert.Contains("cert.pem", missing.Message);
        File.WriteAllText(CertificateFile, "nothing");
        File.WriteAllText(KeyFile, "nothing");
        await Assert.ThrowsAsync<IOException>(() => StartAsync());
    }

    [Fact]
    public async Task WebTorrent_clients_are_served_over_TLS_too()
    {
        WriteCertificate("one");
        await using TestTracker tracker = await StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = (_, seen, _, _) => seen!.Subject == "CN=one";
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await socket.ConnectAsync(new Uri($"wss://{tracker.Server.TlsEndPoints[0]}/announce"), patience.Token);
        await socket.SendAsync(
            """{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"bbbbbbbbbbbbbbbbbbbb","left":5}"""u8.ToArray(), WebSocketMessageType.Text, true, patience.Token);
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.Contains("\"incomplete\":1", System.Text.Encoding.UTF8.GetString(buffer, 0, result.Count));
        Assert.Equal(1, tracker.Server.Status.Leechers);
    }

    [Fact]
    public async Task The_proxy_protocol_comes_before_TLS()
    {
        WriteCertificate("one");
        await using TestTracker tracker = await StartAsync(o => o with { ProxyProtocol = true, TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")] });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(tracker.Server.TlsEndPoints[0]);
        await socket.SendAsync(new byte[] { 0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12, 9, 8, 7, 6, 1, 1, 1, 1, 0, 1, 0, 2 });
        await using var tls = new SslStream(new NetworkStream(socket), false, (_, seen, _, _) => seen!.Subject == "CN=one");
        await tls.AuthenticateAsClientAsync("x");
        await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {HttpAnnounceQuery.AppendTo("/announce", Request("t", 1))} HTTP/1.1\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(tls, System.Text.Encoding.Latin1);
        Assert.Contains("11:external ip4:\x09\x08\x07\x06", await reader.ReadToEndAsync());
    }
}
