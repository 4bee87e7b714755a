using System.Net;
using Spate.Engine.Discovery;

namespace Spate.Engine.Tests.Discovery;

public class NameCacheTests
{
    private readonly TestWorld world = new();
    private int asked;
    private TaskCompletionSource<IPAddress[]> answer = new();

    [Fact]
    public async Task Literals_are_not_asked_for()
    {
        NameCache names = Cache(_ => throw new InvalidOperationException());
        Assert.Equal([IPAddress.Parse("192.0.2.1")], await names.ResolveAsync("192.0.2.1", default));
        Assert.Equal([IPAddress.Parse("2001:db8::1")], await names.ResolveAsync("2001:db8::1", default));
    }

    [Fact]
    public void One_question_serves_all_and_nobodys_cancellation_ends_it()
    {
        NameCache names = Cache(_ => new(answer.Task));
        using var cancellation = new CancellationTokenSource();
        Task<IReadOnlyList<IPAddress>> first = names.ResolveAsync("a", cancellation.Token).AsTask();
        Task<IReadOnlyList<IPAddress>> second = names.ResolveAsync("A", default).AsTask();
        cancellation.Cancel();
        answer.SetResult([IPAddress.Loopback]);
        Assert.True(SpinWait.SpinUntil(() => first.IsCompleted && second.IsCompleted, 10_000));
        Assert.True(first.IsCanceled);
        Assert.Equal([IPAddress.Loopback], second.Ended());
        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData(false, 20 * 60_000)]
    [InlineData(true, 150_000)]
    public async Task Answers_are_kept_for_a_while(bool failing, int ms)
    {
        NameCache names = Cache(_ => failing ? throw new IOException("unknown") : new([IPAddress.Loopback]));
        await Ask();
        world.Advance(ms - 1000);
        await Ask();
        Assert.Equal(1, asked);
        world.Advance(2000);
        await Ask();
        Assert.Equal(2, asked);

        async Task Ask()
        {
            if (failing) await Assert.ThrowsAsync<IOException>(async () => await names.ResolveAsync("a", default));
            else await names.ResolveAsync("a", default);
        }
    }

    [Fact]
    public void A_name_server_that_is_silent_is_given_up()
    {
        NameCache names = Cache(async token =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return [];
        });
        Task task = names.ResolveAsync("a", default).AsTask();
        world.Advance(16_000);
        Assert.True(SpinWait.SpinUntil(() => task.IsCompleted, 10_000));
        Assert.Equal("The name server did not answer for a within 15 s.", task.Exception!.InnerException!.Message);
    }

    [Fact]
    public async Task A_name_without_addresses_is_an_error()
    {
        NameCache names = Cache(_ => new([]));
        await Assert.ThrowsAsync<IOException>(async () => await names.ResolveAsync("a", default));
    }

    [Fact]
    public async Task Names_are_bounded()
    {
        NameCache names = Cache(_ => new([IPAddress.Loopback]));
        for (int i = 0; i < 5000; i++) await names.ResolveAsync($"host{i}", default);
        await names.ResolveAsync("host4999", default);
        Assert.Equal(5000, asked);
        await names.ResolveAsync("host1", default);
        Assert.Equal(5001, asked); // forgotten long ago
    }

    private NameCache Cache(Func<CancellationToken, ValueTask<IPAddress[]>> resolve) => new((_, token) =>
    {
        asked++;
        return resolve(token);
    }, world);
}
