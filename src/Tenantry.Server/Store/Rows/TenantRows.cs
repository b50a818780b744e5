using Tenantry.Model.Manifests;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class TenantRows
{
    private const string Columns = "name, display_name, organization, owner, cost_centre, version, created_at, deleting";

    public static async Task<Organization> EnsureOrganizationAsync(Session session, string name)
    {
        await session.ExecuteAsync(
            "INSERT INTO organizations (name, created_at) VALUES (@name, @now) ON CONFLICT (name) DO NOTHING",
            new { name, now = session.NowMicros });
        return (await session.FirstAsync<OrganizationRow>("SELECT name, created_at FROM organizations WHERE name = @name", new { name }))!
            .ToOrganization();
    }

    public static async Task<IReadOnlyList<Organization>> ListOrganizationsAsync(Session session) =>
        [.. (await session.ListAsync<OrganizationRow>("SELECT name, created_at FROM organizations ORDER BY name")).Select(row => row.ToOrganization())];

    /// <summary>Removes an organization without tenants, with its members, quotas, tokens and secrets. False when there is none.</summary>
    public static async Task<bool> DeleteOrganizationAsync(Session session, string name)
    {
        // Nobody adds a tenant, a member or a token to it meanwhile.
        if (await session.ExecuteAsync("UPDATE organizations SET name = name WHERE name = @name", new { name }) == 0)
            return false;
        var tenants = await session.ListAsync<string>("SELECT name FROM tenants WHERE organization = @name ORDER BY name LIMIT 4", new { name });
        if (tenants.Count > 0)
            throw new StoreConflictException($"The organization '{name}' still has tenants: {string.Join(", ", tenants.Take(3))}{(tenants.Count > 3 ? " and more" : "")}. Remove them first: 'tenantry tenant remove {tenants[0]}'.");
        await DataKeyRows.DestroyAsync(session, SecretPlace.KeyHolderOf(SecretScope.Organization, name));
        await session.ExecuteAsync("DELETE FROM tokens WHERE organization = @name", new { name });
        await session.ExecuteAsync("DELETE FROM organizations WHERE name = @name", new { name });
        return true;
    }

    public static async Task<Tenant> CreateAsync(Session session, Tenant tenant)
    {
        await EnsureOrganizationAsync(session, tenant.Organization);
        if (await FindAsync(session, tenant.Name) is not null)
            throw new StoreConflictException($"The tenant name '{tenant.Name}' is taken.");
        await session.ExecuteAsync(
            $"""
            INSERT INTO tenants ({Columns})
            VALUES (@Name, @DisplayName, @Organization, @Owner, @CostCentre, 1, @CreatedAt, @Deleting)
            """,
            Values(tenant));
        session.Changed("tenant", tenant.Name, "created");
        return (await FindAsync(session, tenant.Name))!;
    }

    public static async Task<Tenant?> FindAsync(Session session, string name) => (await FindRowAsync(session, name, ""))?.ToTenant();

    public static async Task<Page<Tenant>> ListAsync(Session session, IReadOnlyList<string>? organizations, PageRequest page)
    {
        var own = organizations is null ? "" : $" AND {session.Dialect.In("organization", "@organizations")}";
        var rows = await session.ListAsync<TenantRow>(
            $"SELECT {Columns} FROM tenants WHERE name > @after{own} ORDER BY name LIMIT @limit",
            new { organizations = organizations?.ToArray(), after = Cursor.Read(page) ?? "", limit = (long)Cursor.Fetch(page) });
        return Cursor.Page(rows, page, row => row.ToTenant(), row => row.Name);
    }

    public static async Task<Tenant> UpdateAsync(Session session, Tenant tenant, long expectedVersion)
    {
        var stored = await FindRowAsync(session, tenant.Name, session.Dialect.ForUpdate)
            ?? throw new StoreConflictException($"The tenant '{tenant.Name}' was removed meanwhile.");
        RequireVersion(stored, expectedVersion);
        await RequireOrganizationAsync(session, tenant.Organization);
        await session.ExecuteAsync(
            """
            UPDATE tenants SET display_name = @DisplayName, organization = @Organization, owner = @Owner, cost_centre = @CostCentre,
                deleting = @Deleting, version = version + 1
            WHERE name = @Name
            """,
            Values(tenant));
        session.Changed("tenant", tenant.Name, "updated");
        if (tenant with { Version = 0, CreatedAt = default, Deleting = false } != stored.ToTenant() with { Version = 0, CreatedAt = default, Deleting = false })
            await InstanceRows.GrowAsync(session, "tenant = @Name", new { tenant.Name });
        return (await FindAsync(session, tenant.Name))!;
    }

    public static async Task<bool> DeleteAsync(Session session, string name)
    {
        if (await FindRowAsync(session, name, session.Dialect.ForUpdate) is null)
            return false;
        if (await session.FirstAsync<string>("SELECT slug FROM instances WHERE tenant = @name ORDER BY slug LIMIT 1", new { name }) is { } slug)
            throw new StoreConflictException($"The tenant '{name}' still has the instance '{slug}'.");
        await RemoveAsync(session, name);
        return true;
    }

    /// <summary>Marks a tenant that is to be removed. False: it was marked before; null: there is none.</summary>
    public static async Task<bool?> MarkAsync(Session session, string name, long expectedVersion)
    {
        if (await FindRowAsync(session, name, session.Dialect.ForUpdate) is not { } stored)
            return null;
        if (stored.Deleting != 0)
            return false;
        RequireVersion(stored, expectedVersion);
        await session.ExecuteAsync("UPDATE tenants SET deleting = 1, version = version + 1 WHERE name = @name", new { name });
        session.Changed("tenant", name, "updated");
        return true;
    }

    /// <summary>Removes a tenant that is being deleted, when its last instance went. False: nothing is removed.</summary>
    public static async Task<bool> RemoveIfDoneAsync(Session session, string name)
    {
        var stored = await FindRowAsync(session, name, session.Dialect.ForUpdate);
        if (stored is null || stored.Deleting == 0)
            return false;
        if (await session.FirstAsync<long>("SELECT COUNT(*) FROM instances WHERE tenant = @name", new { name }) > 0)
            return false;
        await RemoveAsync(session, name);
        return true;
    }

    private static async Task RemoveAsync(Session session, string name)
    {
        await DataKeyRows.DestroyAsync(session, SecretPlace.KeyHolderOf(SecretScope.Tenant, name));
        await session.ExecuteAsync("DELETE FROM tenants WHERE name = @name", new { name });
        session.Changed("tenant", name, "removed");
    }

    /// <summary>Locks the tenant against removal while an instance of it is made.</summary>
    public static async Task RequireForInstanceAsync(Session session, string name)
    {
        var stored = await FindRowAsync(session, name, session.Dialect.ForUpdate)
            ?? throw new StoreConflictException($"There is no tenant '{name}'.");
        if (stored.Deleting != 0)
            throw new StoreConflictException($"The tenant '{name}' is being removed. Wait until it is gone, then create it anew.");
    }

    public static async Task RequireOrganizationAsync(Session session, string name, string suffix = "")
    {
        if (await session.FirstAsync<string>($"SELECT name FROM organizations WHERE name = @name{suffix}", new { name }) is null)
            throw new StoreConflictException($"There is no organization '{name}'.");
    }

    private static void RequireVersion(TenantRow stored, long expected)
    {
        if (stored.Version != expected)
            throw new StoreConflictException($"The tenant '{stored.Name}' was changed meanwhile: it is at version {stored.Version}, not {expected}.");
    }

    private static Task<TenantRow?> FindRowAsync(Session session, string name, string suffix) =>
        session.FirstAsync<TenantRow>($"SELECT {Columns} FROM tenants WHERE name = @name{suffix}", new { name });

    private static object Values(Tenant tenant) => new
    {
        tenant.Name,
        tenant.DisplayName,
        tenant.Organization,
        tenant.Owner,
        tenant.CostCentre,
        CreatedAt = StoreTime.ToMicros(tenant.CreatedAt),
        Deleting = tenant.Deleting ? 1L : 0L,
    };

    private sealed record OrganizationRow
    {
        public string Name { get; init; } = "";
        public long CreatedAt { get; init; }

        public Organization ToOrganization() => new(Name, StoreTime.FromMicros(CreatedAt));
    }

    private sealed record TenantRow
    {
        public string Name { get; init; } = "";
        public string DisplayName { get; init; } = "";
        public string Organization { get; init; } = "";
        public string Owner { get; init; } = "";
        public string CostCentre { get; init; } = "";
        public long Version { get; init; }
        public long CreatedAt { get; init; }
        public long Deleting { get; init; }

        public Tenant ToTenant() =>
            new(Name, DisplayName, Organization, Owner, CostCentre, Version, StoreTime.FromMicros(CreatedAt), Deleting != 0);
    }
}
