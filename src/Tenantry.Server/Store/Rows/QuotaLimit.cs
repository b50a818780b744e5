using System.Globalization;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Server.Store.Rows;

/// <summary>How much there may be, of one tier or (without one) of all together. Cores are in thousandths.</summary>
internal sealed record QuotaLimit
{
    public const decimal Milli = 1000m;

    public string Tier { get; init; } = "";
    public long? Instances { get; init; }
    public long? Awake { get; init; }
    public long? Cpu { get; init; }
    public long? Memory { get; init; }
    public long? Disk { get; init; }

    public bool HasSizes => Cpu is not null || Memory is not null || Disk is not null;

    public static QuotaLimit Of(string tier, TierQuotas quotas) => new()
    {
        Tier = tier,
        Instances = quotas.Instances,
        Awake = quotas.Awake,
        Cpu = quotas.Cpu is { } cores ? (long?)(cores * Milli) : null,
        Memory = quotas.Memory,
        Disk = quotas.Disk,
    };

    public QuotaLimits ToLimits() => new((int?)Instances, (int?)Awake, Cpu is { } milli ? (double)(milli / Milli) : null, Memory, Disk);

    /// <summary>Throws when there is more of something than before and than may be.</summary>
    public void Check(QuotaRows.Place scope, Use before, Use after)
    {
        Check(Instances, before.Instances, after.Instances, "instances", count => $"{count}");
        Check(Awake, before.Awake, after.Awake, "instances awake at once", count => $"{count}");
        Check(Cpu, before.Cpu, after.Cpu, "cores", milli => (milli / Milli).ToString("0.###", CultureInfo.InvariantCulture));
        Check(Memory, before.Memory, after.Memory, "of memory", SizeText.Write);
        Check(Disk, before.Disk, after.Disk, "of disk", SizeText.Write);

        void Check(long? most, long was, long now, string what, Func<long, string> say)
        {
            if (now > most && now > was)
            {
                var (whose, remedy) = scope.Tenant.Length == 0
                    ? ($"The quota of the organization '{scope.Organization}' is {say(most.Value)} {what}{(Tier.Length == 0 ? "" : $" in the tier '{Tier}'")}", "have the quota raised")
                    : ($"The tier '{Tier}' of the app '{scope.App}' lets a tenant have {say(most.Value)} {what}", "choose another tier");
                throw new QuotaExceededException($"{whose}: {say(was)} used, {say(now)} wanted. Remove or put to sleep what is not needed, or {remedy}.");
            }
        }
    }
}

/// <summary>What is used of it.</summary>
internal sealed record Use(string Tier, long Instances, long Awake, long Cpu, long Memory, long Disk)
{
    public QuotaUse ToResponse() => new((int)Instances, (int)Awake, (double)(Cpu / QuotaLimit.Milli), Memory, Disk);
}
