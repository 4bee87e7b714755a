using System.Diagnostics;
using System.Net.Http.Headers;

namespace Spate.Bench.Api;

/// <summary>Reads pages at a fixed rate, whatever the answers take: a late one counts from when it should have been asked.</summary>
internal static class Load
{
    private const int Connections = 16;
    private const int Pages = 10;

    public static async Task<int> RunAsync(Uri server, string key, int rate, int seconds)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Connections }) { BaseAddress = new Uri(server, "api/v1/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        await ReadAsync(http, rate, 3); // warm up
        (double[] times, long bytes, int failed) = await ReadAsync(http, rate, seconds);
        Array.Sort(times);
        Console.WriteLine($"{times.Length / (double)seconds:N0} reads/s of pages of 100, {bytes / (double)Math.Max(1, times.Length) / 1024:F1} KiB each, {failed} failed; "
            + $"p50 {At(times, 0.5):F2} ms, p99 {At(times, 0.99):F2} ms, p99.9 {At(times, 0.999):F2} ms, longest {times[^1]:F2} ms");
        return failed == 0 ? 0 : 1;
    }

    private static async Task<(double[] Milliseconds, long Bytes, int Failed)> ReadAsync(HttpClient http, int rate, int seconds)
    {
        int count = rate * seconds, next = 0, failed = 0;
        double[] times = new double[count];
        long bytes = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Connections * 4).Select(async _ =>
        {
            byte[] buffer = new byte[256 * 1024];
            for (int i = Interlocked.Increment(ref next) - 1; i < count; i = Interlocked.Increment(ref next) - 1)
            {
                double due = i * 1000.0 / rate;
                double early = due - clock.Elapsed.TotalMilliseconds;
                if (early > 1) await Task.Delay((int)early);
                string sort = i % 2 == 0 ? "added" : "name";
                using HttpResponseMessage answer = await http.GetAsync($"torrents?limit=100&offset={i % Pages * 100}&sort={sort}", HttpCompletionOption.ResponseHeadersRead);
                if (!answer.IsSuccessStatusCode) Interlocked.Increment(ref failed);
                await using Stream body = await answer.Content.ReadAsStreamAsync();
                int read;
                while ((read = await body.ReadAsync(buffer)) > 0) Interlocked.Add(ref bytes, read);
                times[i] = clock.Elapsed.TotalMilliseconds - due;
            }
        }));
        return (times, bytes, failed);
    }

    private static double At(double[] sorted, double part) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];
}
