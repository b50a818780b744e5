using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Reconciling;

/// <summary>Has targets let go of what they keep for releases that are no more, such as images that were built for them.</summary>
public sealed class LeftReleases(IStore store, TargetSet targets, TimeProvider time, ILogger<LeftReleases> log)
    : RepeatedLook("What targets keep for removed releases stays", TimeSpan.FromSeconds(20), time, log)
{
    /// <inheritdoc/>
    protected override Task LookOnceAsync(CancellationToken cancellationToken) => LookAsync(cancellationToken);

    /// <summary>Looks once.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var record in await store.ListTargetsAsync(cancellationToken))
        {
            try
            {
                using var use = await targets.UseAsync(record.Name, cancellationToken);
                if (use.Target is IReleases keeper)
                    await ForgetAsync(keeper, cancellationToken);
            }
            catch (TargetException failure)
            {
                Log.LogDebug(failure, "Target {Target} cannot be asked what it keeps for releases", record.Name);
            }
        }
    }

    private async Task ForgetAsync(IReleases keeper, CancellationToken cancellationToken)
    {
        foreach (var release in await keeper.ListKeptReleasesAsync(cancellationToken))
        {
            if (await store.FindReleaseAsync(release, cancellationToken) is not null)
                continue;
            try
            {
                await keeper.ForgetReleaseAsync(release, cancellationToken);
            }
            catch (TargetException held)
            {
                Log.LogDebug(held, "What is kept for release {Release} stays for now", release);
            }
        }
    }
}
