using System.Net.Sockets;

namespace Spate.Engine.Ports;

/// <summary>HTTP as the engine needs it: one bounded answer at a time (trackers, .torrent files, web seeds).</summary>
public interface IHttpFetcher
{
    /// <summary>
    /// Gets a document. Redirects (at most five, http and https only) and gzip are followed; the answer is cut off, as an error,
    /// past <see cref="HttpRequest.MaxBytes"/> of unpacked content.
    /// </summary>
    /// <exception cref="IOException">No answer: name, route, TLS, time or size. The message is for people and names the host.</exception>
    ValueTask<HttpAnswer> GetAsync(HttpRequest request, CancellationToken cancellation);
}

/// <summary>What to fetch.</summary>
public sealed record HttpRequest(Uri Address)
{
    /// <summary>Unpacked bytes to accept at most.</summary>
    public int MaxBytes { get; init; } = 1 << 20;

    /// <summary>Time for the whole exchange.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Which hosts may be asked, redirects included. Addresses that came from the network are not given them all.</summary>
    public HttpReach Reach { get; init; }

    /// <summary>Asks over IPv4 or IPv6 only; <see cref="AddressFamily.Unspecified"/> for whichever works.</summary>
    public AddressFamily Family { get; init; }

    /// <summary>First and last byte to ask for, both included (a Range header), or null for the whole document.</summary>
    public (long First, long Last)? Range { get; init; }
}

/// <summary>
/// Which hosts an HTTP request may reach, by the addresses it really connects to. Whatever is allowed, a host in the world outside
/// can't redirect to one in here.
/// </summary>
public enum HttpReach
{
    /// <summary>All: for what the user typed himself.</summary>
    Anywhere,

    /// <summary>The world and the local network, but nothing on this machine.</summary>
    NotThisMachine,

    /// <summary>Hosts with global addresses alone.</summary>
    GlobalOnly,
}

/// <summary>An HTTP answer of any status.</summary>
/// <param name="Status">The status code, such as 200.</param>
/// <param name="Body">The unpacked content.</param>
/// <param name="Address">Where it came from after redirects.</param>
public sealed record HttpAnswer(int Status, ReadOnlyMemory<byte> Body, Uri Address);
