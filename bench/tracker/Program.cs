using System.Net;
using Spate.Tracker;

if (args is ["serve", var ip, var tcp, var udp, ..])
{
    var options = new TrackerOptions { Listen = [IPAddress.Parse(ip)], HttpPort = int.Parse(tcp), UdpPort = int.Parse(udp), Threads = args.Length > 4 ? int.Parse(args[4]) : 1 };
    await using TrackerServer server = await TrackerServer.StartAsync(options);
    Console.WriteLine(string.Join(' ', server.AnnounceUrls));
    await Task.Delay(Timeout.Infinite);
}
