using System.Text.RegularExpressions;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>
/// What of the module set can be found in AWS without its state, and how: by a name that we give, or by the tag <c>Name</c>. <c>#</c> stands for a key. Pure. Where the module set
/// names something otherwise this table says so, too: a test compares them.
/// </summary>
internal static class ModuleParts
{
    // Address, and what its tag Name has behind the instance's own name; null for what has no such tag.
    private static readonly (string Address, string? Tag)[] Parts =
    [
        ("module.network.aws_vpc.this", ""),
        ("module.network.aws_internet_gateway.this", ""),
        ("module.network.aws_subnet.public[#]", "-public-#"),
        ("module.network.aws_subnet.private[#]", "-private-#"),
        ("module.network.aws_route_table.public", "-public"),
        ("module.network.aws_route_table.private[#]", "-private-#"),
        ("module.network.aws_eip.nat[#]", "-nat-#"),
        ("module.network.aws_nat_gateway.this[#]", "-#"),
        ("module.network.aws_security_group.endpoints[0]", "-endpoints"),
        ("module.network.aws_vpc_endpoint.s3[0]", "-s3"),
        ("module.network.aws_vpc_endpoint.interface[\"#\"]", "-#"),
        ("module.service.aws_security_group.this", "-tasks"),
        ("module.service.aws_ecs_cluster.this", null),
        ("module.service.aws_ecs_service.this", null),
        ("module.balancer[0].aws_security_group.this", "-entrance"),
        ("module.balancer[0].aws_lb.this", null),
        ("module.balancer[0].aws_lb_target_group.this", null),
        ("module.files[0].aws_security_group.this", "-files"),
        ("module.files[0].aws_efs_file_system.this", ""),
        ("module.files[0].aws_efs_access_point.this[\"#\"]", "-#"),
        ("module.redis[0].aws_security_group.this", "-redis"),
        ("module.redis[0].aws_elasticache_subnet_group.this", null),
        ("module.redis[0].aws_elasticache_cluster.this[0]", null),
        ("module.redis[0].aws_elasticache_replication_group.this[0]", null),
        ("module.logs.aws_cloudwatch_log_group.this", null),
    ];

    /// <summary>Addresses that the table knows, with <c>#</c> for a key.</summary>
    internal static IEnumerable<(string Address, string? Tag)> All => Parts;

    /// <summary>Terraform's word for what is at an address.</summary>
    internal static string TypeOf(string address) => Regex.Match(address, @"\baws_[a-z0-9_]+", RegexOptions.NonBacktracking).Value;

    /// <summary>The tag <c>Name</c> of what is at an address, of an instance of that name; empty for what has none.</summary>
    internal static string TagOf(string address, string name)
    {
        foreach (var (pattern, tag) in Parts)
        {
            if (Key(pattern, address) is { } key)
                return tag is null ? "" : name + tag.Replace("#", key, StringComparison.Ordinal);
        }

        return "";
    }

    /// <summary>The address of something of that type with that tag <c>Name</c>; null for what the module set does not have.</summary>
    internal static string? AddressOf(string type, string tag, string name)
    {
        foreach (var (pattern, its) in Parts.Where(part => TypeOf(part.Address) == type))
        {
            if (its is null)
                return pattern;
            if (Key(name + its, tag) is { } key)
                return pattern.Replace("#", key, StringComparison.Ordinal);
        }

        return null;
    }

    /// <summary>What <c>terraform import</c> wants of what the module set names and AWS alike; null for what AWS names. Other people's things have none of these names.</summary>
    internal static string? NamedId(string address, string name) => TypeOf(address) switch
    {
        "aws_iam_role" => address.EndsWith(".execution", StringComparison.Ordinal) ? $"{name}-start" : $"{name}-app",
        "aws_ecs_cluster" or "aws_elasticache_subnet_group" or "aws_elasticache_cluster" or "aws_elasticache_replication_group" => name,
        "aws_ecs_service" => $"{name}/{name}",
        _ => null,
    };

    /// <summary>What <c>terraform import</c> wants for an id that AWS gave.</summary>
    internal static string ImportId(string type, string id) => type switch
    {
        "aws_ecs_cluster" => id.Split('/')[^1],
        "aws_ecs_service" => string.Join('/', id.Split('/')[^2..]),
        _ => id,
    };

    /// <summary>True for what has no name or tag of its own and is known by what it hangs on: a mount target, a listener, the route table of a subnet.</summary>
    internal static bool IsHanging(string type) => type is "aws_efs_mount_target" or "aws_lb_listener" or "aws_route_table_association";

    /// <summary>False for what is no second thing when it is made again, and no mistake either: a revision of a task definition more, a policy written twice.</summary>
    internal static bool IsDoubled(string type) => type is not ("aws_ecs_task_definition" or "aws_iam_role_policy" or "aws_cloudwatch_dashboard" or "aws_cloudwatch_metric_alarm"
        or "aws_appautoscaling_target" or "aws_appautoscaling_policy" or "aws_default_security_group" or "");

    // What stands for # when the text is of the pattern; empty for one without.
    private static string? Key(string pattern, string text)
    {
        if (pattern.IndexOf('#', StringComparison.Ordinal) is >= 0 and var at)
        {
            var (before, after) = (pattern[..at], pattern[(at + 1)..]);
            var fits = text.Length > pattern.Length - 1 && text.StartsWith(before, StringComparison.Ordinal) && text.EndsWith(after, StringComparison.Ordinal);
            return fits ? text[before.Length..^after.Length] : null;
        }

        return pattern == text ? "" : null;
    }
}
