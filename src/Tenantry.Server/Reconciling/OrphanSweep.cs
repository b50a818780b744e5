using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>Finds what targets hold with our ownership label and no instance owns. Removes it only when told to.</summary>
public sealed class OrphanSweep(IStore store, TargetSet targets, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>All of them, by target and slug; a target that cannot be asked does not keep the others from being told.</summary>
    public async Task<OrphanReport> ListAsync(CancellationToken cancellationToken)
    {
        var reports = await Task.WhenAll((await store.ListTargetsAsync(cancellationToken)).Select(record => LookAsync(record.Name, cancellationToken)));
        return new OrphanReport(
            [.. reports.SelectMany(report => report.Orphans).OrderBy(orphan => orphan.Target, StringComparer.Ordinal).ThenBy(orphan => orphan.Ref.Slug, StringComparer.Ordinal)],
            [.. reports.SelectMany(report => report.Unreachable).OrderBy(target => target.Target, StringComparer.Ordinal)]);
    }

    /// <summary>Removes one with all its data, after looking again that no instance owns it.</summary>
    /// <exception cref="TargetException">An instance owns it by now, or it could not be removed.</exception>
    public async Task RemoveAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        if (!await IsOrphanAsync(orphan.Target, orphan.Ref, cancellationToken))
            throw new TargetException($"'{orphan.Ref.Slug}' belongs to an instance; delete that instead.", retryable: false);
        using var use = await targets.UseAsync(orphan.Target, cancellationToken);
        var held = await use.Target.ListOwnedAsync(store.Owner, cancellationToken);
        if (!held.Contains(orphan.Ref))
            throw new KeyNotFoundException($"Target '{orphan.Target}' holds nothing of {orphan.Ref.Id}.");
        await foreach (var _ in use.Target.DeleteAsync(orphan.Ref, cancellationToken))
        {
            // Only the end matters.
        }
    }

    private async Task<OrphanReport> LookAsync(string name, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var orphans = new List<Orphan>();
            var (target, _) = await targets.GetAsync(name, either.Token);
            foreach (var held in await target.ListOwnedAsync(store.Owner, either.Token))
            {
                if (await IsOrphanAsync(name, held, cancellationToken))
                    orphans.Add(new Orphan(name, held));
            }

            return new OrphanReport(orphans, []);
        }
        catch (TargetException failure)
        {
            return new OrphanReport([], [new UnreachableTarget(name, failure.Sentence)]);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new OrphanReport([], [new UnreachableTarget(name, $"It did not say within {Patience.TotalSeconds:0} s what it holds.")]);
        }
    }

    private async Task<bool> IsOrphanAsync(string target, InstanceRef held, CancellationToken cancellationToken) =>
        await store.FindInstanceAsync(held.Id, cancellationToken) is not { } owner || owner.Spec.Target != target;
}
