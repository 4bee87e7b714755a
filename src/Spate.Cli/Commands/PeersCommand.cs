using System.CommandLine;
using Spate.Api;
using Spate.Cli.Remote;
using Spate.Cli.Terminal;

namespace Spate.Cli.Commands;

/// <summary><c>spate peers</c>: the connected peers of a torrent of a daemon.</summary>
internal static class PeersCommand
{
    public static Command Build(CliEnvironment environment)
    {
        Argument<string> torrent = RemoteArguments.Torrent(environment);
        var add = new Option<string[]>("--add") { Description = "Try this peer; may be repeated", HelpName = "ADDRESS:PORT", Validators = { CreateCommand.CheckNodes } };
        var command = new Command("peers", "List the connected peers of a torrent of a daemon") { torrent, add };
        return command.Talks(environment, async (context, client) =>
        {
            TorrentRow row = await Chosen.FindOneAsync(context, client, context.Get(torrent)!);
            if (context.Get(add) is { Length: > 0 } addresses) await client.AddPeersAsync(row.Id, new NewPeers { Addresses = addresses }, context.Cancel);
            PeerList list = await client.GetPeersAsync(row.Id, context.Cancel);
            PeerRow[] peers = [.. list.Peers.OrderByDescending(static peer => peer.DownloadRate + peer.UploadRate).ThenBy(static peer => peer.Address, StringComparer.Ordinal)];
            if (context.IsJson)
            {
                context.Print(new PeersJson("spate.peers/1", row.Id, row.Name, peers), RemoteJsonContext.Default.PeersJson);
                return ExitCode.Ok;
            }
            var table = new TorrentTable(
                new("address"), new("client", GivesWay: true), new("flags"), new("has", IsNumber: true), new("down", IsNumber: true), new("up", IsNumber: true),
                new("received", IsNumber: true), new("sent", IsNumber: true), new("ms", IsNumber: true));
            foreach (PeerRow peer in peers)
            {
                table.Add(
                    peer.Address, peer.Client, peer.Flags, TorrentTable.Percent(peer.Progress), TorrentTable.Rate(peer.DownloadRate), TorrentTable.Rate(peer.UploadRate),
                    ByteSize.Show(peer.Downloaded), ByteSize.Show(peer.Uploaded), peer.RoundTripMs > 0 ? peer.RoundTripMs.ToString() : "");
            }
            table.Print(context);
            context.Note($"{row.Name}: {ShowCommand.Count(peers.Length, "peer")}");
            return ExitCode.Ok;
        });
    }
}
