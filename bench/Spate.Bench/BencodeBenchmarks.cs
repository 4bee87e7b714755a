using BenchmarkDotNet.Attributes;
using Spate.Protocol.Bencode;

namespace Spate.Bench;

/// <summary>Checking, walking and writing bencode: a DHT packet, and a torrent of 20,000 files (120,000 tokens).</summary>
[MemoryDiagnoser]
public class BencodeBenchmarks
{
    private readonly byte[] torrent = SampleTorrent.Many(20_000);
    private readonly BencodeWriter writer = new();
    private byte[] packet = [];

    [GlobalSetup]
    public void Setup()
    {
        Write();
        packet = writer.ToArray();
    }

    /// <summary>A get_peers query, written into a buffer that is kept.</summary>
    [Benchmark]
    public int Write()
    {
        writer.Clear();
        writer.BeginDictionary()
            .Key("a"u8).BeginDictionary().Bytes("id"u8, "abcdefghij0123456789"u8).Bytes("info_hash"u8, "mnopqrstuvwxyz123456"u8).End()
            .Bytes("q"u8, "get_peers"u8).Bytes("t"u8, "aa"u8).Bytes("v"u8, "SP01"u8).Bytes("y"u8, "q"u8)
            .End();
        return writer.Length;
    }

    /// <summary>The same query checked, and its five fields found.</summary>
    [Benchmark]
    public int ReadPacket()
    {
        BencodeReader.TryOpen(packet, BencodeLimits.Dht, out BencodeReader reader, out _);
        reader.TryFindKey("t"u8, out BencodeReader t);
        reader.TryFindKey("q"u8, out BencodeReader q);
        reader.TryFindKey("a"u8, out BencodeReader a);
        a.TryFindKey("id"u8, out BencodeReader id);
        a.TryFindKey("info_hash"u8, out BencodeReader hash);
        t.TryReadBytes(out ReadOnlySpan<byte> transaction);
        q.TryReadBytes(out ReadOnlySpan<byte> query);
        id.TryReadBytes(20, out ReadOnlySpan<byte> sender);
        hash.TryReadBytes(20, out ReadOnlySpan<byte> target);
        return transaction.Length + query.Length + sender.Length + target.Length;
    }

    /// <summary>The syntax of the torrent.</summary>
    [Benchmark]
    public bool Check() => BencodeReader.TryOpen(torrent, BencodeLimits.Torrent, out _, out _);

    /// <summary>The syntax, and the sum of its files' lengths.</summary>
    [Benchmark]
    public long Walk()
    {
        BencodeReader.TryOpen(torrent, BencodeLimits.Torrent, out BencodeReader reader, out _);
        reader.TryFindKey("info"u8, out BencodeReader info);
        info.TryFindKey("files"u8, out BencodeReader files);
        long sum = 0;
        files.TryEnterList();
        while (!files.TryLeave())
        {
            files.TryFindKey("length"u8, out BencodeReader length);
            length.TryReadInt64(out long value);
            sum += value;
            files.Skip();
        }
        return sum;
    }
}
