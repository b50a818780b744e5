using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>What must fit together in tiers.</summary>
internal static class TierChecks
{
    public static TierDefinition Tier(TierDefinition tier, string path, ReadContext context)
    {
        if (tier.MemoryReservation > tier.Memory)
        {
            if (context.IsWritten(PathText.Key(path, "memoryReservation")))
                context.Report(PathText.Key(path, "memoryReservation"), $"{SizeText.Write(tier.MemoryReservation)} is more than the limit, {SizeText.Write(tier.Memory)}.");
            tier = tier with { MemoryReservation = tier.Memory };
        }
        if (tier.CpuReservation > tier.Cpu)
        {
            if (context.IsWritten(PathText.Key(path, "cpuReservation")))
                context.Report(PathText.Key(path, "cpuReservation"), FormattableString.Invariant($"{tier.CpuReservation} is more than the limit, {tier.Cpu}."));
            tier = tier with { CpuReservation = tier.Cpu };
        }
        return tier;
    }

    /// <summary>The tier of a tenant for whom none is named, or null when a name is always needed.</summary>
    public static string? DefaultTier(Manifest manifest, ReadContext context)
    {
        if (manifest.DefaultTier is { } name)
        {
            if (manifest.FindTier(name) is null && !context.IsRefused("tiers") && !context.IsBroken(PathText.Key("tiers", name)))
                context.Report("defaultTier", $"There is no tier '{name}'.{Nearest.Hint(name, manifest.Tiers.Select(t => t.Name))}");
            return name;
        }
        return manifest.Tiers.Count == 1 ? manifest.Tiers[0].Name : manifest.FindTier(TierDefinition.DefaultName)?.Name;
    }
}
