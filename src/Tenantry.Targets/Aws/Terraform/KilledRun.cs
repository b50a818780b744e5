using Microsoft.Extensions.Logging;
using Tenantry.Model.Plans;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>
/// What a run that was killed made and wrote into no state: Terraform writes its state every 20 seconds, so that a kill loses what was made since. It is known by the run's own stream, and
/// where that does not tell what AWS called it, by the tags that everything carries. It is brought into the state, so that nothing is made twice; what cannot be is named.
/// </summary>
internal sealed class KilledRun(AwsHost host, AwsRecord record, StepWriter steps)
{
    internal async Task TakeInAsync(string program, string root, string variables, CancellationToken cancellationToken)
    {
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        var lost = Lost(host.Terraform.ReadLast(record.Workspace), state);
        if (lost.Count == 0)
            return;
        IReadOnlyList<TaggedResource>? tagged = null;
        var unknown = new List<string>();
        foreach (var (address, type, id) in lost)
        {
            var import = id is null ? Derived(address) : ImportId(type, id);
            if (import is null)
            {
                tagged ??= await TaggedResource.ListAsync(host.AwsOf(record.RoleArn), record, cancellationToken);
                import = TaggedResource.Choose(tagged, type, NameOf(address), state)?.Id;
            }

            if (import is null || !await ImportAsync(new Import(program, root, variables, address, type, import), cancellationToken))
                unknown.Add(address);
        }

        if (unknown.Count > 0)
            host.Log.LogWarning("The run of Terraform that was killed in {Workspace} had begun {Addresses}, which were not found: they were not made yet, or are in AWS with the tag Workspace={Tag}", record.Workspace, string.Join(", ", unknown), record.Workspace);
    }

    /// <summary>What was being created or was created, is in no state, and would be there twice if it was made again: address, type, and AWS's id where the stream tells it. Pure.</summary>
    internal static IReadOnlyList<(string Address, string Type, string? Id)> Lost(IEnumerable<TerraformMessage> messages, TerraformState state)
    {
        var lost = new Dictionary<string, (string Address, string Type, string? Id)>(StringComparer.Ordinal);
        foreach (var message in messages.Where(message => message.Action == StepAction.Create))
        {
            if (message.Kind == MessageKind.Started)
                lost[message.Address] = (message.Address, message.ResourceType, null);
            else if (message.Kind == MessageKind.Done && message.Detail.Length > 0)
                lost[message.Address] = (message.Address, message.ResourceType, message.Detail);
            else if (message.Kind == MessageKind.Failed)
                lost.Remove(message.Address);
        }

        return [.. lost.Values.Where(one => Importable(one.Type) && !state.Resources.Any(known => known.Address == one.Address))];
    }

    /// <summary>What <c>terraform import</c> wants for an id.</summary>
    internal static string ImportId(string type, string id) => type switch
    {
        "aws_ecs_cluster" => id.Split('/')[^1],
        "aws_ecs_service" => string.Join('/', id.Split('/')[^2..]),
        _ => id,
    };

    // A revision of a task definition more, a policy written twice or an association that is named anew are no second thing.
    private static bool Importable(string type) => type is not ("aws_ecs_task_definition" or "aws_iam_role_policy" or "aws_route_table_association" or "aws_cloudwatch_dashboard" or "aws_cloudwatch_metric_alarm"
        or "aws_appautoscaling_target" or "aws_appautoscaling_policy" or "aws_default_security_group");

    /// <summary>What is named by the module set, and by AWS alike; null for what AWS names. Some of it has no tags that can be asked for.</summary>
    private string? Derived(string address)
    {
        var name = record.Variables["name"]!.GetValue<string>();
        return address[(address.IndexOf(".aws_", StringComparison.Ordinal) + 1)..].Split('[')[0] switch
        {
            "aws_iam_role.execution" => $"{name}-start",
            "aws_iam_role.task" => $"{name}-app",
            "aws_cloudwatch_log_group.this" => $"/{host.Options.Project}/{record.Workspace}",
            "aws_ecs_cluster.this" or "aws_elasticache_subnet_group.this" or "aws_elasticache_cluster.this" or "aws_elasticache_replication_group.this" => name,
            "aws_ecs_service.this" => $"{name}/{name}",
            _ => null,
        };
    }

    /// <summary>What the module set gives as a name to what has only a tag for it: <c>public-0</c> behind the instance's own for <c>aws_subnet.public[0]</c>.</summary>
    private string NameOf(string address)
    {
        var last = address[(address.LastIndexOf('.') + 1)..];
        var key = last.Contains('[', StringComparison.Ordinal) ? "-" + last[(last.IndexOf('[', StringComparison.Ordinal) + 1)..].Trim('[', ']', '"') : "";
        var block = last.Split('[')[0];
        return record.Variables["name"]!.GetValue<string>() + (block == "this" ? "" : "-" + block) + key;
    }

    private async Task<bool> ImportAsync(Import import, CancellationToken cancellationToken)
    {
        var done = false;
        await steps.StepAsync(AwsNames.Resource(record.Workspace, import.Type, import.Address), StepAction.Update, async tell =>
        {
            tell("a run that was killed made it: it is brought into the state");
            var result = await host.Terraform.LookAsync(TerraformCommands.Import(import.Program, import.Root, record.Workspace, import.Variables, import.Address, import.Id), cancellationToken);
            done = result.ExitCode == 0;
            if (!done)
                host.Log.LogInformation("{Address} ({Id}) could not be brought into the state of {Workspace}: {Why}", import.Address, import.Id, record.Workspace, result.LastLines(4));
        });
        return done;
    }

    private sealed record Import(string Program, string Root, string Variables, string Address, string Type, string Id);
}

/// <summary>Something in AWS that carries an instance's tags.</summary>
/// <param name="Type">Terraform's word for it.</param>
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
        ["elasticfilesystem:file-system"] = "aws_efs_file_system",
        ["elasticfilesystem:access-point"] = "aws_efs_access_point",
        ["elasticache:cluster"] = "aws_elasticache_cluster",
        ["elasticache:replicationgroup"] = "aws_elasticache_replication_group",
        ["logs:log-group"] = "aws_cloudwatch_log_group",
    };

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

    /// <summary>Reads an ARN; null for what is none of the module set's. Pure.</summary>
    internal static TaggedResource? Of(string arn, string name)
    {
        if (arn.Split(':', 6) is not [_, _, var service, _, _, var rest])
            return null;
        var at = rest.IndexOfAny(['/', ':']);
        if (at < 0 || !Kinds.TryGetValue($"{service}:{rest[..at]}", out var type))
            return null;
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
        var free = all.Where(one => one.Type == type && !state.Resources.Any(known => known.Id == one.Id || known.Id == one.Arn)).ToList();
        if (free.Count > 1)
            free = [.. free.Where(one => one.Name == name)];
        return free.Count == 1 && (free[0].Name.Length == 0 || free[0].Name == name) ? free[0] : null;
    }
}
