namespace Spate.Simulation;

/// <summary>
/// Takes the place of the thread pool: tasks and awaits of code that runs on no strand and has no context of its own come here,
/// and so to the world's one thread.
/// </summary>
internal sealed class SimTaskScheduler : TaskScheduler
{
    private readonly SimWorld world;
    private readonly Action<object?> execute;

    public SimTaskScheduler(SimWorld world)
    {
        this.world = world;
        execute = task => TryExecuteTask((Task)task!);
    }

    /// <summary>Runs an action so that <see cref="TaskScheduler.Current"/> is this scheduler for all that it does.</summary>
    public void Run(Action action)
    {
        var task = new Task(action);
        task.RunSynchronously(this);
        task.GetAwaiter().GetResult();
    }

    protected override void QueueTask(Task task)
    {
        if (world.GuardQuietly("A task was queued")) world.Enqueue(world.Running, execute, task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => world.IsOnThread && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
