using System.Text.Json.Nodes;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>AWS tells for a while of the tags of what is gone: nobody is asked to remove that by hand.</summary>
public sealed class AwsGoneTests
{
    private const string Base = "arn:aws:elasticloadbalancing:eu-central-1:1:";
    private static readonly string[] Told =
    [
        $"{Base}loadbalancer/app/tn-a/1", $"{Base}targetgroup/tn-a/1", $"{Base}listener/app/tn-a/1/2", "arn:aws:cloudwatch:eu-central-1:1:alarm:demo-a-prod-cpu",
        "arn:aws:application-autoscaling:eu-central-1:1:scalable-target/0ec5abc",
    ];

    [Fact]
    public async Task WhatIsGoneIsNotTakenForLeft()
    {
        var aws = Aws(action => action switch
        {
            "DescribeAlarms" => "<R><MetricAlarms/></R>",
            "DescribeScalableTargets" => """{"ScalableTargets":[]}""",
            _ => null,
        });
        (await new Leftovers(aws, Record()).ListAsync(CancellationToken.None)).ShouldBeEmpty();
        aws.Asked.ShouldContain($"DescribeListeners ListenerArns.member.1={Base}listener/app/tn-a/1/2");
        aws.Asked.ShouldContain("DescribeAlarms AlarmNames.member.1=demo-a-prod-cpu");
        aws.Asked.ShouldContain("""DescribeScalableTargets {"ServiceNamespace":"ecs","ResourceIds":["service/tn-a/tn-a"]}""");
    }

    [Fact]
    public async Task WhatIsThereIsLeft()
    {
        var aws = Aws(action => action switch
        {
            "DescribeLoadBalancers" => $"<R><member><LoadBalancerArn>{Told[0]}</LoadBalancerArn></member></R>",
            "DescribeTargetGroups" => $"<R><member><TargetGroupArn>{Told[1]}</TargetGroupArn></member></R>",
            "DescribeListeners" => $"<R><member><ListenerArn>{Told[2]}</ListenerArn></member></R>",
            "DescribeAlarms" => $"<R><MetricAlarms><member><AlarmArn>{Told[3]}</AlarmArn></member></MetricAlarms></R>",
            "DescribeScalableTargets" => """{"ScalableTargets":[{"ResourceId":"service/tn-a/tn-a"}]}""",
            _ => null,
        });
        (await new Leftovers(aws, Record()).ListAsync(CancellationToken.None)).Select(one => one.Arn).ShouldBe(Told);
    }

    private static RecordedAws Aws(Func<string, string?> answer) => new((_, action) => action == "GetResources"
        ? new JsonObject { ["ResourceTagMappingList"] = new JsonArray([.. Told.Select(arn => (JsonNode?)new JsonObject { ["ResourceARN"] = arn, ["Tags"] = new JsonArray() })]) }.ToJsonString()
        : answer(action));

    private static AwsRecord Record() => new()
    {
        Id = "i1",
        Slug = "a",
        Owner = "o",
        Workspace = "a-prod",
        Stage = InstanceStage.Deleting,
        Digest = "",
        RestartNonce = 0,
        Release = "",
        Variables = new JsonObject { ["name"] = "tn-a" },
        SecretsDigest = "",
    };
}
