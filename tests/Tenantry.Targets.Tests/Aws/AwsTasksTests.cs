using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Plans;
using Tenantry.Targets.Aws;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>Which of a service's tasks tells what, from answers as AWS gives them: the emulator has one kind of task and gives no deployment up.</summary>
public sealed class AwsTasksTests
{
    private const string Wanted = "arn:aws:ecs:eu-central-1:1:task-definition/tn-a:8";

    [Fact]
    public async Task ADeploymentThatAwsGaveUpIsBegunAgain()
    {
        var seen = EcsTasks.Read(JsonSerializer.Deserialize<JsonElement>($$"""
            { "desiredCount": 1, "runningCount": 0, "deployments": [{ "id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "FAILED", "failedTasks": 3, "taskDefinition": "{{Wanted}}" }] }
            """));
        seen.IsGivenUp.ShouldBeTrue();
        var wish = new AwsWish(Record(), Record(), new AwsSecretDocument(new Dictionary<string, string>(StringComparer.Ordinal)), new AwsTier(), null, IsOffered: false);
        AwsPlanner.TasksStep(wish, seen, isAsleep: false).ShouldBe(new PlanStep(new ResourceName("tasks", "a-prod"), StepAction.Replace, "AWS gave the deployment up: it is tried again"));
        AwsPlanner.TasksStep(wish, seen, isAsleep: true).ShouldNotBeNull().Action.ShouldBe(StepAction.Stop);
        AwsPlanner.TasksStep(wish, seen with { IsGivenUp = false }, isAsleep: false).ShouldBeNull();

        var aws = Recorded();
        await new EcsTasks(aws, "tn-a", "tn-a").DeployAgainAsync(CancellationToken.None);
        aws.Asked.ShouldHaveSingleItem().ShouldBe("""UpdateService {"cluster":"tn-a","service":"tn-a","forceNewDeployment":true}""");
    }

    [Fact]
    public async Task WhyItEndedIsOfTheNewestTaskOfTheDeploymentThatFailed()
    {
        var aws = Recorded(
            Ended("t1", "ecs-svc/8", 100, "Essential container in task exited", "EssentialContainerExited"),
            Ended("t2", "ecs-svc/8", 300, "CannotPullContainerError: pull image manifest has been retried", "TaskFailedToStart"),
            Ended("t3", "ecs-svc/7", 400, "Essential container in task exited", "EssentialContainerExited"),
            Ended("t4", "ecs-svc/8", 500, "Scaling activity initiated by (deployment ecs-svc/8)", "ServiceSchedulerInitiated"));
        (await WhyAsync(aws, "ecs-svc/8")).ShouldBe("CannotPullContainerError: pull image manifest has been retried");
        (await WhyAsync(Recorded(Ended("t4", "ecs-svc/8", 500, "Scaling activity initiated by (deployment ecs-svc/8)", "ServiceSchedulerInitiated")), "ecs-svc/8")).ShouldBeNull();
        (await WhyAsync(Recorded(Ended("t5", "ecs-svc/8", 500, "Task failed ELB health checks in (target-group arn)", "ServiceSchedulerInitiated")), "ecs-svc/8")).ShouldBe("Task failed ELB health checks in (target-group arn)");
    }

    [Fact]
    public void TheDeploymentThatWasGivenUpTellsAndNotTheOneThatAwsWentBackTo() => EcsTasks.Read(JsonSerializer.Deserialize<JsonElement>("""
        { "desiredCount": 1, "runningCount": 1, "deployments": [
          { "id": "ecs-svc/9", "status": "PRIMARY", "rolloutState": "COMPLETED", "taskDefinition": "x:7" },
          { "id": "ecs-svc/8", "status": "ACTIVE", "rolloutState": "FAILED", "taskDefinition": "x:8" }] }
        """)).Deployment.ShouldBe("ecs-svc/8");

    [Fact]
    public void ADeploymentThatIsTriedAgainTellsItself() => EcsTasks.Read(JsonSerializer.Deserialize<JsonElement>("""
        { "desiredCount": 1, "runningCount": 0, "deployments": [
          { "id": "ecs-svc/9", "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "taskDefinition": "x:8" },
          { "id": "ecs-svc/8", "status": "ACTIVE", "rolloutState": "FAILED", "taskDefinition": "x:8" }] }
        """)).Deployment.ShouldBe("ecs-svc/9");

    [Fact]
    public async Task TheGatewayIsLedToATaskThatRunsAndIsNotSick()
    {
        var aws = Recorded(Task("t1", "PROVISIONING", "UNKNOWN", Wanted, "10.0.0.1"), Task("t2", "RUNNING", "UNHEALTHY", Wanted, "10.0.0.2"), Task("t3", "RUNNING", "HEALTHY", "x:7", "10.0.0.3"), Task("t4", "RUNNING", "HEALTHY", Wanted, "10.0.0.4"));
        (await new EcsTasks(aws, "tn-a", "tn-a").FindAddressAsync(Wanted, CancellationToken.None)).ShouldBe("10.0.0.4");
        (await new EcsTasks(Recorded(Task("t1", "PENDING", "UNKNOWN", Wanted, "10.0.0.1")), "tn-a", "tn-a").FindAddressAsync(Wanted, CancellationToken.None)).ShouldBeNull();
        (await new EcsTasks(Recorded(Task("t3", "RUNNING", "UNKNOWN", "x:7", "10.0.0.3")), "tn-a", "tn-a").FindAddressAsync(Wanted, CancellationToken.None)).ShouldBe("10.0.0.3", "while the new one comes");
    }

    private static Task<string?> WhyAsync(RecordedAws aws, string deployment) =>
        new EcsTasks(aws, "tn-a", "tn-a").WhyEndedAsync("/demo/a-prod", new TasksSeen(1, 0, false, 3, Wanted, Deployment: deployment), CancellationToken.None);

    private static string Ended(string id, string by, int at, string reason, string code) =>
        $$"""{ "taskArn": "arn:task/{{id}}", "startedBy": "{{by}}", "stoppedAt": {{at}}.5, "stoppedReason": "{{reason}}", "stopCode": "{{code}}", "containers": [] }""";

    private static string Task(string id, string status, string health, string definition, string address) =>
        $$"""{ "taskArn": "arn:task/{{id}}", "lastStatus": "{{status}}", "healthStatus": "{{health}}", "taskDefinitionArn": "{{definition}}", "attachments": [{ "details": [{ "name": "privateIPv4Address", "value": "{{address}}" }] }] }""";

    private static AwsRecord Record() => new() { Id = "i1", Slug = "a", Owner = "o", Workspace = "a-prod", Stage = InstanceStage.Complete, Digest = "", RestartNonce = 0, Release = "", Variables = [], SecretsDigest = "" };

    private static RecordedAws Recorded(params string[] tasks) => new((_, target) => target switch
    {
        "ListTasks" => new JsonObject { ["taskArns"] = new JsonArray([.. tasks.Select(task => (JsonNode?)JsonNode.Parse(task)!["taskArn"]!.GetValue<string>())]) }.ToJsonString(),
        "DescribeTasks" => new JsonObject { ["tasks"] = new JsonArray([.. tasks.Select(task => JsonNode.Parse(task))]) }.ToJsonString(),
        "UpdateService" => "{}",
        _ => null,
    });
}
