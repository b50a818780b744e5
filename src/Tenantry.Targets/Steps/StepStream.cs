using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tenantry.Model.Plans;

namespace Tenantry.Targets.Steps;

/// <summary>Where work tells of its steps.</summary>
internal sealed class StepWriter(ChannelWriter<StepWriter.Told> writer)
{
    /// <summary>What was told, and whom to tell that it was taken in.</summary>
    internal readonly record struct Told(StepEvent Step, TaskCompletionSource? Taken = null);

    /// <summary>Tells of a step that something else does.</summary>
    internal void Tell(StepEvent step) => writer.TryWrite(new Told(step));

    /// <summary>Does one step: tells of its begin and, unless it fails, of its end.</summary>
    internal async Task StepAsync(ResourceName resource, StepAction action, Func<Action<string>, Task> work)
    {
        Tell(new StepEvent(resource, action, StepState.Started));
        await work(message => Tell(new StepEvent(resource, action, StepState.Progress, message)));
        Tell(new StepEvent(resource, action, StepState.Done));
    }

    /// <summary>Within a step: what serves is about to be stopped, until another step was done. Ends when whoever listens has let requests end.</summary>
    internal Task InterruptAsync(PlanStep step, PlanStep? servedAfter, CancellationToken cancellationToken)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        writer.TryWrite(new Told(new StepEvent(step.Resource, step.Action, StepState.Progress, "requests under way may end first") { Interrupts = true, ServedAfter = servedAfter }, taken));
        return taken.Task.WaitAsync(cancellationToken);
    }

    internal Task StepAsync(ResourceName resource, StepAction action, Func<Task> work) => StepAsync(resource, action, _ => work());

    internal Task StepAsync(ResourceName resource, StepAction action, Action work) => StepAsync(
        resource,
        action,
        _ =>
        {
            work();
            return Task.CompletedTask;
        });
}

/// <summary>Turns work that tells of its steps into a stream of them. Whoever stops listening ends the work.</summary>
internal static class StepStream
{
    internal static async IAsyncEnumerable<StepEvent> RunAsync(Func<StepWriter, CancellationToken, Task> work, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<StepWriter.Told>(new UnboundedChannelOptions { SingleReader = true });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = WorkAsync(work, channel.Writer, end.Token);
        try
        {
            await foreach (var told in channel.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return told.Step;
                told.Taken?.TrySetResult();
            }
        }
        finally
        {
            if (!working.IsCompleted)
                await end.CancelAsync();
            await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await working;
    }

    private static async Task WorkAsync(Func<StepWriter, CancellationToken, Task> work, ChannelWriter<StepWriter.Told> writer, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await work(new StepWriter(writer), cancellationToken);
        }
        finally
        {
            writer.Complete();
        }
    }
}
