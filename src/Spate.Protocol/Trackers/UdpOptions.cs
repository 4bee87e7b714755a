namespace Spate.Protocol.Trackers;

/// <summary>
/// The options behind an announce request (BEP 41), of which one is in use: URLData, the path and query of the tracker's URL,
/// which is how a passkey travels over UDP.
/// </summary>
public static class UdpOptions
{
    private const byte EndOfOptions = 0, Nop = 1, UrlData = 2;
    private const int MaxChunk = 255;

    /// <summary>Bytes that URL data of this length takes as options.</summary>
    public static int UrlDataSize(int length) => length + 2 * ((length + MaxChunk - 1) / MaxChunk);

    /// <summary>Writes URL data, cut into options of at most 255 bytes each. Returns the bytes written; nothing for no data.</summary>
    public static int WriteUrlData(Span<byte> options, ReadOnlySpan<byte> urlData)
    {
        int at = 0;
        while (!urlData.IsEmpty)
        {
            int chunk = Math.Min(urlData.Length, MaxChunk);
            options[at++] = UrlData;
            options[at++] = (byte)chunk;
            urlData[..chunk].CopyTo(options[at..]);
            at += chunk;
            urlData = urlData[chunk..];
        }
        return at;
    }

    /// <summary>
    /// Reads the URL data among the options. Returns false when an option is longer than the packet or all of the URL data
    /// does not fit <paramref name="scratch"/>; true with an empty span when there is none.
    /// </summary>
    /// <param name="options">All that follows the first 98 bytes of an announce request.</param>
    /// <param name="scratch">Where data of several options is put together.</param>
    /// <param name="urlData">The data, a part of either span.</param>
    public static bool TryReadUrlData(ReadOnlySpan<byte> options, Span<byte> scratch, out ReadOnlySpan<byte> urlData)
    {
        urlData = default;
        int joined = 0;
        bool inScratch = false;
        while (!options.IsEmpty && options[0] != EndOfOptions)
        {
            if (options[0] == Nop)
            {
                options = options[1..];
                continue;
            }
            if (options.Length < 2 || options.Length - 2 < options[1]) return false;
            ReadOnlySpan<byte> data = options.Slice(2, options[1]);
            if (options[0] == UrlData)
            {
                if (joined == 0) urlData = data; // the usual case, one option, needs no copy
                else
                {
                    if (joined + data.Length > scratch.Length) return false;
                    if (!inScratch) urlData.CopyTo(scratch);
                    inScratch = true;
                    data.CopyTo(scratch[joined..]);
                    urlData = scratch[..(joined + data.Length)];
                }
                joined += data.Length;
            }
            options = options[(2 + data.Length)..];
        }
        return true;
    }
}
