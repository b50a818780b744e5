using Tenantry.Model.Plans;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>What Terraform 1.11.4 printed, recorded, and what is made of it.</summary>
public sealed class TerraformStreamTests
{
    [Fact]
    public void APlanIsItsPlannedChangesAndNotTheDriftThatItAlsoPrints()
    {
        File.ReadAllText(Recorded("plan-change")).ShouldContain("resource_drift");
        Read("plan-change").Select(message => (message.Kind, message.Address, message.Action)).ShouldBe(
        [
            (MessageKind.Planned, "module.service.aws_ecs_task_definition.this", StepAction.Replace),
            (MessageKind.Planned, "module.service.aws_ecs_service.this", StepAction.Update),
        ]);
        Read("plan-change")[0].Text.ShouldBe("what changed cannot be changed in place");
    }

    [Fact]
    public void AnApplyTellsOfEachResourceFromItsBeginToItsEnd()
    {
        var messages = Read("apply");
        messages.Count(message => message.Kind == MessageKind.Planned).ShouldBe(17);
        var cluster = messages.Where(message => message.Address == "module.service.aws_ecs_cluster.this" && message.Kind != MessageKind.Planned).ToList();
        cluster.Select(message => message.Kind).ShouldBe([MessageKind.Started, MessageKind.Progress, MessageKind.Done]);
        cluster[^1].Text.ShouldBe("in 12 s");
        messages.ShouldNotContain(message => message.Address.StartsWith("data.", StringComparison.Ordinal), "what is only read changes nothing");
    }

    [Fact]
    public void WhatAKilledRunMadeAndWroteIntoNoStateIsKnownByItsStream()
    {
        var stream = Read("apply").TakeWhile(message => message is not { Kind: MessageKind.Done, Address: "module.service.aws_ecs_cluster.this" });
        var state = TerraformState.Nothing with { Resources = [new StateResource("module.service.aws_iam_role.task", "aws_iam_role", "", "alice-prod-12345678-app", false, [])] };
        var lost = KilledRun.Lost(stream, state);
        lost.ShouldContain(("module.logs.aws_cloudwatch_log_group.this", "aws_cloudwatch_log_group", "/demo/alice-prod"));
        lost.ShouldContain(("module.service.aws_ecs_cluster.this", "aws_ecs_cluster", null));
        lost.ShouldNotContain(one => one.Address == "module.service.aws_iam_role.task");
        ModuleParts.ImportId("aws_ecs_service", "arn:aws:ecs:eu-central-1:1:service/tn-a/tn-a").ShouldBe("tn-a/tn-a");
        lost.ShouldNotContain(one => one.Type == "aws_iam_role_policy", "one written again is no second thing");
    }

    [Theory]
    [InlineData("arn:aws:ec2:eu-central-1:1:vpc/vpc-1", "aws_vpc", "vpc-1")]
    [InlineData("arn:aws:ecs:eu-central-1:1:cluster/tn-a", "aws_ecs_cluster", "tn-a")]
    [InlineData("arn:aws:logs:eu-central-1:1:log-group:/demo/a-prod:*", "aws_cloudwatch_log_group", "/demo/a-prod")]
    [InlineData("arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/tn-a/9", "aws_lb", "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/tn-a/9")]
    [InlineData("arn:aws:cloudwatch:eu-central-1:1:alarm:demo-a-prod-cpu", "aws_cloudwatch_metric_alarm", "demo-a-prod-cpu")]
    [InlineData("arn:aws:s3:::bucket", "", "arn:aws:s3:::bucket")]
    [InlineData("arn:aws:ecs:eu-central-1:1:task-definition/tn-a:3", null, null)]
    public void WhatCarriesOurTagsIsNamedAsTerraformDoes(string arn, string? type, string? id)
    {
        var read = TaggedResource.Of(arn, "");
        (read?.Type, read?.Id).ShouldBe((type, id));
    }

    [Fact]
    public void OfSeveralThatCarryOurTagsTheOneOfThatNameIsMeantAndNoneInDoubt()
    {
        TaggedResource[] all = [new("aws_subnet", "s-0", "a0", "tn-a-public-0"), new("aws_subnet", "s-1", "a1", "tn-a-public-1"), new("aws_vpc", "v-1", "a2", "tn-a")];
        TaggedResource.Choose(all, "aws_subnet", "tn-a-public-1", TerraformState.Nothing)!.Id.ShouldBe("s-1");
        TaggedResource.Choose(all, "aws_subnet", "tn-a-private-0", TerraformState.Nothing).ShouldBeNull();
        TaggedResource.Choose(all, "aws_vpc", "tn-a", TerraformState.Nothing with { Resources = [new StateResource("x", "aws_vpc", "", "v-1", false, [])] }).ShouldBeNull();
    }

    [Fact]
    public void AHeldStateIsRecognised()
    {
        var messages = Read("plan-locked");
        AwsErrors.IsLocked(messages).ShouldBeTrue();
        AwsErrors.IsLocked(Read("plan-change")).ShouldBeFalse();
    }

    [Fact]
    public void TheHolderOfAStateIsNamedWithTheCommandThatGivesItFree()
    {
        var held = Lock();
        var failure = AwsErrors.Locked(Record(), held);
        failure.Retryable.ShouldBeTrue();
        failure.Sentence.ShouldBe("The state of alice-prod is held by root@vm since 2026-11-29 07:49:28 UTC (apply). If nobody works on it any more, give it free: tenantry target unlock alice");
    }

    [Fact]
    public void ALockIsOursAloneWhenOurDeadRunTookItOnThisMachine()
    {
        var held = Lock();
        var dead = new TerraformRun(new ProcessIdentity(1, 1, "another boot"), held.Created - TimeSpan.FromSeconds(1));
        held.IsLeftBy(dead, "vm").ShouldBeTrue();
        held.IsLeftBy(dead, "other").ShouldBeFalse();
        held.IsLeftBy(null, "vm").ShouldBeFalse();
        held.IsLeftBy(dead with { StartedAt = held.Created + TimeSpan.FromMinutes(1) }, "vm").ShouldBeFalse();
        held.IsLeftBy(dead with { Process = ProcessIdentity.Of(Environment.ProcessId)! }, "vm").ShouldBeFalse();
        StateLock.Read("not a lock"u8).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"type":"planned_change"}""")]
    [InlineData("""{"type":"apply_start","hook":{"action":"read","resource":{"addr":"data.x"}}}""")]
    [InlineData("""{"type":"planned_change","change":{"action":"noop","resource":{"addr":"x"}}}""")]
    [InlineData("""{"type":"outputs","outputs":{"a":{"sensitive":false,"value":"b"}}}""")]
    [InlineData("""{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"x"}}""")]
    public void ALineThatMeansNothingIsPassedOver(string line) => TerraformMessage.Read(line).ShouldBeNull();

    [Fact]
    public void AnOutputThatWouldChangeIsAChange() =>
        TerraformMessage.Read("""{"type":"outputs","outputs":{"a":{"sensitive":false,"action":"update"}}}""").ShouldNotBeNull().Kind.ShouldBe(MessageKind.OutputsChange);

    [Fact]
    public void WhatFailedIsSaidWithTheResourceAndWithoutFrames()
    {
        var error = TerraformMessage.Read("""{"type":"diagnostic","diagnostic":{"severity":"error","address":"module.redis[0].aws_elasticache_cluster.this[0]","summary":"creating ElastiCache Cluster (tn-a): operation error, https response error StatusCode: 400, RequestID: 12-ab, InsufficientCacheClusterCapacity","detail":""}}""").ShouldNotBeNull();
        var failure = AwsErrors.Explain("Applying a-prod", [error], "", "a-prod");
        failure.Sentence.ShouldBe("redis a-prod/module.redis[0].aws_elasticache_cluster.this[0]: Applying a-prod failed: creating ElastiCache Cluster (tn-a): operation error InsufficientCacheClusterCapacity");
    }

    [Theory]
    [InlineData("no valid credential: No valid credential sources found", false, "AWS_ACCESS_KEY_ID")]
    [InlineData("Error: Failed to query available provider packages", false, "mirror")]
    [InlineData("S3 bucket does not exist", false, "docs/targets/aws.md")]
    public void WhatAPersonMustMendIsSaidWithTheFix(string text, bool retryable, string fix)
    {
        var failure = AwsErrors.Explain("Planning a-prod", [], text);
        failure.Retryable.ShouldBe(retryable);
        failure.Fix.ShouldNotBeNull().ShouldContain(fix);
    }

    [Theory]
    [InlineData("ThrottlingException: Rate exceeded", true)]
    [InlineData("dial tcp: lookup ecs.eu-central-1.amazonaws.com: no such host", true)]
    [InlineData("InvalidParameterException: the role is malformed", false)]
    public void OnlyWhatPassesIsTriedAgain(string text, bool retryable) => AwsErrors.Explain("Applying a-prod", [], text).Retryable.ShouldBe(retryable);

    [Fact]
    public void AStateGivesItsResourcesInOrderOfWhatTheyNeed()
    {
        var state = TerraformState.Read("""
            { "version": 4, "serial": 7, "outputs": { "address": { "value": "lb", "type": "string" } }, "resources": [
              { "mode": "data", "type": "aws_region", "name": "x", "instances": [{}] },
              { "module": "module.b", "mode": "managed", "type": "aws_ecs_service", "name": "this", "instances": [{ "attributes": { "id": "s" }, "dependencies": ["module.a.aws_subnet.public"] }] },
              { "module": "module.a", "mode": "managed", "type": "aws_subnet", "name": "public", "instances": [{ "index_key": 0, "attributes": { "id": "one" }, "dependencies": ["module.a.aws_vpc.this"] }, { "index_key": 1, "status": "tainted", "attributes": { "id": "two" }, "dependencies": ["module.a.aws_vpc.this"] }] },
              { "module": "module.a", "mode": "managed", "type": "aws_vpc", "name": "this", "instances": [{ "attributes": { "id": "v" } }] } ] }
            """u8);
        (state.Serial, state.Text("address"), state.Text("nothing")).ShouldBe((7, "lb", ""));
        state.Resources.Select(one => one.Address).ShouldBe(["module.a.aws_vpc.this", "module.a.aws_subnet.public[0]", "module.a.aws_subnet.public[1]", "module.b.aws_ecs_service.this"]);
        state.Resources[2].IsTainted.ShouldBeTrue();
    }

    [Fact]
    public void CommandLinesNameTheWorkspaceInAVariableOfTheProcess()
    {
        var plan = TerraformCommands.Plan("terraform", "/w", "alice-prod", "/r/x.tfvars.json");
        plan.Arguments.ShouldBe(["-chdir=/w", "plan", "-json", "-detailed-exitcode", "-input=false", "-lock=false", "-var-file=/r/x.tfvars.json"]);
        plan.Environment["TF_WORKSPACE"].ShouldBe("alice-prod");
        TerraformCommands.DeleteWorkspace("terraform", "/w", "alice-prod").Environment["TF_WORKSPACE"].ShouldBeNull();
    }

    private static AwsRecord Record() => new()
    {
        Id = "i1",
        Slug = "alice",
        Owner = "o",
        Workspace = "alice-prod",
        Stage = InstanceStage.Changing,
        Digest = "",
        RestartNonce = 0,
        Release = "",
        Variables = [],
        SecretsDigest = "",
    };

    private static StateLock Lock() => StateLock.Read("""{"ID":"99f994df-f114-a4c7-f0a1-d8b4271fbbe3","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-29T07:49:28.848497136Z","Path":"x"}"""u8).ShouldNotBeNull();

    private static List<TerraformMessage> Read(string name) => [.. File.ReadLines(Recorded(name)).Select(TerraformMessage.Read).OfType<TerraformMessage>()];

    private static string Recorded(string name) => Path.Combine(AppContext.BaseDirectory, "Aws", "Streams", name + ".jsonl");
}
