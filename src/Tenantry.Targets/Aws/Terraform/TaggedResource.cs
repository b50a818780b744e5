using System.Text.Json;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>Something in AWS that carries an instance's tags.</summary>
/// <param name="Type">Terraform's word for it; empty for what is none of the module set's.</param>
/// <param name="Id">What <c>terraform import</c> wants.</param>
/// <param name="Arn">AWS's own name.</param>
/// <param name="Name">Its tag <c>Name</c>; empty without one.</param>
internal sealed record TaggedResource(string Type, string Id, string Arn, string Name)
{
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["ec2:vpc"] = "aws_vpc",
        ["ec2:subnet"] = "aws_subnet",
        ["ec2:internet-gateway"] = "aws_internet_gateway",
        ["ec2:route-table"] = "aws_route_table",
        ["ec2:natgateway"] = "aws_nat_gateway",
        ["ec2:elastic-ip"] = "aws_eip",
        ["ec2:security-group"] = "aws_security_group",
        ["ec2:vpc-endpoint"] = "aws_vpc_endpoint",
        ["ecs:cluster"] = "aws_ecs_cluster",
        ["ecs:service"] = "aws_ecs_service",
        ["elasticloadbalancing:loadbalancer"] = "aws_lb",
        ["elasticloadbalancing:targetgroup"] = "aws_lb_target_group",
        ["elasticloadbalancing:listener"] = "aws_lb_listener",
        ["elasticfilesystem:file-system"] = "aws_efs_file_system",
        ["elasticfilesystem:access-point"] = "aws_efs_access_point",
        ["elasticache:cluster"] = "aws_elasticache_cluster",
        ["elasticache:replicationgroup"] = "aws_elasticache_replication_group",
        ["elasticache:subnetgroup"] = "aws_elasticache_subnet_group",
        ["logs:log-group"] = "aws_cloudwatch_log_group",
        ["application-autoscaling:scalable-target"] = "aws_appautoscaling_target",
        ["cloudwatch:alarm"] = "aws_cloudwatch_metric_alarm",
    };

    // Go with what they are part of, or are a record of what was.
    private static readonly string[] Passing = ["ecs:task", "ecs:task-definition", "ecs:container-instance", "ec2:network-interface", "secretsmanager:secret"];

    /// <summary>All that AWS knows of with the tags of an instance.</summary>
    internal static async Task<IReadOnlyList<TaggedResource>> ListAsync(IAws aws, AwsRecord record, CancellationToken cancellationToken)
    {
        var found = new List<TaggedResource>();
        var next = "";
        do
        {
            var filters = new[] { new { Key = "Workspace", Values = new[] { record.Workspace } }, new { Key = "Owner", Values = new[] { record.Owner } } };
            var answer = await aws.JsonAsync(AwsService.Tagging, "GetResources", new { TagFilters = filters, PaginationToken = next }, cancellationToken);
            foreach (var one in answer.GetProperty("ResourceTagMappingList").EnumerateArray())
            {
                var name = one.GetProperty("Tags").EnumerateArray().Where(tag => tag.GetProperty("Key").GetString() == "Name").Select(tag => tag.GetProperty("Value").GetString()).FirstOrDefault() ?? "";
                if (Of(one.GetProperty("ResourceARN").GetString()!, name) is { } resource)
                    found.Add(resource);
            }

            next = answer.TryGetProperty("PaginationToken", out var token) ? token.GetString() ?? "" : "";
        }
        while (next.Length > 0);
        return found;
    }

    /// <summary>Reads an ARN; null for what goes by itself. Pure.</summary>
    internal static TaggedResource? Of(string arn, string name)
    {
        if (arn.Split(':', 6) is not [_, _, var service, _, _, var rest])
            return new TaggedResource("", arn, arn, name);
        var at = rest.IndexOfAny(['/', ':']);
        var kind = $"{service}:{(at < 0 ? rest : rest[..at])}";
        if (Passing.Contains(kind, StringComparer.Ordinal))
            return null;
        if (at < 0 || !Kinds.TryGetValue(kind, out var type))
            return new TaggedResource("", arn, arn, name);
        var id = service switch
        {
            "elasticloadbalancing" => arn,
            "logs" => rest[(at + 1)..].TrimEnd('*').TrimEnd(':'),
            _ => rest[(at + 1)..],
        };
        return new TaggedResource(type, id, arn, name);
    }

    /// <summary>The one of that type that is in no state; of several the one of that name; null when that is none or more than one.</summary>
    internal static TaggedResource? Choose(IReadOnlyList<TaggedResource> all, string type, string name, TerraformState state)
    {
        var free = all.Where(one => one.Type == type && !one.IsIn(state)).ToList();
        if (free.Count > 1)
            free = [.. free.Where(one => one.Name == name)];
        return free.Count == 1 && (free[0].Name.Length == 0 || free[0].Name == name) ? free[0] : null;
    }

    /// <summary>True when a state has it.</summary>
    internal bool IsIn(TerraformState state) => state.Resources.Any(known => known.Id == Id || known.Id == Arn);
}
