using Spate.Engine.Ports;

namespace Spate.Simulation;

/// <summary>An HTTP server that answers by a function.</summary>
/// <param name="Host">Where it runs: its link and reach count.</param>
/// <param name="Answer">Makes the answer for a request of a host. It may wait in virtual time, or throw for a broken exchange.</param>
public sealed record SimWebServer(SimHost Host, Func<HttpRequest, SimHost, ValueTask<HttpAnswer>> Answer)
{
    /// <summary>Requests so far.</summary>
    public long Requests { get; internal set; }

    /// <summary>An answer with a body.</summary>
    public static HttpAnswer Reply(HttpRequest request, int status, byte[] body) => new(status, body, request.Address);
}

/// <summary>HTTP as a process sees it. Takes two round trips and the time of the bytes; its bytes do not compete with streams.</summary>
internal sealed class SimHttp(SimProcess process) : IHttpFetcher
{
    private static readonly TimeSpan connectTimeout = TimeSpan.FromSeconds(127);

    public async ValueTask<HttpAnswer> GetAsync(HttpRequest request, CancellationToken cancellation)
    {
        SimWorld world = process.World;
        world.Guard("GetAsync");
        long deadline = world.NowTicks + request.Timeout.Ticks;
        process.Note(TraceKind.Http, 0);
        string name = request.Address.Host;
        if (!world.Web.TryGetValue((name, request.Address.Port), out SimWebServer? server))
        {
            await SimWorld.Delay(process, TimeSpan.FromMilliseconds(50), cancellation);
            throw new IOException($"{name} is not known, or nobody listens there.");
        }
        TimeSpan oneWay = TimeSpan.FromTicks(process.Host.LatencyTicksTo(server.Host));
        if (!world.CanReach(process.Host, server.Host)) await NoAnswer(world, name, deadline, cancellation);
        await SimWorld.Delay(process, Limit(oneWay * 3, world, deadline), cancellation);
        if (!world.CanReach(process.Host, server.Host)) await NoAnswer(world, name, deadline, cancellation);
        if (server.Host.Process.IsDead) throw new IOException($"{name} refused the connection.");
        server.Requests++;
        HttpAnswer answer;
        try
        {
            answer = await server.Answer(request, process.Host).AsTask()
                .WaitAsync(Limit(Timeout(world, deadline), world, deadline), process.Environment.Time, cancellation);
        }
        catch (TimeoutException) { throw TimedOut(name); }
        if (answer.Body.Length > request.MaxBytes) throw new IOException($"{name} sent more than {request.MaxBytes} bytes.");
        TimeSpan transfer = TransferTime(answer.Body.Length, server.Host.Link.UpBytesPerSecond, process.Host.Link.DownBytesPerSecond);
        bool late = world.NowTicks + (oneWay + transfer).Ticks > deadline;
        await SimWorld.Delay(process, Limit(oneWay + transfer, world, deadline), cancellation);
        if (late) throw TimedOut(name);
        if (!world.CanReach(process.Host, server.Host)) await NoAnswer(world, name, deadline, cancellation);
        process.Note(TraceKind.Http, answer.Body.Length);
        return answer;
    }

    private async ValueTask NoAnswer(SimWorld world, string name, long deadline, CancellationToken cancellation)
    {
        await SimWorld.Delay(process, Limit(connectTimeout, world, deadline), cancellation);
        throw TimedOut(name);
    }

    private static TimeSpan TransferTime(int bytes, long up, long down)
    {
        long rate = up == 0 ? down : down == 0 ? up : Math.Min(up, down);
        return rate == 0 ? TimeSpan.Zero : TimeSpan.FromTicks(SimHost.TicksFor(bytes, rate));
    }

    private static TimeSpan Timeout(SimWorld world, long deadline) => TimeSpan.FromTicks(Math.Max(1, deadline - world.NowTicks));

    private static TimeSpan Limit(TimeSpan time, SimWorld world, long deadline) =>
        TimeSpan.FromTicks(Math.Clamp(time.Ticks, 0, Math.Max(0, deadline - world.NowTicks)));

    private static IOException TimedOut(string name) => new($"{name} did not answer in time.");
}
