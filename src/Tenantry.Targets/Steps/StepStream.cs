using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Tenantry.Model.Plans;

namespace Tenantry.Targets.Steps;

/// <summary>Where work tells of its steps.</summary>
internal sealed class StepWriter(ChannelWriter<StepEvent> writer)
{
    /// <summary>Tells of a step that something else does.</summary>
    internal void Tell(StepEvent step) => writer.TryWrite(step);

    /// <summary>Does one step: tells of its begin and, unless it fails, of its end.</summary>
    internal async Task StepAsync(ResourceName resource, StepAction action, Func<Action<string>, Task> work)
    {
        writer.TryWrite(new StepEvent(resource, action, StepState.Started));
        await work(message => writer.TryWrite(new StepEvent(resource, action, StepState.Progress, message)));
        writer.TryWrite(new StepEvent(resource, action, StepState.Done));
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
        var channel = Channel.CreateUnbounded<StepEvent>(new UnboundedChannelOptions { SingleReader = true });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = WorkAsync(work, channel.Writer, end.Token);
        try
        {
            await foreach (var step in channel.Reader.ReadAllAsync(CancellationToken.None))
                yield return step;
        }
        finally
        {
            if (!working.IsCompleted)
                await end.CancelAsync();
            await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await working;
    }

    private static async Task WorkAsync(Func<StepWriter, CancellationToken, Task> work, ChannelWriter<StepEvent> writer, CancellationToken cancellationToken)
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
