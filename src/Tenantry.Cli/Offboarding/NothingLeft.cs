using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Offboarding;

/// <summary>Looks that nothing of a tenant is left: neither tenant nor instance, nor anything on a target.</summary>
internal static class NothingLeft
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until the tenant is gone, which it is a moment after the last of its instances.</summary>
    public static async Task TenantAsync(Call call, string tenant, TimeSpan timeout)
    {
        var begin = call.Host.Time.GetTimestamp();
        var patience = timeout < Patience ? timeout : Patience;
        while (await call.Client.Tenants.FindAsync(tenant, call.CancellationToken) is not null)
        {
            if (call.Host.Time.GetElapsedTime(begin) > patience)
                throw new CliException(ExitCode.Failed, $"{tenant} is still there although each of its instances is gone.", $"'tenantry tenant show {tenant}' tells more.");
            await Task.Delay(Pause, call.Host.Time, call.CancellationToken);
        }
    }

    public static async Task CheckAsync(Call call, string tenant, IReadOnlyList<string> slugs, TimeSpan timeout)
    {
        await TenantAsync(call, tenant, timeout);
        foreach (var slug in slugs)
        {
            if (await call.Client.Instances.FindAsync(slug, call.CancellationToken) is { } left && left.Tenant == tenant)
                throw new CliException(ExitCode.Failed, $"The instance {slug} is still there ({left.Phase}). {left.Reason}", $"'tenantry status {slug}' tells more.");
        }

        if (await OrphansAsync(call) is not { } orphans)
            return;
        var ours = orphans.Items.Where(orphan => slugs.Contains(orphan.Slug, StringComparer.Ordinal)).ToList();
        if (ours.Count > 0)
            throw new CliException(ExitCode.Failed, $"Something of {string.Join(", ", ours.Select(orphan => $"{orphan.Slug} on {orphan.Target}"))} is left.", "'tenantry orphans --remove' removes it.");
        foreach (var target in orphans.Unreachable)
            call.Output.Note($"note: {target.Target} could not be asked whether something is left: {target.Reason}");
    }

    // An organization's owner may remove tenants and not look at targets; the deletion itself has verified that nothing is left.
    private static async Task<OrphansResponse?> OrphansAsync(Call call)
    {
        try
        {
            return await call.Client.Targets.GetOrphansAsync(call.CancellationToken);
        }
        catch (TenantryException refused) when (refused.Code == ProblemCodes.Forbidden)
        {
            call.Output.Note("note: what targets still have was verified by the deletion; to look again is the platform's people's.");
            return null;
        }
    }
}
