using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Spate.Protocol;
using Spate.Protocol.Bencode;
using Spate.Protocol.Dht;

namespace Spate.Engine.Tests.Dht;

public class KrpcTests
{
    private static readonly Sha1Hash a = new("abcdefghij0123456789"u8), b = new("mnopqrstuvwxyz123456"u8);
    private static readonly IPEndPoint asker = new(IPAddress.Parse("1.2.3.4"), 0x1ae1);
    private const string Ip = "2:ip6:\u0001\u0002\u0003\u0004\u001a\u00e1";

    [Fact]
    public void Queries_are_those_of_the_BEP()
    {
        Assert.Equal("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe", Text(new KrpcQuery { Method = KrpcMethod.Ping, Id = a }));
        Assert.Equal(
            "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe",
            Text(new KrpcQuery { Method = KrpcMethod.FindNode, Id = a, Target = b }));
        Assert.Equal(
            "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe",
            Text(new KrpcQuery { Method = KrpcMethod.GetPeers, Id = a, Target = b }));
        Assert.Equal(
            "d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe",
            Text(new KrpcQuery { Method = KrpcMethod.AnnouncePeer, Id = a, Target = b, ImpliedPort = true, Port = 6881, Token = "aoeusnth"u8 }));
    }

    [Fact]
    public void Extensions_have_their_keys_in_order()
    {
        Assert.Equal(
            "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234566:noseedi1e6:scrapei1e4:wantl2:n42:n6ee1:q9:get_peers2:roi1e1:t2:aa1:y1:qe",
            Text(new KrpcQuery
            {
                Method = KrpcMethod.GetPeers, Id = a, Target = b, NoSeed = true, WantsScrape = true, Want = KrpcWant.V4 | KrpcWant.V6, IsReadOnly = true,
            }));
        string key = new('k', 32), signature = new('s', 64);
        Assert.Equal(
            $"d1:ad3:casi1e2:id20:abcdefghij01234567891:k32:{key}4:salt1:x3:seqi2e3:sig64:{signature}5:token2:tt1:vi7ee1:q3:put1:t2:aa1:y1:qe",
            Text(new KrpcQuery
            {
                Method = KrpcMethod.Put, Id = a, Cas = 1, PublicKey = Bytes(key), Salt = "x"u8, Sequence = 2, Signature = Bytes(signature),
                Token = "tt"u8, Value = "i7e"u8,
            }));
        Assert.Equal(
            "d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q17:sample_infohashes1:t2:aa1:y1:qe",
            Text(new KrpcQuery { Method = KrpcMethod.SampleInfohashes, Id = a, Target = b }));
    }

    [Fact]
    public void Replies_are_those_of_the_BEP_with_the_askers_address()
    {
        Assert.Equal($"d{Ip}1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re", Text(new KrpcReply { Id = b }));
        Assert.Equal(
            $"d{Ip}1:rd2:id20:abcdefghij01234567895:nodes26:mnopqrstuvwxyz123456\u0001\u0002\u0003\u0004\u001a\u00e15:token8:aoeusnth6:valuesl6:\u0001\u0002\u0003\u0004\u001a\u00e1ee1:t2:aa1:y1:re",
            Text(new KrpcReply { Id = a, Nodes = [new NodeInfo(b, asker)], Token = "aoeusnth"u8, Peers = [asker] }));
        Assert.Equal(
            $"d{Ip}1:rd2:id20:abcdefghij01234567898:intervali9e5:nodes0:6:nodes60:3:numi1e7:samples20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re",
            Text(new KrpcReply { Id = a, Interval = 9, Count = 1, Samples = [b], Nodes = [], Nodes6 = [] }));
        var writer = new BencodeWriter();
        KrpcReply.WriteError(writer, "aa"u8, default, asker, 201, "A Generic Error Ocurred"u8);
        Assert.Equal($"d1:eli201e23:A Generic Error Ocurrede{Ip}1:t2:aa1:y1:ee", Encoding.Latin1.GetString(writer.Written));
    }

    [Fact]
    public void Reads_what_the_BEP_shows()
    {
        Assert.True(KrpcMessage.TryRead("d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe"u8, out KrpcMessage query));
        Assert.Equal((KrpcKind.Query, KrpcMethod.AnnouncePeer, 6881L, true), (query.Kind, query.Method, query.Port!.Value, query.ImpliedPort));
        Assert.True(query.Id.SequenceEqual(a.AsSpan()) && query.Target.SequenceEqual(b.AsSpan()));
        Assert.True(query.Token.SequenceEqual("aoeusnth"u8) && query.TransactionId.SequenceEqual("aa"u8));

        Assert.True(KrpcMessage.TryRead("d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re"u8, out KrpcMessage reply));
        var peers = new List<IPEndPoint>();
        reply.ReadPeers(10, peers);
        Assert.Equal(KrpcKind.Response, reply.Kind);
        Assert.Equal(["97.120.106.101:11893", "105.100.104.116:28269"], peers.Select(p => p.ToString()));

        Assert.True(KrpcMessage.TryRead("d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"u8, out KrpcMessage error));
        Assert.Equal((KrpcKind.Error, 201), (error.Kind, error.ErrorCode));
        Assert.True(error.ErrorText.SequenceEqual("A Generic Error Ocurred"u8));

        // As libtorrent refuses: with its id beside the reason.
        Assert.True(KrpcMessage.TryRead("d1:eli302e3:olde1:rd2:id20:abcdefghij0123456789e1:t2:aa1:y1:ee"u8, out error));
        Assert.Equal(302, error.ErrorCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("i1e")]
    [InlineData("de")]
    [InlineData("d1:t2:aa1:y1:qe")] // no body
    [InlineData("d1:ade1:q4:ping1:y1:qe")] // no transaction
    [InlineData("d1:ade1:q4:ping1:t0:1:y1:qe")]
    [InlineData("d1:ade1:q4:ping1:t2:aae")] // no kind
    [InlineData("d1:ade1:q4:ping1:t2:aa1:y1:xe")]
    [InlineData("d1:ade1:q4:ping1:t33:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1:y1:qe")]
    [InlineData("d1:ale1:q4:ping1:t2:aa1:y1:qe")]
    public void Refuses_what_is_no_message(string text) => Assert.False(KrpcMessage.TryRead(Bytes(text), out _));

    [Fact]
    public void Fields_of_the_wrong_type_or_length_count_as_missing()
    {
        Assert.True(KrpcMessage.TryRead(
            "d1:ad2:id19:abcdefghij0123456786:target21:mnopqrstuvwxyz12345674:porti99999999999999999999e5:tokeni1e4:wanti1ee1:q4:junk1:t2:aa1:y1:qe"u8,
            out KrpcMessage query));
        Assert.True(query.Id.IsEmpty && query.Target.IsEmpty && query.Token.IsEmpty);
        Assert.Equal((null, KrpcWant.Unsaid, KrpcMethod.Unknown), (query.Port, query.Want, query.Method));
    }

    [Fact]
    public void A_value_is_kept_as_it_stands()
    {
        Assert.True(KrpcMessage.TryRead("d1:rd2:id20:abcdefghij01234567891:vd1:bi1e1:ai2eee1:t2:aa1:y1:re"u8, out KrpcMessage reply));
        Assert.True(reply.Value.SequenceEqual("d1:bi1e1:ai2ee"u8)); // unsorted: for whoever stores it to refuse
    }

    [Fact]
    public void Node_lists_round_trip()
    {
        NodeInfo[] nodes = [new(a, asker), new(b, new IPEndPoint(IPAddress.Parse("5.6.7.8"), 9))];
        NodeInfo[] nodes6 = [new(a, new IPEndPoint(IPAddress.Parse("2001:db8::1"), 9))];
        byte[] message = Write(new KrpcReply { Id = a, Nodes = nodes, Nodes6 = nodes6 });
        Assert.True(KrpcMessage.TryRead(message, out KrpcMessage reply));
        List<NodeInfo> read = [], read6 = [];
        NodeInfo.Read(reply.Nodes, AddressFamily.InterNetwork, 100, read);
        NodeInfo.Read(reply.Nodes6, AddressFamily.InterNetworkV6, 100, read6);
        Assert.Equal(nodes, read);
        Assert.Equal(nodes6, read6);
        read.Clear();
        NodeInfo.Read(reply.Nodes, AddressFamily.InterNetwork, 1, read);
        Assert.Single(read);
    }

    [Fact]
    public void Any_bytes_are_read_without_an_exception()
    {
        byte[][] seeds =
        [
            Write(new KrpcReply { Id = a, Nodes = [new NodeInfo(b, asker)], Peers = [asker, asker], Token = "x"u8, Value = "le"u8, Sequence = 4 }),
            Bytes(Text(new KrpcQuery { Method = KrpcMethod.Put, Id = a, Target = b, Value = "d1:ai1ee"u8, Want = KrpcWant.V6, Port = 4 })),
        ];
        Prop.ForAll<byte[], (int At, byte Value)[]>((bytes, changes) =>
        {
            Touch(bytes);
            foreach (byte[] seed in seeds)
            {
                byte[] damaged = [.. seed];
                foreach ((int at, byte value) in changes) damaged[(at & int.MaxValue) % damaged.Length] = value;
                Touch(damaged);
            }
        }).QuickCheckThrowOnFailure();

        static void Touch(byte[] bytes)
        {
            if (!KrpcMessage.TryRead(bytes, out KrpcMessage message)) return;
            message.ReadPeers(10, new List<IPEndPoint>());
            NodeInfo.Read(message.Nodes, AddressFamily.InterNetwork, 10, new List<NodeInfo>());
            NodeInfo.Read(message.Nodes6, AddressFamily.InterNetworkV6, 10, new List<NodeInfo>());
        }
    }

    [Fact] // BEP 33
    public void Scrape_filter_vector()
    {
        byte[] filter = new byte[ScrapeFilter.Size];
        for (int i = 0; i < 256; i++) ScrapeFilter.Add(filter, new IPAddress([192, 0, 2, (byte)i]));
        byte[] v6 = IPAddress.Parse("2001:db8::").GetAddressBytes();
        for (int i = 0; i <= 0x3e7; i++)
        {
            (v6[14], v6[15]) = ((byte)(i >> 8), (byte)i);
            ScrapeFilter.Add(filter, new IPAddress(v6));
        }
        Assert.StartsWith("F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAE", Convert.ToHexString(filter));
        Assert.EndsWith("FEEE76B6FD8F72EF", Convert.ToHexString(filter));
        Assert.Equal(1224.9308, ScrapeFilter.Estimate(filter), 0.0001);
    }

    [Fact]
    public void Scrape_filters_unite_and_have_sane_ends()
    {
        byte[] one = new byte[ScrapeFilter.Size], two = new byte[ScrapeFilter.Size], full = new byte[ScrapeFilter.Size];
        Assert.Equal(0, ScrapeFilter.Estimate(one));
        ScrapeFilter.Add(one, IPAddress.Parse("1.1.1.1"));
        ScrapeFilter.Add(two, IPAddress.Parse("2.2.2.2"));
        ScrapeFilter.Unite(one, two);
        Assert.Equal(2, ScrapeFilter.Estimate(one), 0.01);
        full.AsSpan().Fill(255);
        Assert.True(double.IsFinite(ScrapeFilter.Estimate(full)));
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(KrpcQuery query)
    {
        var writer = new BencodeWriter();
        query.Write(writer, "aa"u8, default);
        return Encoding.Latin1.GetString(writer.Written);
    }

    private static byte[] Write(KrpcReply reply)
    {
        var writer = new BencodeWriter();
        reply.Write(writer, "aa"u8, default, asker);
        return writer.ToArray();
    }

    private static string Text(KrpcReply reply) => Encoding.Latin1.GetString(Write(reply));
}
