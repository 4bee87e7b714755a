using System.Net;
using Spate.Bench.Tracker;
using Spate.Tracker;

// trackerbench serve IP TCP-PORT UDP-PORT [portable]    our tracker, one thread a protocol, until it is ended; with .NET's sockets alone
// trackerbench kestrel IP TCP-PORT                      Kestrel that answers every request with the same bytes: the least that it takes
// trackerbench udp|http IP:PORT [--option value ...]    load: see LoadOptions
// trackerbench hashes N                                 the info-hashes of the load, for opentracker's whitelist
// trackerbench soak [SECONDS [PEERS]]                   peers that come and go: memory and pauses
switch (args)
{
    case ["serve", var ip, var tcp, var udp, ..]:
        var options = new TrackerOptions
        {
            Listen = [IPAddress.Parse(ip)], HttpPort = int.Parse(tcp), UdpPort = int.Parse(udp), Threads = 1,
            UsePortableSockets = args is [.., "portable"],
        };
        await using (TrackerServer server = await TrackerServer.StartAsync(options))
        {
            Console.WriteLine(string.Join(' ', server.AnnounceUrls));
            await Task.Delay(Timeout.Infinite);
        }
        return 0;
    case ["kestrel", var ip, var tcp]:
        await KestrelFloor.RunAsync(new IPEndPoint(IPAddress.Parse(ip), int.Parse(tcp)));
        return 0;
    case ["udp", var target, ..]:
        Console.WriteLine(new UdpLoad(IPEndPoint.Parse(target), LoadOptions.Read(args[2..])).Run());
        return 0;
    case ["http", var target, ..]:
        Console.WriteLine(new HttpLoad(IPEndPoint.Parse(target), LoadOptions.Read(args[2..])).Run());
        return 0;
    case ["hashes", var count]:
        var plan = new PeerPlan(new LoadOptions { Torrents = int.Parse(count) });
        for (int i = 0; i < plan.Torrents; i++) Console.WriteLine(plan.InfoHash(i));
        return 0;
    case ["soak", ..]:
        return await Soak.RunAsync(args.Length > 1 ? int.Parse(args[1]) : 600, args.Length > 2 ? int.Parse(args[2]) : 1_000_000);
    default:
        Console.Error.WriteLine("see the head of Program.cs");
        return 2;
}
