using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>The policies of docs/targets against what the module set's resources need of AWS: an action that is missing stops an instance at its first breath on AWS, and no emulator says so.</summary>
public sealed class AwsPolicyTests
{
    // What the provider calls to make, read, change and remove each type, as its own pages and sources say.
    private static readonly Dictionary<string, string> Needed = new(StringComparer.Ordinal)
    {
        ["aws_vpc"] = "ec2:CreateVpc ec2:DeleteVpc ec2:ModifyVpcAttribute ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:CreateTags ec2:DeleteTags",
        ["aws_default_security_group"] = "ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress ec2:CreateTags",
        ["aws_internet_gateway"] = "ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DetachInternetGateway ec2:DeleteInternetGateway ec2:DescribeInternetGateways",
        ["aws_subnet"] = "ec2:CreateSubnet ec2:DeleteSubnet ec2:DescribeSubnets ec2:DescribeNetworkInterfaces ec2:DeleteNetworkInterface",
        ["aws_route_table"] = "ec2:CreateRouteTable ec2:DeleteRouteTable ec2:CreateRoute ec2:DeleteRoute ec2:ReplaceRoute ec2:DescribeRouteTables ec2:DisassociateRouteTable",
        ["aws_route_table_association"] = "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:DescribeRouteTables",
        ["aws_eip"] = "ec2:AllocateAddress ec2:ReleaseAddress ec2:DisassociateAddress ec2:DescribeAddresses ec2:DescribeAddressesAttribute",
        ["aws_nat_gateway"] = "ec2:CreateNatGateway ec2:DeleteNatGateway ec2:DescribeNatGateways",
        ["aws_security_group"] = "ec2:CreateSecurityGroup ec2:DeleteSecurityGroup ec2:DescribeSecurityGroups ec2:AuthorizeSecurityGroupIngress ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupIngress ec2:RevokeSecurityGroupEgress",
        ["aws_vpc_endpoint"] = "ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints ec2:DescribeVpcEndpoints ec2:DescribePrefixLists",
        ["aws_lb"] = "elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:DeleteLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes elasticloadbalancing:SetSecurityGroups elasticloadbalancing:SetSubnets elasticloadbalancing:DescribeLoadBalancers elasticloadbalancing:DescribeLoadBalancerAttributes elasticloadbalancing:DescribeCapacityReservation elasticloadbalancing:AddTags elasticloadbalancing:RemoveTags",
        ["aws_lb_target_group"] = "elasticloadbalancing:CreateTargetGroup elasticloadbalancing:ModifyTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes elasticloadbalancing:DeleteTargetGroup elasticloadbalancing:DescribeTargetGroups elasticloadbalancing:DescribeTargetGroupAttributes",
        ["aws_lb_listener"] = "elasticloadbalancing:CreateListener elasticloadbalancing:ModifyListener elasticloadbalancing:ModifyListenerAttributes elasticloadbalancing:DeleteListener elasticloadbalancing:DescribeListeners elasticloadbalancing:DescribeListenerAttributes",
        ["aws_ecs_cluster"] = "ecs:CreateCluster ecs:UpdateCluster ecs:DeleteCluster ecs:DescribeClusters ecs:TagResource ecs:UntagResource iam:CreateServiceLinkedRole",
        ["aws_ecs_task_definition"] = "ecs:RegisterTaskDefinition ecs:DeregisterTaskDefinition ecs:DescribeTaskDefinition iam:PassRole",
        ["aws_ecs_service"] = "ecs:CreateService ecs:UpdateService ecs:DeleteService ecs:DescribeServices",
        ["aws_appautoscaling_target"] = "application-autoscaling:RegisterScalableTarget application-autoscaling:DeregisterScalableTarget application-autoscaling:DescribeScalableTargets application-autoscaling:ListTagsForResource application-autoscaling:TagResource",
        ["aws_appautoscaling_policy"] = "application-autoscaling:PutScalingPolicy application-autoscaling:DeleteScalingPolicy application-autoscaling:DescribeScalingPolicies",
        ["aws_elasticache_subnet_group"] = "elasticache:CreateCacheSubnetGroup elasticache:ModifyCacheSubnetGroup elasticache:DeleteCacheSubnetGroup elasticache:DescribeCacheSubnetGroups elasticache:AddTagsToResource elasticache:ListTagsForResource",
        ["aws_elasticache_cluster"] = "elasticache:CreateCacheCluster elasticache:ModifyCacheCluster elasticache:DeleteCacheCluster elasticache:DescribeCacheClusters",
        ["aws_elasticache_replication_group"] = "elasticache:CreateReplicationGroup elasticache:ModifyReplicationGroup elasticache:DeleteReplicationGroup elasticache:IncreaseReplicaCount elasticache:DecreaseReplicaCount elasticache:DescribeReplicationGroups",
        ["aws_efs_file_system"] = "elasticfilesystem:CreateFileSystem elasticfilesystem:DeleteFileSystem elasticfilesystem:PutLifecycleConfiguration elasticfilesystem:DescribeFileSystems elasticfilesystem:DescribeLifecycleConfiguration elasticfilesystem:TagResource",
        ["aws_efs_mount_target"] = "elasticfilesystem:CreateMountTarget elasticfilesystem:DeleteMountTarget elasticfilesystem:ModifyMountTargetSecurityGroups elasticfilesystem:DescribeMountTargets elasticfilesystem:DescribeMountTargetSecurityGroups ec2:CreateNetworkInterface ec2:DeleteNetworkInterface",
        ["aws_efs_access_point"] = "elasticfilesystem:CreateAccessPoint elasticfilesystem:DeleteAccessPoint elasticfilesystem:DescribeAccessPoints",
        ["aws_cloudwatch_log_group"] = "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DescribeLogGroups logs:ListTagsForResource logs:TagResource logs:UntagResource",
        ["aws_cloudwatch_dashboard"] = "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards",
        ["aws_cloudwatch_metric_alarm"] = "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource cloudwatch:TagResource",
        ["aws_iam_role"] = "iam:CreateRole iam:DeleteRole iam:GetRole iam:TagRole iam:UntagRole iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole iam:PutRolePermissionsBoundary",
        ["aws_iam_role_policy"] = "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
    };

    [Fact]
    public void EachResourceOfTheModuleSetMayBeMadeChangedAndRemovedWithThePolicies()
    {
        var used = TerraformRoot.Files.Where(file => file.Key.EndsWith(".tf", StringComparison.Ordinal))
            .SelectMany(file => Regex.Matches(Encoding.UTF8.GetString(file.Value), "^resource \"(aws_[a-z_]+)\"", RegexOptions.Multiline).Select(match => match.Groups[1].Value))
            .Distinct(StringComparer.Ordinal);
        Needed.Keys.ShouldBe(used, ignoreOrder: true);
        var allowed = Allowed("aws-policy.json").Concat(Allowed("aws-policy-network.json")).Select(one => one.Action).ToList();
        Needed.SelectMany(pair => pair.Value.Split(' ').Where(action => !allowed.Exists(one => one == action || (one.EndsWith('*') && action.StartsWith(one[..^1], StringComparison.Ordinal)))).Select(action => $"{pair.Key} needs {action}")).ShouldBeEmpty();
    }

    // A managed policy has 6144 letters at most, blanks not counted.
    [Theory]
    [InlineData("aws-policy.json")]
    [InlineData("aws-policy-network.json")]
    [InlineData("aws-boundary.json")]
    public void APolicyFitsIntoWhatAwsTakes(string name) =>
        Regex.Replace(Read(name).Replace("ACCOUNT", "123456789012", StringComparison.Ordinal).Replace("PROJECT", "a-project-of-some-length", StringComparison.Ordinal), @"\s", "").Length.ShouldBeLessThan(6144);

    [Fact]
    public void WhoHasThePolicyCannotMakeARoleThatMayMoreThanATask()
    {
        foreach (var action in (string[])["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"])
            Allowed("aws-policy.json").Where(one => one.Action == action).ShouldHaveSingleItem().Condition.ShouldBe("""{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::ACCOUNT:policy/tenantry-boundary"}}""");
        Allowed("aws-policy.json").ShouldNotContain(one => one.Action == "iam:DeleteRolePermissionsBoundary" || one.Action == "iam:AttachRolePolicy" || one.Action == "iam:*");
    }

    [Theory]
    [InlineData("aws-policy-network.json", "ec2:DeleteVpc")]
    [InlineData("aws-policy-network.json", "ec2:DeleteSecurityGroup")]
    [InlineData("aws-policy-network.json", "ec2:DeleteNatGateway")]
    [InlineData("aws-policy-network.json", "elasticloadbalancing:DeleteLoadBalancer")]
    [InlineData("aws-policy.json", "elasticache:DeleteReplicationGroup")]
    [InlineData("aws-policy.json", "elasticfilesystem:DeleteFileSystem")]
    public void WhatTenantryDidNotMakeIsNotRemovedWithThePolicy(string policy, string action) =>
        Allowed(policy).Where(one => one.Action == action).ShouldHaveSingleItem().Condition.ShouldContain("\"aws:ResourceTag/ManagedBy\":\"Tenantry\"");

    // The boundary is what a task may at most: no action of it is missing that the module gives.
    [Fact]
    public void TheBoundaryLetsTasksDoWhatTheirRolesAreGiven()
    {
        var roles = Encoding.UTF8.GetString(TerraformRoot.Files["modules/ecs/roles.tf"]);
        var given = Regex.Matches(roles, "\"((?:logs|secretsmanager|ecr|elasticfilesystem):[A-Za-z]+)\"").Select(match => match.Groups[1].Value).Distinct(StringComparer.Ordinal).ToList();
        given.Count.ShouldBeGreaterThan(7);
        given.ShouldBeSubsetOf(Allowed("aws-boundary.json").Select(one => one.Action));
    }

    private static List<(string Action, string Condition)> Allowed(string name)
    {
        var all = new List<(string, string)>();
        foreach (var statement in JsonSerializer.Deserialize<JsonElement>(Read(name)).GetProperty("Statement").EnumerateArray())
        {
            var actions = statement.GetProperty("Action");
            var condition = statement.TryGetProperty("Condition", out var found) ? Regex.Replace(found.GetRawText(), @"\s", "") : "";
            all.AddRange(actions.ValueKind == JsonValueKind.String ? [(actions.GetString()!, condition)] : actions.EnumerateArray().Select(action => (action.GetString()!, condition)));
        }

        return all;
    }

    private static string Read(string name, [CallerFilePath] string caller = "") => File.ReadAllText(Path.Combine(Path.GetDirectoryName(caller)!, "../../../docs/targets", name));
}
