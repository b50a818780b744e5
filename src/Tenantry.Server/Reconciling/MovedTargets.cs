using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Stops what runs here of targets that another engine adopted: there the same instances run by now, and no tenant may run twice. The data stays, for the
/// day when the target comes back; the orphan sweep names it.
/// </summary>
public sealed class MovedTargets(IStore store, TargetSet targets, Reconciler reconciler, TimeProvider time, ILogger<MovedTargets> log)
    : RepeatedLook("Nothing is known of moved targets", TimeSpan.FromSeconds(5), time, log)
{
    private readonly HashSet<(string Target, string Id, string Home)> stopped = [];

    /// <summary>Looks once. The slugs of those that it stopped.</summary>
    public async Task<IReadOnlyList<string>> LookAsync(CancellationToken cancellationToken)
    {
        var ended = new List<string>();
        foreach (var record in await store.ListTargetsAsync(cancellationToken))
        {
            try
            {
                if (await targets.FindLeftAsync(record, cancellationToken) is { } target)
                    await StopAllAsync(target, record, ended, cancellationToken);
            }
            catch (TargetException failure)
            {
                Log.LogWarning("What target {Target} left here could not be stopped: {Reason}", record.Name, failure.Sentence);
            }
        }

        return ended;
    }

    /// <inheritdoc/>
    protected override Task LookOnceAsync(CancellationToken cancellationToken) => LookAsync(cancellationToken);

    private async Task StopAllAsync(ITarget target, TargetRecord record, List<string> ended, CancellationToken cancellationToken)
    {
        foreach (var held in await target.ListOwnedAsync(store.Owner, cancellationToken))
        {
            // A pass from before the move ends by itself.
            if (reconciler.IsWorkingOn(held.Id))
                continue;
            var seen = await target.ObserveAsync(held, cancellationToken);
            if (seen.State is ObservedState.Absent or ObservedState.Stopped || (!stopped.Add((record.Name, held.Id, record.Home)) && seen.State == ObservedState.Partial))
                continue;
            await foreach (var _ in target.SleepAsync(held, cancellationToken))
            {
                // Only the end matters.
            }

            ended.Add(held.Slug);
            Log.LogWarning(
                "Instance {Slug} ran here too, of target {Target}, which is at home at {Home} now: it was stopped here. Its data is kept; 'tenantry orphans' lists it",
                held.Slug,
                record.Name,
                record.Home);
        }
    }
}
