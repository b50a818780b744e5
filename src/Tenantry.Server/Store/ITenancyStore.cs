using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;

namespace Tenantry.Server.Store;

/// <summary>Organizations, apps with their releases and build inputs, and tenants: the part of the store around the instances.</summary>
public interface ITenancyStore
{
    Task<Organization> EnsureOrganizationAsync(string name, CancellationToken cancellationToken);

    /// <summary>Removes an organization with its members, quotas, tokens and secrets. False when there is none; conflict while it has tenants.</summary>
    Task<bool> DeleteOrganizationAsync(string name, CancellationToken cancellationToken);

    Task<IReadOnlyList<Organization>> ListOrganizationsAsync(CancellationToken cancellationToken);

    /// <summary>Writes the release if it is new and makes it the app's newest. Says whether anything changed.</summary>
    Task<AppliedRelease> ApplyReleaseAsync(Release release, CancellationToken cancellationToken);

    Task<App?> FindAppAsync(string name, CancellationToken cancellationToken);

    Task<Page<App>> ListAppsAsync(PageRequest page, CancellationToken cancellationToken);

    /// <summary>Removes the app and its releases. Conflict while an instance of it exists. False when there is none.</summary>
    Task<bool> DeleteAppAsync(string name, CancellationToken cancellationToken);

    Task<Release?> FindReleaseAsync(string id, CancellationToken cancellationToken);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<Release>> ListReleasesAsync(string app, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps an archive (seekable) of the build inputs of that digest, whole or not at all, until the last release that is built from it is removed; a day when there is none.
    /// False when it is there already.
    /// </summary>
    Task<bool> PutSourceAsync(string digest, Stream archive, CancellationToken cancellationToken);

    Task<bool> HasSourceAsync(string digest, CancellationToken cancellationToken);

    /// <summary>Writes such an archive out; false when there is none.</summary>
    Task<bool> ReadSourceAsync(string digest, Stream output, CancellationToken cancellationToken);

    /// <summary>Digests of the inputs from which releases are built.</summary>
    Task<IReadOnlyList<string>> ListUsedSourcesAsync(CancellationToken cancellationToken);

    /// <summary>Writes the tenant, with its organization if that is to be made. Conflict when the name is taken.</summary>
    Task<Tenant> CreateTenantAsync(Tenant tenant, CancellationToken cancellationToken);

    Task<Tenant?> FindTenantAsync(string name, CancellationToken cancellationToken);

    Task<Page<Tenant>> ListTenantsAsync(PageRequest page, CancellationToken cancellationToken);

    /// <summary>Those of some organizations.</summary>
    Task<Page<Tenant>> ListTenantsOfAsync(IReadOnlyList<string> organizations, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Writes the tenant with its version grown by one; its instances' generations grow when a workload may tell the difference. Conflict when the stored version is not <paramref name="expectedVersion"/>.</summary>
    Task<Tenant> UpdateTenantAsync(Tenant tenant, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Asks for the deletion of a tenant and of each of its instances in one transaction: from then on no instance comes, and the last one takes the tenant with it. One
    /// without instances is removed at once. Conflict when the stored version is not the tenant's and its deletion was not asked for before.
    /// </summary>
    Task<TenantRemoval> RemoveTenantAsync(Tenant tenant, Func<InstanceSpec, Operation> deletion, CancellationToken cancellationToken);

    /// <summary>Removes a tenant (with its secrets) that has no instance. Conflict while it has one. False when there is none.</summary>
    Task<bool> DeleteTenantAsync(string name, CancellationToken cancellationToken);
}
