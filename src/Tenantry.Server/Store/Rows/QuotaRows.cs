using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class QuotaRows
{
    private const decimal Milli = QuotaLimit.Milli;
    private const string QuotasOfTiers = "\"quotas\"";
    private static readonly TimeSpan LongestWake = TimeSpan.FromMinutes(10);

    public static async Task<IReadOnlyList<QuotaResponse>> ListAsync(Session session, string organization)
    {
        var quotas = await LimitsAsync(session, organization);
        if (quotas.Count == 0)
            return [];
        var used = await UsedAsync(session, new Place { Organization = organization }, withSizes: true);
        return [.. quotas.Select(quota => new QuotaResponse(quota.Tier.Length == 0 ? null : quota.Tier, quota.ToLimits(), Sum(used, quota.Tier).ToResponse()))];
    }

    public static async Task PutAsync(Session session, string organization, string? tier, QuotaLimits limits)
    {
        await LockAsync(session, organization);
        await TenantRows.RequireOrganizationAsync(session, organization);
        await session.ExecuteAsync("DELETE FROM quotas WHERE organization = @organization AND tier = @tier", new { organization, tier = tier ?? "" });
        if (limits == new QuotaLimits())
            return;
        await session.ExecuteAsync(
            "INSERT INTO quotas (organization, tier, instances, awake, cpu, memory, disk) VALUES (@organization, @tier, @instances, @awake, @cpu, @memory, @disk)",
            new
            {
                organization,
                tier = tier ?? "",
                instances = (long?)limits.Instances,
                awake = (long?)limits.Awake,
                cpu = limits.Cpu is { } cores ? (long?)Math.Round((decimal)cores * Milli) : null,
                memory = limits.Memory,
                disk = limits.Disk,
            });
    }

    /// <summary>Runs a change of an instance; throws, so that it is undone, when more of something is used afterwards than before and than may be.</summary>
    public static Task<T> WithinAsync<T>(Session session, InstanceSpec wanted, Func<Task<T>> change) => WithinAsync(session, Place.Of(wanted), change);

    /// <summary>The same of an instance that is there; false when it is not.</summary>
    public static async Task<bool> WithinAsync(Session session, string instanceId, Func<Task<bool>> change) =>
        await PlaceOfAsync(session, instanceId) is { } place && await WithinAsync(session, place, change);

    /// <summary>What <see cref="WithinAsync{T}(Session, InstanceSpec, Func{Task{T}})"/> would say of that change, without it.</summary>
    public static async Task CheckAsync(Session session, InstanceSpec? present, InstanceSpec wanted, bool isWoken)
    {
        var place = Place.Of(wanted);
        foreach (var (scope, limits) in await ScopesAsync(session, place))
        {
            var withSizes = limits.Any(limit => limit.HasSizes);
            var before = await UsedAsync(session, scope, withSizes);
            var others = present is null ? before : await UsedAsync(session, scope, withSizes, present.Id);
            var isAwake = isWoken || (present?.Desired == wanted.Desired ? before.Sum(one => one.Awake) > others.Sum(one => one.Awake) : wanted.Desired == DesiredState.Running);
            var own = await UseOfAsync(session, new UseRow { App = wanted.App, Release = wanted.Release, Tier = wanted.Tier, Instances = 1, Awake = isAwake ? 1 : 0 }, withSizes);
            foreach (var limit in limits)
                limit.Check(scope, Sum(before, limit.Tier), Sum([.. others, own], limit.Tier));
        }
    }

    /// <summary>Whether a quota says how many of the instance's organization may be awake.</summary>
    public static async Task<bool> IsCountedAsync(Session session, string instanceId) => await session.FirstAsync<long>(
        $"""
        SELECT COUNT(*) FROM instances i JOIN apps a ON a.name = i.app JOIN releases r ON r.app = i.app AND r.id IN (i.release, a.release)
        WHERE i.id = @instanceId AND (r.manifest LIKE '%{QuotasOfTiers}%' OR EXISTS (SELECT 1 FROM quotas q WHERE q.organization = i.organization AND q.awake IS NOT NULL))
        """,
        new { instanceId }) > 0;

    public static async Task<bool> IsClaimedAsync(Session session, string instanceId) =>
        await session.FirstAsync<long>("SELECT COUNT(*) FROM wake_claims WHERE instance_id = @instanceId", new { instanceId }) > 0;

    public static async Task<bool> ClaimWakeAsync(Session session, string instanceId)
    {
        if (await PlaceOfAsync(session, instanceId) is not { } place)
            return true;
        try
        {
            return await WithinAsync(session, place, async () =>
            {
                await session.ExecuteAsync("DELETE FROM wake_claims WHERE until <= @NowMicros", new { session.NowMicros });
                if ((await ScopesAsync(session, place)).Any(one => one.Limits.Any(limit => limit.Awake is not null)))
                {
                    await session.ExecuteAsync(
                        "INSERT INTO wake_claims (instance_id, until) VALUES (@instanceId, @until) ON CONFLICT (instance_id) DO UPDATE SET until = excluded.until",
                        new { instanceId, until = StoreTime.ToMicros(session.Now + LongestWake) });
                }

                return true;
            });
        }
        catch (QuotaExceededException)
        {
            await ReleaseWakeAsync(session, instanceId);
            return false;
        }
    }

    public static Task<int> ReleaseWakeAsync(Session session, string instanceId) => session.ExecuteAsync("DELETE FROM wake_claims WHERE instance_id = @instanceId", new { instanceId });

    private static async Task<T> WithinAsync<T>(Session session, Place place, Func<Task<T>> change)
    {
        // First the lock: a quota that was lowered while this waited is the one that holds.
        await LockAsync(session, place.Organization);
        var scopes = await ScopesAsync(session, place);
        if (scopes.Count == 0)
            return await change();
        var before = new List<IReadOnlyList<Use>>();
        foreach (var (scope, limits) in scopes)
            before.Add(await UsedAsync(session, scope, limits.Any(limit => limit.HasSizes)));
        var result = await change();
        foreach (var ((scope, limits), was) in scopes.Zip(before))
        {
            var now = await UsedAsync(session, scope, limits.Any(limit => limit.HasSizes));
            foreach (var limit in limits)
                limit.Check(scope, Sum(was, limit.Tier), Sum(now, limit.Tier));
        }

        return result;
    }

    // What the organization may have, and what the app lets one tenant have in the instance's tier: its newest release says so, else who chose an old one had what that one allowed.
    private static async Task<IReadOnlyList<(Place Scope, IReadOnlyList<QuotaLimit> Limits)>> ScopesAsync(Session session, Place place)
    {
        var scopes = new List<(Place, IReadOnlyList<QuotaLimit>)>();
        if (await LimitsAsync(session, place.Organization) is { Count: > 0 } limits)
            scopes.Add((new Place { Organization = place.Organization }, limits));
        if (await TierQuotasAsync(session, place) is { } quotas)
            scopes.Add((place, [QuotaLimit.Of(place.Tier, quotas)]));
        return scopes;
    }

    private static async Task<TierQuotas?> TierQuotasAsync(Session session, Place place)
    {
        var newest = await session.FirstAsync<string>("SELECT r.manifest FROM apps a JOIN releases r ON r.app = a.name AND r.id = a.release WHERE a.name = @App", new { place.App });
        string[] manifests = [.. new[] { newest, await ManifestAsync(session, place.App, place.Release) }.OfType<string>()];
        if (!Array.Exists(manifests, manifest => manifest.Contains(QuotasOfTiers, StringComparison.Ordinal)))
            return null;
        // A tier that the newest has no more is the older one's.
        return manifests.Select(manifest => ManifestJson.Read(manifest).FindTier(place.Tier)).FirstOrDefault(tier => tier is not null)?.Quotas;
    }

    private static Task<Place?> PlaceOfAsync(Session session, string instanceId) =>
        session.FirstAsync<Place>("SELECT organization, tenant, app, release, tier FROM instances WHERE id = @instanceId", new { instanceId });

    private static Task<int> LockAsync(Session session, string organization) =>
        session.ExecuteAsync("UPDATE organizations SET name = name WHERE name = @organization", new { organization });

    private static Task<IReadOnlyList<QuotaLimit>> LimitsAsync(Session session, string organization) =>
        session.ListAsync<QuotaLimit>("SELECT tier, instances, awake, cpu, memory, disk FROM quotas WHERE organization = @organization ORDER BY tier", new { organization });

    // What is being deleted counts until it is gone.
    private static async Task<IReadOnlyList<Use>> UsedAsync(Session session, Place scope, bool withSizes, string except = "")
    {
        var ofTenant = scope.Tenant.Length == 0 ? "" : " AND i.tenant = @Tenant AND i.app = @App";
        var rows = await session.ListAsync<UseRow>(
            $"""
            SELECT i.app, i.release, i.tier, COUNT(*) AS instances,
                SUM(CASE WHEN i.desired <> 'Deleted' AND (COALESCE(r.depth, i.desired) = 'Running' OR c.instance_id IS NOT NULL) THEN 1 ELSE 0 END) AS awake
            FROM instances i
            LEFT JOIN rests r ON r.instance_id = i.id
            LEFT JOIN wake_claims c ON c.instance_id = i.id AND c.until > @NowMicros
            WHERE i.organization = @Organization{ofTenant} AND i.id <> @except GROUP BY i.app, i.release, i.tier
            """,
            new { scope.Organization, scope.Tenant, scope.App, except, session.NowMicros });
        var used = new List<Use>();
        foreach (var row in rows)
            used.Add(await UseOfAsync(session, row, withSizes));
        return used;
    }

    private static async Task<Use> UseOfAsync(Session session, UseRow row, bool withSizes)
    {
        var tier = withSizes ? await TierAsync(session, row) : null;
        return new Use(row.Tier, row.Instances, row.Awake, (long)((tier?.Cpu ?? 0) * Milli) * row.Instances, (tier?.Memory ?? 0) * row.Instances, (tier?.Disk ?? 0) * row.Instances);
    }

    private static async Task<TierDefinition?> TierAsync(Session session, UseRow row) =>
        await ManifestAsync(session, row.App, row.Release) is { } manifest
            ? ManifestJson.Read(manifest).FindTier(row.Tier)
            : null;

    private static Task<string?> ManifestAsync(Session session, string app, string release) =>
        session.FirstAsync<string>("SELECT manifest FROM releases WHERE app = @app AND id = @release", new { app, release });

    private static Use Sum(IReadOnlyList<Use> used, string tier) => used.Where(one => tier.Length == 0 || one.Tier == tier)
        .Aggregate(new Use(tier, 0, 0, 0, 0, 0), (a, b) => new Use(tier, a.Instances + b.Instances, a.Awake + b.Awake, a.Cpu + b.Cpu, a.Memory + b.Memory, a.Disk + b.Disk));

    private sealed record UseRow
    {
        public string App { get; init; } = "";
        public string Release { get; init; } = "";
        public string Tier { get; init; } = "";
        public long Instances { get; init; }
        public long Awake { get; init; }
    }

    /// <summary>Whose instances are counted: an organization's, or with a tenant that tenant's of the app.</summary>
    internal sealed record Place
    {
        public string Organization { get; init; } = "";
        public string Tenant { get; init; } = "";
        public string App { get; init; } = "";
        public string Release { get; init; } = "";
        public string Tier { get; init; } = "";

        public static Place Of(InstanceSpec spec) => new() { Organization = spec.Organization, Tenant = spec.Tenant, App = spec.App, Release = spec.Release, Tier = spec.Tier };
    }
}
