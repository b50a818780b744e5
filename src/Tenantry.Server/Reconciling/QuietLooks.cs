using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>
/// Looks at many instances that were well. No lease is renewed here and nothing is changed: whatever is not as it was known, or
/// takes long, is left to a pass of its own.
/// </summary>
internal sealed class QuietLooks(ReconcilerParts parts, IReadOnlyList<ClaimedInstance> claims)
{
    private const int AtOnce = 8;

    private readonly Backoff _backoff = new(parts.Options);
    private readonly ConcurrentDictionary<string, byte> _quiet = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(parts.Options.LeaseTime / 3, parts.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        foreach (var group in claims.GroupBy(claim => claim.Record.Spec.Target, StringComparer.Ordinal))
        {
            try
            {
                using var use = await parts.Targets.UseAsync(group.Key, both.Token);
                await LookAsync(use.Target, [.. group], both.Token);
            }
            catch (TargetException)
            {
                // Each one's own pass will say why.
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                break;
            }
        }
        return [.. claims.Select(claim => claim.Record.Spec.Id).Where(id => !_quiet.ContainsKey(id))];
    }

    /// <summary>Every claim: the quiet ones with their next look, the others due now.</summary>
    public IReadOnlyList<QuietLook> Finished()
    {
        var now = parts.Time.GetUtcNow();
        return [.. claims.Select(claim => new QuietLook(
            claim.Lease, _quiet.ContainsKey(claim.Record.Spec.Id) ? now + _backoff.Around(parts.Options.DriftLook) : now))];
    }

    private async Task LookAsync(ITarget target, ClaimedInstance[] group, CancellationToken cancellationToken)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, group.Length)).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var at && at < group.Length)
            {
                if (await IsQuietAsync(target, group[at].Record, cancellationToken))
                    _quiet.TryAdd(group[at].Record.Spec.Id, 0);
            }
        }));
    }

    private async Task<bool> IsQuietAsync(ITarget target, InstanceRecord record, CancellationToken cancellationToken)
    {
        try
        {
            if (await parts.Workloads.ResolveAsync(record.Spec, cancellationToken) is not WorkloadResult.Resolved resolved)
                return false;
            var seen = await target.ObserveAsync(new InstanceRef(record.Spec.Id, record.Spec.Slug, parts.Store.Owner), cancellationToken);
            return StatusOf.IsAsKnown(record, resolved.Workload.Digest, seen);
        }
        catch (Exception error) when (error is not (OperationCanceledException or StoreUnavailableException))
        {
            // What failed here fails again in the instance's own pass, which writes it down.
            parts.Log.LogDebug(error, "Instance {Slug}: the look failed", record.Spec.Slug);
            return false;
        }
    }
}
