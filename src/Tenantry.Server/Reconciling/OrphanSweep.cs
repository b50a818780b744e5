using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>Finds what targets hold with our ownership label and no instance owns. Removes it only when told to.</summary>
public sealed class OrphanSweep(IStore store, TargetSet targets)
{
    /// <summary>All of them, by target and slug.</summary>
    public async Task<IReadOnlyList<Orphan>> ListAsync(CancellationToken cancellationToken)
    {
        var orphans = new List<Orphan>();
        foreach (var record in await store.ListTargetsAsync(cancellationToken))
        {
            var (target, _) = await targets.GetAsync(record.Name, cancellationToken);
            foreach (var held in await target.ListOwnedAsync(store.Owner, cancellationToken))
            {
                if (await IsOrphanAsync(record.Name, held, cancellationToken))
                    orphans.Add(new Orphan(record.Name, held));
            }
        }

        return [.. orphans.OrderBy(orphan => orphan.Target, StringComparer.Ordinal).ThenBy(orphan => orphan.Ref.Slug, StringComparer.Ordinal)];
    }

    /// <summary>Removes one with all its data, after looking again that no instance owns it.</summary>
    /// <exception cref="TargetException">An instance owns it by now, or it could not be removed.</exception>
    public async Task RemoveAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        if (!await IsOrphanAsync(orphan.Target, orphan.Ref, cancellationToken))
            throw new TargetException($"'{orphan.Ref.Slug}' belongs to an instance; delete that instead.", retryable: false);
        var (target, _) = await targets.GetAsync(orphan.Target, cancellationToken);
        var held = await target.ListOwnedAsync(store.Owner, cancellationToken);
        if (!held.Contains(orphan.Ref))
            throw new KeyNotFoundException($"Target '{orphan.Target}' holds nothing of {orphan.Ref.Id}.");
        await foreach (var _ in target.DeleteAsync(orphan.Ref, cancellationToken))
        {
            // Only the end matters.
        }
    }

    private async Task<bool> IsOrphanAsync(string target, InstanceRef held, CancellationToken cancellationToken) =>
        await store.FindInstanceAsync(held.Id, cancellationToken) is not { } owner || owner.Spec.Target != target;
}
