using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>What is wanted of instances.</summary>
internal static class InstanceRows
{
    private const string Columns =
        "id, slug, tenant, organization, app, environment, target, tier, release, hosts, features, desired, restart_nonce, generation, created_at, hold, llm";

    public static async Task CreateAsync(Session session, InstanceSpec spec, Operation operation, Tenant? newTenant)
    {
        if (newTenant is not null)
            await TenantRows.CreateAsync(session, newTenant);
        await TenantRows.RequireForInstanceAsync(session, spec.Tenant);
        if (await session.FirstAsync<string>("SELECT id FROM instances WHERE slug = @Slug", new { spec.Slug }) is not null)
            throw new StoreConflictException($"The slug '{spec.Slug}' is taken by another instance.");
        if (await session.FirstAsync<string>(
                "SELECT slug FROM instances WHERE tenant = @Tenant AND app = @App AND environment = @Environment",
                new { spec.Tenant, spec.App, spec.Environment }) is { } twin)
        {
            throw new StoreConflictException($"The tenant '{spec.Tenant}' has an instance of '{spec.App}' in '{spec.Environment}' already: '{twin}'.");
        }
        await RequireTargetAsync(session, spec.Target);
        await RequireReleaseAsync(session, spec);
        await session.ExecuteAsync(
            $"""
            INSERT INTO instances ({Columns})
            VALUES (@Id, @Slug, @Tenant, @Organization, @App, @Environment, @Target, @Tier, @Release, @Hosts, @Features, @Desired,
                @RestartNonce, @Generation, @CreatedAt, @Hold, @Llm)
            """,
            Values(spec));
        await WriteHostsAsync(session, spec);
        await StatusRows.InsertAsync(session, InstanceStatus.New(spec.Id, session.Now));
        await OperationRows.InsertAsync(session, operation);
        session.Changed("instance", spec.Id, "created");
    }

    public static async Task<InstanceSpec> UpdateAsync(Session session, InstanceSpec spec, long expectedGeneration, Operation operation)
    {
        var stored = (await session.FirstAsync<SpecRow>($"SELECT {Columns} FROM instances WHERE id = @Id{session.Dialect.ForUpdate}", new { spec.Id }))
            ?.ToSpec() ?? throw new StoreConflictException($"The instance '{spec.Slug}' was removed meanwhile.");
        if (stored.Generation != expectedGeneration)
            throw new StoreConflictException($"The instance '{spec.Slug}' was changed meanwhile: it is at generation {stored.Generation}, not {expectedGeneration}.");
        if (stored.Desired == DesiredState.Deleted)
            throw new StoreConflictException($"The instance '{spec.Slug}' is being deleted.");
        RequireSameIdentity(stored, spec);
        await RequireReleaseAsync(session, spec);
        var grown = spec with { Generation = stored.Generation + 1 };
        await session.ExecuteAsync(
            """
            UPDATE instances SET tier = @Tier, release = @Release, hosts = @Hosts, features = @Features, desired = @Desired,
                restart_nonce = @RestartNonce, generation = @Generation, hold = @Hold, llm = @Llm
            WHERE id = @Id
            """,
            Values(grown));
        if (!stored.Hosts.SequenceEqual(grown.Hosts))
        {
            await session.ExecuteAsync("DELETE FROM hosts WHERE instance_id = @Id", new { spec.Id });
            await WriteHostsAsync(session, grown);
        }
        // What a person says now counts for more than what the engine decided before.
        var isVerb = operation.Kind is OperationKind.Sleep or OperationKind.Freeze or OperationKind.Wake or OperationKind.Restart;
        if (isVerb)
            await RestRows.EndAsync(session, spec.Id);
        if (isVerb || stored.Hold != spec.Hold)
            await session.ExecuteAsync("UPDATE instances SET said_at = @NowMicros WHERE id = @Id", new { session.NowMicros, spec.Id });
        await StatusRows.MakeDueAsync(session, spec.Id);
        await OperationRows.SupersedeAsync(session, spec.Id);
        await OperationRows.InsertAsync(session, operation with { InstanceId = spec.Id, Generation = grown.Generation });
        session.Changed("instance", spec.Id, "updated");
        return grown;
    }

    /// <summary>All of a tenant, by slug, locked against other changes.</summary>
    public static async Task<IReadOnlyList<InstanceSpec>> ListOfTenantAsync(Session session, string tenant) =>
        [.. (await session.ListAsync<SpecRow>($"SELECT {Columns} FROM instances WHERE tenant = @tenant ORDER BY slug{session.Dialect.ForUpdate}", new { tenant })).Select(row => row.ToSpec())];

    /// <summary>Something that a workload is made from changed beside the spec, a secret or the tenant: the generation grows, so that it is seen.</summary>
    public static async Task GrowAsync(Session session, string condition, object args)
    {
        var ids = await session.ListAsync<string>(
            $"UPDATE instances SET generation = generation + 1 WHERE {condition} AND desired <> 'Deleted' RETURNING id", args);
        foreach (var id in ids)
        {
            await StatusRows.MakeDueAsync(session, id);
            session.Changed("instance", id, "updated");
        }
    }

    /// <summary>The same for instances by their ids, each once.</summary>
    public static async Task GrowAsync(Session session, IEnumerable<string> ids)
    {
        foreach (var id in ids)
            await GrowAsync(session, "id = @id", new { id });
    }

    public static async Task RemoveAsync(Session session, string id)
    {
        var tenant = await session.FirstAsync<string>($"SELECT tenant FROM instances WHERE id = @id{session.Dialect.ForUpdate}", new { id })
            ?? throw new LeaseLostException(id);
        await SecretRows.ForgetInstanceAsync(session, id);
        await SecretTurnRows.LeavesAsync(session, id);
        await session.ExecuteAsync("DELETE FROM instances WHERE id = @id", new { id });
        await OperationRows.SupersedeAsync(session, id);
        await LeaseRows.RemoveAsync(session, id);
        session.Changed("instance", id, "removed");
        await TenantRows.RemoveIfDoneAsync(session, tenant);
    }

    public static Task<string?> FindSlugOfHostAsync(Session session, string host) =>
        session.FirstAsync<string>("SELECT i.slug FROM hosts h JOIN instances i ON i.id = h.instance_id WHERE h.host = @host", new { host });

    public static string HostTaken(string host) => $"The host '{host}' leads to another instance already.";

    private static async Task WriteHostsAsync(Session session, InstanceSpec spec)
    {
        foreach (var host in spec.Hosts)
        {
            if (await FindSlugOfHostAsync(session, host) is not null)
                throw new StoreConflictException(HostTaken(host));
            await session.ExecuteAsync("INSERT INTO hosts (host, instance_id) VALUES (@host, @Id)", new { host, spec.Id });
        }
    }

    private static async Task RequireTargetAsync(Session session, string target)
    {
        if (await session.FirstAsync<string>("SELECT name FROM targets WHERE name = @target", new { target }) is null)
            throw new StoreConflictException($"There is no target '{target}'.");
    }

    private static async Task RequireReleaseAsync(Session session, InstanceSpec spec)
    {
        if (await session.FirstAsync<string>("SELECT id FROM releases WHERE app = @App AND id = @Release", new { spec.App, spec.Release }) is null)
            throw new StoreConflictException($"The app '{spec.App}' has no release '{spec.Release}'.");
    }

    // Names of outside things are derived from these: another value would be another instance.
    private static void RequireSameIdentity(InstanceSpec stored, InstanceSpec spec)
    {
        var same = stored.Slug == spec.Slug && stored.Tenant == spec.Tenant && stored.Organization == spec.Organization &&
            stored.App == spec.App && stored.Environment == spec.Environment && stored.Target == spec.Target;
        if (!same)
            throw new StoreConflictException($"Slug, tenant, organization, app, environment and target of '{stored.Slug}' cannot be changed.");
    }

    private static object Values(InstanceSpec spec) => new
    {
        spec.Id,
        spec.Slug,
        spec.Tenant,
        spec.Organization,
        spec.App,
        spec.Environment,
        spec.Target,
        spec.Tier,
        spec.Release,
        Hosts = StoreJson.Write(spec.Hosts, StoreJson.Default.IReadOnlyListString),
        Features = StoreJson.Write(spec.Features),
        Desired = spec.Desired.ToString(),
        spec.RestartNonce,
        spec.Generation,
        CreatedAt = StoreTime.ToMicros(spec.CreatedAt),
        Hold = spec.Hold.ToString(),
        Llm = spec.Llm == LlmWish.None ? null : StoreJson.WriteOptional(spec.Llm, StoreJson.Default.LlmWish),
    };
}
