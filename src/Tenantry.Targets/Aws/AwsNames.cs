using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Aws;

/// <summary>Names of all that an instance has in AWS.</summary>
internal static class AwsNames
{
    // A load balancer's name has 32 characters, of which some are kept for what hangs on it.
    private const int SlugLetters = 8;

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["aws_vpc"] = "network",
        ["aws_subnet"] = "subnet",
        ["aws_nat_gateway"] = "nat-gateway",
        ["aws_eip"] = "address",
        ["aws_internet_gateway"] = "internet-gateway",
        ["aws_security_group"] = "firewall",
        ["aws_default_security_group"] = "firewall",
        ["aws_vpc_endpoint"] = "endpoint",
        ["aws_lb"] = "load-balancer",
        ["aws_lb_target_group"] = "target-group",
        ["aws_lb_listener"] = "listener",
        ["aws_ecs_cluster"] = "cluster",
        ["aws_ecs_service"] = "service",
        ["aws_ecs_task_definition"] = "task",
        ["aws_appautoscaling_target"] = "scaling",
        ["aws_appautoscaling_policy"] = "scaling-policy",
        ["aws_elasticache_cluster"] = "redis",
        ["aws_elasticache_replication_group"] = "redis",
        ["aws_elasticache_subnet_group"] = "redis-network",
        ["aws_efs_file_system"] = "volume",
        ["aws_efs_access_point"] = "volume-folder",
        ["aws_efs_mount_target"] = "volume-door",
        ["aws_cloudwatch_log_group"] = "log",
        ["aws_cloudwatch_dashboard"] = "dashboard",
        ["aws_cloudwatch_metric_alarm"] = "alarm",
        ["aws_iam_role"] = "role",
        ["aws_iam_role_policy"] = "role-policy",
    };

    /// <summary><c>tenant-environment</c>; for a slug of one's own, of that instead of the tenant.</summary>
    internal static string Workspace(InstanceWorkload workload) => $"{Stem(workload)}-{workload.Labels.Environment}";

    /// <summary>The workspace without its environment.</summary>
    internal static string Stem(InstanceWorkload workload)
    {
        var (tenant, ending) = (workload.Labels.Tenant, "-" + workload.Labels.Environment);
        var slug = workload.Ref.Slug;
        if (slug == tenant || slug == tenant + ending)
            return tenant;
        return slug.EndsWith(ending, StringComparison.Ordinal) ? slug[..^ending.Length] : slug;
    }

    /// <summary>At most 20 characters, for what has a short limit, with no two dashes in a row, which Redis does not take; its digits keep instances apart.</summary>
    internal static string Short(InstanceRef instance) =>
        $"tn-{Regex.Replace(instance.Slug[..Math.Min(instance.Slug.Length, SlugLetters)], "-+", "-", RegexOptions.NonBacktracking).Trim('-')}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{instance.Owner}\n{instance.Id}")))[..8]}";

    /// <summary>Which of AWS's partitions a region is in, as ARNs name it.</summary>
    internal static string Partition(string region) => region.StartsWith("cn-", StringComparison.Ordinal) ? "aws-cn" : region.StartsWith("us-gov-", StringComparison.Ordinal) ? "aws-us-gov" : "aws";

    /// <summary>The role by which an account is entered.</summary>
    internal static string Role(string account, AwsTargetOptions options) => $"arn:{Partition(options.Region)}:iam::{account}:role/{options.AccountRole}";

    internal static string Secret(string project, string workspace) => $"{project}/{workspace}/app-secrets";

    internal static ResourceName SecretResource(string project, string workspace) => new("secret", Secret(project, workspace));

    internal static ResourceName Instance(InstanceRef instance) => new("instance", instance.Slug);

    internal static ResourceName Account(string name) => new("account", name);

    /// <summary>A resource of Terraform in our words: a kind, and a name that no other instance's has.</summary>
    internal static ResourceName Resource(string workspace, string type, string address) =>
        new(Kinds.GetValueOrDefault(type) ?? type.Replace("aws_", "", StringComparison.Ordinal).Replace('_', '-'), $"{workspace}/{address}");

    /// <summary>The tasks, as one.</summary>
    internal static ResourceName Tasks(string workspace) => new("tasks", workspace);
}
