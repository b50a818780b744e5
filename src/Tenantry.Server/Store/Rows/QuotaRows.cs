using System.Globalization;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class QuotaRows
{
    private const decimal Milli = 1000m;
    private static readonly TimeSpan LongestWake = TimeSpan.FromMinutes(10);

    public static async Task<IReadOnlyList<QuotaResponse>> ListAsync(Session session, string organization)
    {
        var quotas = await LimitsAsync(session, organization);
        if (quotas.Count == 0)
            return [];
        var used = await UsedAsync(session, organization, withSizes: true);
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

    /// <summary>Runs a change of the organization's instances; throws, so that it is undone, when more of something is used afterwards than before and than may be.</summary>
    public static async Task<T> WithinAsync<T>(Session session, string organization, Func<Task<T>> change)
    {
        var quotas = await LimitsAsync(session, organization);
        if (quotas.Count == 0)
            return await change();
        await LockAsync(session, organization);
        var withSizes = quotas.Any(quota => quota.HasSizes);
        var before = await UsedAsync(session, organization, withSizes);
        var result = await change();
        var after = await UsedAsync(session, organization, withSizes);
        foreach (var quota in quotas)
            Check(organization, quota, Sum(before, quota.Tier), Sum(after, quota.Tier));
        return result;
    }

    /// <summary>What <see cref="WithinAsync"/> would say of that change, without it.</summary>
    public static async Task CheckAsync(Session session, InstanceSpec? present, InstanceSpec wanted, bool isWoken)
    {
        var quotas = await LimitsAsync(session, wanted.Organization);
        if (quotas.Count == 0)
            return;
        var withSizes = quotas.Any(quota => quota.HasSizes);
        var before = await UsedAsync(session, wanted.Organization, withSizes);
        var others = present is null ? before : await UsedAsync(session, wanted.Organization, withSizes, present.Id);
        var isAwake = isWoken || (present?.Desired == wanted.Desired ? before.Sum(one => one.Awake) > others.Sum(one => one.Awake) : wanted.Desired == DesiredState.Running);
        var own = await UseOfAsync(session, new UseRow { App = wanted.App, Release = wanted.Release, Tier = wanted.Tier, Instances = 1, Awake = isAwake ? 1 : 0 }, withSizes);
        foreach (var quota in quotas)
            Check(wanted.Organization, quota, Sum(before, quota.Tier), Sum([.. others, own], quota.Tier));
    }

    /// <summary>Whether a quota says how many of the instance's organization may be awake.</summary>
    public static async Task<bool> IsCountedAsync(Session session, string instanceId) => await session.FirstAsync<long>(
        "SELECT COUNT(*) FROM quotas q JOIN instances i ON i.organization = q.organization WHERE i.id = @instanceId AND q.awake IS NOT NULL", new { instanceId }) > 0;

    public static async Task<bool> IsClaimedAsync(Session session, string instanceId) =>
        await session.FirstAsync<long>("SELECT COUNT(*) FROM wake_claims WHERE instance_id = @instanceId", new { instanceId }) > 0;

    public static async Task<bool> ClaimWakeAsync(Session session, string instanceId)
    {
        if (await session.FirstAsync<string>("SELECT organization FROM instances WHERE id = @instanceId", new { instanceId }) is not { } organization)
            return true;
        try
        {
            return await WithinAsync(session, organization, async () =>
            {
                await session.ExecuteAsync("DELETE FROM wake_claims WHERE until <= @NowMicros", new { session.NowMicros });
                if ((await LimitsAsync(session, organization)).Any(quota => quota.Awake is not null))
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

    private static Task<int> LockAsync(Session session, string organization) =>
        session.ExecuteAsync("UPDATE organizations SET name = name WHERE name = @organization", new { organization });

    private static Task<IReadOnlyList<LimitRow>> LimitsAsync(Session session, string organization) =>
        session.ListAsync<LimitRow>("SELECT tier, instances, awake, cpu, memory, disk FROM quotas WHERE organization = @organization ORDER BY tier", new { organization });

    // What is being deleted counts until it is gone.
    private static async Task<IReadOnlyList<Use>> UsedAsync(Session session, string organization, bool withSizes, string except = "")
    {
        var rows = await session.ListAsync<UseRow>(
            """
            SELECT i.app, i.release, i.tier, COUNT(*) AS instances,
                SUM(CASE WHEN i.desired <> 'Deleted' AND (COALESCE(r.depth, i.desired) = 'Running' OR c.instance_id IS NOT NULL) THEN 1 ELSE 0 END) AS awake
            FROM instances i
            LEFT JOIN rests r ON r.instance_id = i.id
            LEFT JOIN wake_claims c ON c.instance_id = i.id AND c.until > @NowMicros
            WHERE i.organization = @organization AND i.id <> @except GROUP BY i.app, i.release, i.tier
            """,
            new { organization, except, session.NowMicros });
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
        await session.FirstAsync<string>("SELECT manifest FROM releases WHERE app = @App AND id = @Release", new { row.App, row.Release }) is { } manifest
            ? ManifestJson.Read(manifest).FindTier(row.Tier)
            : null;

    private static Use Sum(IReadOnlyList<Use> used, string tier) => used.Where(one => tier.Length == 0 || one.Tier == tier)
        .Aggregate(new Use(tier, 0, 0, 0, 0, 0), (a, b) => new Use(tier, a.Instances + b.Instances, a.Awake + b.Awake, a.Cpu + b.Cpu, a.Memory + b.Memory, a.Disk + b.Disk));

    private static void Check(string organization, LimitRow limit, Use before, Use after)
    {
        Check(limit.Instances, before.Instances, after.Instances, "instances", count => $"{count}");
        Check(limit.Awake, before.Awake, after.Awake, "instances awake at once", count => $"{count}");
        Check(limit.Cpu, before.Cpu, after.Cpu, "cores", milli => (milli / Milli).ToString("0.###", CultureInfo.InvariantCulture));
        Check(limit.Memory, before.Memory, after.Memory, "of memory", SizeText.Write);
        Check(limit.Disk, before.Disk, after.Disk, "of disk", SizeText.Write);

        void Check(long? most, long was, long now, string what, Func<long, string> say)
        {
            if (now > most && now > was)
            {
                var where = limit.Tier.Length == 0 ? "" : $" in the tier '{limit.Tier}'";
                throw new QuotaExceededException($"The quota of the organization '{organization}' is {say(most.Value)} {what}{where}: {say(was)} used, {say(now)} wanted. Remove or put to sleep what is not needed, or have the quota raised.");
            }
        }
    }

    private sealed record Use(string Tier, long Instances, long Awake, long Cpu, long Memory, long Disk)
    {
        public QuotaUse ToResponse() => new((int)Instances, (int)Awake, (double)(Cpu / Milli), Memory, Disk);
    }

    private sealed record UseRow
    {
        public string App { get; init; } = "";
        public string Release { get; init; } = "";
        public string Tier { get; init; } = "";
        public long Instances { get; init; }
        public long Awake { get; init; }
    }

    private sealed record LimitRow
    {
        public string Tier { get; init; } = "";
        public long? Instances { get; init; }
        public long? Awake { get; init; }
        public long? Cpu { get; init; }
        public long? Memory { get; init; }
        public long? Disk { get; init; }

        public bool HasSizes => Cpu is not null || Memory is not null || Disk is not null;

        public QuotaLimits ToLimits() => new((int?)Instances, (int?)Awake, Cpu is { } milli ? (double)(milli / Milli) : null, Memory, Disk);
    }
}
