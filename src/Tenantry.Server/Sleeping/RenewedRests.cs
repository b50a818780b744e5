using System.Collections.Concurrent;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Sleeping;

/// <summary>Decisions that one look made anew: hundreds of instances that wait for their turn are a few writes.</summary>
internal sealed class RenewedRests(IStore store, TimeProvider time)
{
    private static readonly TimeSpan Gathered = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentQueue<(WatchedInstance Instance, InstanceRecord Record, RestRenewal Renewal)> waiting = new();

    public void Add(WatchedInstance instance, InstanceRecord record, InstanceRest rest, InstanceRest before) =>
        waiting.Enqueue((instance, record, new RestRenewal(record.Spec.Id, rest, before.At, record.Spec.Generation)));

    /// <summary>Writes until the look is over, also while it waits for an instance that hangs: what is not renewed in time lapses.</summary>
    public async Task WriteWhileAsync(Task looking, CancellationToken cancellationToken)
    {
        try
        {
            for (var isOver = false; !isOver;)
            {
                await Task.WhenAny(looking, Task.Delay(Gathered, time, cancellationToken));
                isOver = looking.IsCompleted;
                cancellationToken.ThrowIfCancellationRequested();
                await WriteAsync(cancellationToken);
            }
        }
        finally
        {
            await looking;
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        var gathered = new List<(WatchedInstance Instance, InstanceRecord Record, RestRenewal Renewal)>();
        while (waiting.TryDequeue(out var one))
            gathered.Add(one);
        if (gathered.Count == 0)
            return;
        var left = (await store.RenewRestsAsync([.. gathered.Select(one => one.Renewal)], cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var (instance, record, renewal) in gathered)
        {
            // Something else was decided than what was read: the store says what.
            instance.Pending = WatchedInstance.PendingOf(
                left.Contains(renewal.InstanceId) ? await store.FindInstanceAsync(renewal.InstanceId, cancellationToken) : record with { Rest = renewal.Rest });
        }
    }
}
