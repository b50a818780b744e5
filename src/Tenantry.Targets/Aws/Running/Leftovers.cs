using System.Text.Json;
using Tenantry.Targets.Aws.Api;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws.Running;

/// <summary>What an instance has in AWS past its state.</summary>
internal sealed class Leftovers(IAws aws, AwsRecord record)
{
    private const int MostAtOnce = 10;
    private readonly string name = record.Variables["name"]!.GetValue<string>();

    /// <summary>What carries its tags and is there. AWS tells for a while of things that are gone: those that say so themselves are left out.</summary>
    internal async Task<IReadOnlyList<TaggedResource>> ListAsync(CancellationToken cancellationToken)
    {
        var there = new List<TaggedResource>();
        foreach (var one in await TaggedResource.ListAsync(aws, record, cancellationToken))
        {
            if (await IsThereAsync(one, cancellationToken))
                there.Add(one);
        }

        return there;
    }

    /// <summary>Removes what AWS keeps when Terraform has removed everything: revisions of the task definition, and the log of the cluster's own figures.</summary>
    internal async Task RemoveBooksAsync(CancellationToken cancellationToken)
    {
        foreach (var arn in await RevisionsAsync("ACTIVE", cancellationToken))
            await aws.JsonAsync(AwsService.Ecs, "DeregisterTaskDefinition", new { taskDefinition = arn }, cancellationToken);
        foreach (var some in (await RevisionsAsync("INACTIVE", cancellationToken)).Chunk(MostAtOnce))
            await aws.JsonAsync(AwsService.Ecs, "DeleteTaskDefinitions", new { taskDefinitions = some }, cancellationToken);
        try
        {
            await aws.JsonAsync(AwsService.Logs, "DeleteLogGroup", new { logGroupName = $"/aws/ecs/containerinsights/{name}/performance" }, cancellationToken);
        }
        catch (AwsException error) when (error.Code == "ResourceNotFoundException")
        {
            // Nothing was ever written there.
        }
    }

    private async Task<IReadOnlyList<string>> RevisionsAsync(string status, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        string? next = null;
        do
        {
            var body = new Dictionary<string, string>(StringComparer.Ordinal) { ["familyPrefix"] = name, ["status"] = status };
            if (next is not null)
                body["nextToken"] = next;
            var answer = await aws.JsonAsync(AwsService.Ecs, "ListTaskDefinitions", body, cancellationToken);
            found.AddRange(answer.GetProperty("taskDefinitionArns").EnumerateArray().Select(arn => arn.GetString()!));
            next = answer.TryGetProperty("nextToken", out var token) && token.ValueKind == JsonValueKind.String ? token.GetString() : null;
        }
        while (next is { Length: > 0 });
        return found;
    }

    private async Task<bool> IsThereAsync(TaggedResource one, CancellationToken cancellationToken)
    {
        try
        {
            switch (one.Type)
            {
                case "aws_ecs_cluster":
                    return IsActive(await aws.JsonAsync(AwsService.Ecs, "DescribeClusters", new { clusters = new[] { one.Arn } }, cancellationToken), "clusters");
                case "aws_ecs_service":
                    return IsActive(await aws.JsonAsync(AwsService.Ecs, "DescribeServices", new { cluster = one.Id.Split('/')[0], services = new[] { one.Arn } }, cancellationToken), "services");
                case "aws_nat_gateway":
                    var answer = await aws.QueryAsync(AwsService.Networks, "DescribeNatGateways", new Dictionary<string, string>(StringComparer.Ordinal) { ["NatGatewayId.1"] = one.Id }, cancellationToken);
                    return answer.Descendants().Any(element => element.Name.LocalName == "state" && element.Value is not ("deleted" or "failed"));
                case "aws_lb":
                    return await IsToldAsync(AwsService.Balancing, "DescribeLoadBalancers", "LoadBalancerArns.member.1", one.Arn, one.Arn, cancellationToken);
                case "aws_lb_target_group":
                    return await IsToldAsync(AwsService.Balancing, "DescribeTargetGroups", "TargetGroupArns.member.1", one.Arn, one.Arn, cancellationToken);
                case "aws_lb_listener":
                    return await IsToldAsync(AwsService.Balancing, "DescribeListeners", "ListenerArns.member.1", one.Arn, one.Arn, cancellationToken);
                case "aws_cloudwatch_metric_alarm":
                    return await IsToldAsync(AwsService.CloudWatch, "DescribeAlarms", "AlarmNames.member.1", one.Id, one.Arn, cancellationToken);
                case "aws_appautoscaling_target":
                    var targets = await aws.JsonAsync(AwsService.Scaling, "DescribeScalableTargets", new { ServiceNamespace = "ecs", ResourceIds = new[] { $"service/{name}/{name}" } }, cancellationToken);
                    return targets.GetProperty("ScalableTargets").GetArrayLength() > 0;
                default:
                    return true;
            }
        }
        catch (AwsException error) when (error.Code is "ClusterNotFoundException" or "NatGatewayNotFound" or "LoadBalancerNotFound" or "TargetGroupNotFound" or "ListenerNotFound")
        {
            return false;
        }
    }

    private async Task<bool> IsToldAsync(AwsService service, string action, string parameter, string value, string arn, CancellationToken cancellationToken)
    {
        var answer = await aws.QueryAsync(service, action, new Dictionary<string, string>(StringComparer.Ordinal) { [parameter] = value }, cancellationToken);
        return answer.Descendants().Any(element => !element.HasElements && element.Value == arn);
    }

    private static bool IsActive(JsonElement answer, string kind) =>
        answer.GetProperty(kind).EnumerateArray().Any(one => one.GetProperty("status").GetString() is not ("INACTIVE" or null));
}
