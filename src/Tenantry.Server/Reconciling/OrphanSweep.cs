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
        var reports = await Task.WhenAll((await store.ListTargetsAsync(cancellationToken)).Select(record => LookAsync(record, cancellationToken)));
        return new OrphanReport(
            [.. reports.SelectMany(report => report.Orphans).OrderBy(orphan => orphan.Target, StringComparer.Ordinal).ThenBy(orphan => orphan.Ref.Slug, StringComparer.Ordinal)],
            [.. reports.SelectMany(report => report.Unreachable).OrderBy(target => target.Target, StringComparer.Ordinal)]);
    }

    /// <summary>Removes one with all its data, after looking again that no instance owns it.</summary>
    /// <exception cref="TargetException">An instance owns it by now, or it could not be removed.</exception>
    public async Task RemoveAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        if (orphan.Home is not null)
        {
            await RemoveLeftAsync(orphan, cancellationToken);
            return;
        }

        if (!await IsOrphanAsync(orphan.Target, orphan.Ref, cancellationToken))
            throw new TargetException($"'{orphan.Ref.Slug}' belongs to an instance; delete that instead.", retryable: false);
        using var use = await targets.UseAsync(orphan.Target, cancellationToken);
        await RemoveAsync(use.Target, orphan, cancellationToken);
    }

    private async Task RemoveLeftAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        // The target may have come back since it was listed.
        if (await store.FindTargetAsync(orphan.Target, cancellationToken) is not { } record || await targets.FindLeftAsync(record, cancellationToken) is not { } left)
            throw new TargetException($"Target '{orphan.Target}' is no longer at home at '{orphan.Home}': list the orphans again.", retryable: false);
        await RemoveAsync(left, orphan, cancellationToken);
    }

    private async Task RemoveAsync(ITarget target, Orphan orphan, CancellationToken cancellationToken)
    {
        var held = await target.ListOwnedAsync(store.Owner, cancellationToken);
        if (!held.Contains(orphan.Ref))
            throw new KeyNotFoundException($"Target '{orphan.Target}' holds nothing of {orphan.Ref.Id}.");
        await foreach (var _ in target.DeleteAsync(orphan.Ref, cancellationToken))
        {
            // Only the end matters.
        }
    }

    private async Task<OrphanReport> LookAsync(TargetRecord record, CancellationToken cancellationToken)
    {
        var name = record.Name;
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            // What runs at the target's home is asked there; what stayed here when it moved is asked here.
            if (await targets.FindLeftAsync(record, either.Token) is { } left)
                return new OrphanReport([.. (await left.ListOwnedAsync(store.Owner, either.Token)).Select(held => new Orphan(name, held, record.Home))], [Away(record)]);
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

    private static UnreachableTarget Away(TargetRecord record) => new(record.Name, $"It is the machine of another engine, '{record.Home}': ask there.");

    private async Task<bool> IsOrphanAsync(string target, InstanceRef held, CancellationToken cancellationToken) =>
        await store.FindInstanceAsync(held.Id, cancellationToken) is not { } owner || owner.Spec.Target != target;
}
