using System.Threading.Tasks.Sources;
using Spate.Engine.Runtime;

namespace Spate.Simulation;

/// <summary>
/// What an awaited call of the simulated world returns. It completes by queueing the continuation: on the strand that awaited,
/// or else on the world's own queue. Reusable after its result was taken, one await at a time.
/// </summary>
internal sealed class SimPromise<T>(SimProcess process) : IValueTaskSource<T>, IValueTaskSource
{
    private Action<object?>? continuation;
    private object? state;
    private SynchronizationContext? context;
    private Exception? error;
    private T result = default!;
    private short version;
    private bool completed;

    /// <summary>True between <see cref="Start"/> and the completion.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Begins a wait.</summary>
    public ValueTask<T> Start()
    {
        Reset();
        return new ValueTask<T>(this, version);
    }

    /// <summary>Begins a wait for something without a value.</summary>
    public ValueTask StartVoid()
    {
        Reset();
        return new ValueTask(this, version);
    }

    /// <summary>Completes the wait; nothing happens when nobody waits.</summary>
    public bool TryComplete(T value)
    {
        if (!IsPending) return false;
        result = value;
        Finish();
        return true;
    }

    /// <summary>Ends the wait with an error; nothing happens when nobody waits.</summary>
    public bool TryFail(Exception reason)
    {
        if (!IsPending) return false;
        error = reason;
        Finish();
        return true;
    }

    private void Reset()
    {
        if (IsPending) throw new InvalidOperationException("Only one call of this kind may be under way on a socket.");
        version++;
        IsPending = true;
        completed = false;
        continuation = null;
        state = null;
        context = null;
        error = null;
        result = default!;
    }

    private void Finish()
    {
        IsPending = false;
        completed = true;
        if (continuation is not null) Resume();
    }

    private void Resume()
    {
        if (context is Strand strand) strand.Enqueue(continuation!, state);
        else if (context is SimContext script) script.Process.Ready(continuation!, state, script);
        else if (context is null) process.Ready(continuation!, state);
        else
        {
            Action<object?> action = continuation!;
            context.Post(s => action(s), state);
        }
    }

    private T Take(short token)
    {
        if (token != version || !completed) throw new InvalidOperationException("The result of this call was taken already, or too early.");
        completed = false;
        if (error is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        return result;
    }

    T IValueTaskSource<T>.GetResult(short token) => Take(token);

    void IValueTaskSource.GetResult(short token) => Take(token);

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => Status(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => Status(token);

    void IValueTaskSource<T>.OnCompleted(Action<object?> action, object? s, short token, ValueTaskSourceOnCompletedFlags flags) =>
        OnCompleted(action, s, token, flags);

    void IValueTaskSource.OnCompleted(Action<object?> action, object? s, short token, ValueTaskSourceOnCompletedFlags flags) =>
        OnCompleted(action, s, token, flags);

    private ValueTaskSourceStatus Status(short token)
    {
        if (token != version) throw new InvalidOperationException("The result of this call was taken already.");
        if (!completed) return ValueTaskSourceStatus.Pending;
        return error switch
        {
            null => ValueTaskSourceStatus.Succeeded,
            OperationCanceledException => ValueTaskSourceStatus.Canceled,
            _ => ValueTaskSourceStatus.Faulted,
        };
    }

    private void OnCompleted(Action<object?> action, object? s, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        process.World.Guard("an await");
        if (token != version) throw new InvalidOperationException("The result of this call was taken already.");
        if (continuation is not null) throw new InvalidOperationException("A call may be awaited once only.");
        continuation = action;
        state = s;
        context = (flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0 ? SynchronizationContext.Current : null;
        if (completed) Resume();
    }
}
