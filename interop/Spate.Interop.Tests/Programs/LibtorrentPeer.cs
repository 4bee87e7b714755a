using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Spate.Interop.Tests.Programs;

/// <summary>libtorrent through Debian's Python binding, with its default settings but for the search of peers outside of the test.</summary>
internal sealed class LibtorrentPeer : ForeignPeer
{
    private readonly ForeignProcess process;

    [SetsRequiredMembers]
    public LibtorrentPeer(string torrent, string folder, IPEndPoint address)
    {
        Address = address;
        string python = Installed.Find("python3", "python3");
        string script = Path.Combine(AppContext.BaseDirectory, "Programs", "libtorrent_peer.py");
        // Debian's own Python, for which the binding is made; another one may come first in the path.
        if (File.Exists("/usr/bin/python3")) python = "/usr/bin/python3";
        process = new ForeignProcess(python, [script, torrent, folder, address.Address.ToString(), address.Port.ToString()], folder);
    }

    public override string Name => "libtorrent";

    public override string Log => process.Log;

    public override Task<bool> IsCompleteAsync()
    {
        if (process.HasEnded) throw new InvalidOperationException("libtorrent's script ended (apt-get install python3-libtorrent?).");
        return Task.FromResult(process.HasPrinted("COMPLETE"));
    }

    public override ValueTask DisposeAsync() => process.DisposeAsync();

    protected override Task<bool> IsReadyAsync()
    {
        if (process.HasEnded) throw new InvalidOperationException("libtorrent's script ended (apt-get install python3-libtorrent?).");
        return Task.FromResult(process.HasPrinted("READY") && Addresses.IsListening(Address));
    }
}
