using System.Text.Json;
using System.Text.Json.Serialization;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Aws;

/// <summary>What a tier means in AWS beside its processor and memory.</summary>
internal sealed record AwsTier
{
    /// <summary>Fewest tasks.</summary>
    public int Min { get; init; } = 1;

    /// <summary>Most tasks; more than <see cref="Min"/> makes the number follow the load.</summary>
    public int Max { get; init; } = 1;

    /// <summary>Null: none.</summary>
    public AwsRedis? Redis { get; init; }

    /// <summary>How tasks reach the internet; null for the target's option.</summary>
    public string? Exit { get; init; }

    /// <summary>Dashboard and alarms.</summary>
    public bool Monitoring { get; init; } = true;

    public int LogsDays { get; init; } = 30;

    /// <summary><c>X86_64</c> or <c>ARM64</c>.</summary>
    public string Platform { get; init; } = "X86_64";
}

/// <summary>Redis of a tier.</summary>
internal sealed record AwsRedis(string NodeType, int Nodes = 1);

/// <summary>The file that says what tiers mean here.</summary>
internal static class AwsTiers
{
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip };

    /// <summary>What the tier of an instance means. Throws a terminal <see cref="TargetException"/> for one that cannot be had as the target is set up.</summary>
    internal static AwsTier Of(InstanceWorkload workload, AwsTargetOptions options)
    {
        var tiers = Load(options.Tiers);
        var tier = tiers.GetValueOrDefault(workload.Labels.Tier) ?? tiers.GetValueOrDefault("*") ?? new AwsTier();
        if (!options.IsBalanced && workload.EntryPort is not null && tier.Min > 1)
            throw new TargetException($"The tier {workload.Labels.Tier} has {tier.Min} tasks at least, and with entrance=address every request goes to one of them: the others would cost and do nothing.", retryable: false, AwsNames.Instance(workload.Ref), "Give the target entrance=load-balancer, or the tier min 1.");
        return tier;
    }

    /// <summary>Those of the file by name; empty without one. Throws a terminal <see cref="TargetException"/> for a file that makes no sense.</summary>
    internal static IReadOnlyDictionary<string, AwsTier> Load(string? file)
    {
        if (file is null)
            return new Dictionary<string, AwsTier>(StringComparer.Ordinal);
        try
        {
            return Read(File.ReadAllText(file), file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"The file of tiers {file} cannot be read: {error.Message}", retryable: false, cause: error);
        }
    }

    internal static Dictionary<string, AwsTier> Read(string json, string file)
    {
        try
        {
            var tiers = JsonSerializer.Deserialize<Dictionary<string, AwsTier>>(json, Strict) ?? [];
            foreach (var (name, tier) in tiers)
            {
                if (Mistake(tier) is { } mistake)
                    throw Wrong(file, $"tier {name}: {mistake}");
            }

            return tiers;
        }
        catch (JsonException error)
        {
            throw Wrong(file, error.Message);
        }
    }

    private static string? Mistake(AwsTier tier) => tier switch
    {
        { Min: < 1 } => "min is at least 1.",
        _ when tier.Max < tier.Min => "max is at least min.",
        { Redis.Nodes: < 1 or > 6 } => "redis.nodes is 1 to 6.",
        { Redis.NodeType: var type } when !type.StartsWith("cache.", StringComparison.Ordinal) => "redis.nodeType begins with cache.",
        { Exit: not (null or "public" or "nat" or "nat-per-zone") } => "exit is public, nat or nat-per-zone.",
        { Platform: not ("X86_64" or "ARM64") } => "platform is X86_64 or ARM64.",
        { LogsDays: not (1 or 3 or 5 or 7 or 14 or 30 or 60 or 90 or 120 or 180 or 365) } => "logsDays is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 180, 365.",
        _ => null,
    };

    private static TargetException Wrong(string file, string what) => new($"The file of tiers {file} makes no sense: {what}", retryable: false, fix: "See docs/targets/aws.md.");
}
