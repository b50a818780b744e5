using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Commands;

/// <summary>Which instance a verb means that is given a tenant.</summary>
internal static class TenantInstances
{
    /// <summary>Slugs of a tenant's instances.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(Call call, string tenant)
    {
        var slugs = await call.Client.Instances.ListAsync(new InstanceQuery(Tenant: tenant), call.CancellationToken)
            .Select(i => i.Slug).ToListAsync(call.CancellationToken);
        if (slugs.Count > 0 || await call.Client.Tenants.FindAsync(tenant, call.CancellationToken) is not null)
            return slugs;
        var known = await call.Client.Tenants.ListAsync(call.CancellationToken).Select(t => t.Name).ToListAsync(call.CancellationToken);
        throw new CliException(ExitCode.NotFound, $"There is no tenant '{tenant}'.{Nearest.Hint(tenant, known)}", "'tenantry tenant list' lists them.");
    }

    /// <summary>The one that is meant; <paramref name="slug"/> says which when there are several.</summary>
    public static async Task<string> OneAsync(Call call, string tenant, string? slug)
    {
        var slugs = await ListAsync(call, tenant);
        if (slug is not null)
            return slugs.Contains(slug, StringComparer.Ordinal) ? slug : throw new CliException(ExitCode.NotFound, $"{tenant} has no instance {slug}.", $"Its instances: {string.Join(", ", slugs)}");
        return slugs switch
        {
            [var one] => one,
            [] => throw new CliException(ExitCode.NotFound, $"{tenant} has no instance."),
            _ => throw new CliException(ExitCode.Usage, $"{tenant} has several instances.", $"Say which with --slug: {string.Join(", ", slugs)}"),
        };
    }
}
