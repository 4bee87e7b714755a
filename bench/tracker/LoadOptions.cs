using System.Net;

namespace Spate.Bench.Tracker;

/// <summary>What a load is made of.</summary>
internal sealed record LoadOptions
{
    public int Torrents { get; init; } = 100_000;

    public int Peers { get; init; } = 1_000_000;

    /// <summary>Exponent of the torrents' popularity: 0 gives each as many peers, 1 is Zipf's law.</summary>
    public double Zipf { get; init; } = 1;

    /// <summary>Announces every peer once, in order, instead of by chance for <see cref="Seconds"/>.</summary>
    public bool Fill { get; init; }

    public double Seconds { get; init; } = 5;

    /// <summary>Requests in flight.</summary>
    public int Window { get; init; } = 512;

    /// <summary>UDP sockets, each with an address of its own where <see cref="Source"/> is given.</summary>
    public int Sockets { get; init; } = 8;

    /// <summary>The first of the addresses to send from; null leaves it to the system.</summary>
    public IPAddress? Source { get; init; }

    public int NumWant { get; init; } = 30;

    /// <summary>Of so many requests in total, how many are connects, announces and scrapes (of ten torrents).</summary>
    public int Connects { get; init; }

    public int Announces { get; init; } = 100;

    public int Scrapes { get; init; } = 1;

    /// <summary>HTTP: one request after the other on a connection, instead of a connection each.</summary>
    public bool KeepAlive { get; init; }

    public static LoadOptions Read(string[] args)
    {
        var options = new LoadOptions();
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => args[++i];
            options = args[i] switch
            {
                "--torrents" => options with { Torrents = int.Parse(Next()) },
                "--peers" => options with { Peers = int.Parse(Next()) },
                "--zipf" => options with { Zipf = double.Parse(Next(), System.Globalization.CultureInfo.InvariantCulture) },
                "--fill" => options with { Fill = true, NumWant = 0, Scrapes = 0, Seconds = 300, Zipf = 0 },
                "--seconds" => options with { Seconds = double.Parse(Next(), System.Globalization.CultureInfo.InvariantCulture) },
                "--window" => options with { Window = int.Parse(Next()) },
                "--sockets" => options with { Sockets = int.Parse(Next()) },
                "--source" => options with { Source = IPAddress.Parse(Next()) },
                "--numwant" => options with { NumWant = int.Parse(Next()) },
                "--connects" => options with { Connects = int.Parse(Next()) },
                "--announces" => options with { Announces = int.Parse(Next()) },
                "--scrapes" => options with { Scrapes = int.Parse(Next()) },
                "--keep-alive" => options with { KeepAlive = true },
                _ => throw new ArgumentException($"unknown option {args[i]}"),
            };
        }
        return options;
    }
}
