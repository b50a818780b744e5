using System.Globalization;
using System.Text.Json;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Aws.Running;

/// <summary>How many tasks of an instance run, and how.</summary>
/// <param name="Desired">Wanted by the service.</param>
/// <param name="Running">That run.</param>
/// <param name="IsSettled">True when the newest deployment is through.</param>
/// <param name="Failed">Tasks of it that did not come up.</param>
/// <param name="TaskDefinition">What the newest deployment runs.</param>
/// <param name="IsGivenUp">True when AWS gave the newest deployment up and had nothing to go back to.</param>
/// <param name="GivenUp">Why AWS gave a deployment up, in its own words; null when it did not.</param>
/// <param name="Deployment">Id of the deployment whose tasks tell what went wrong: the one that was given up, else the newest; empty when none is told.</param>
internal sealed record TasksSeen(int Desired, int Running, bool IsSettled, int Failed, string TaskDefinition, bool IsGivenUp = false, string? GivenUp = null, string Deployment = "")
{
    /// <summary>True when it runs something else than the task definition that was given: AWS went back from it. Empty: none is known.</summary>
    internal bool IsOtherThan(string taskDefinition) => taskDefinition.Length > 0 && TaskDefinition.Length > 0 && TaskDefinition != taskDefinition;
}

/// <summary>The service that runs an instance's tasks.</summary>
internal sealed class EcsTasks(IAws aws, string cluster, string service)
{
    private const string Dimension = "ecs:service:DesiredCount";
    private const int MostAtOnce = 100;

    /// <summary>What runs, or null when there is no such service.</summary>
    internal async Task<TasksSeen?> FindAsync(CancellationToken cancellationToken)
    {
        JsonElement answer;
        try
        {
            answer = await aws.JsonAsync(AwsService.Ecs, "DescribeServices", new { cluster, services = new[] { service } }, cancellationToken);
        }
        catch (AwsException error) when (error.Code == "ClusterNotFoundException")
        {
            return null;
        }

        foreach (var found in answer.GetProperty("services").EnumerateArray())
        {
            if (found.GetProperty("status").GetString() != "ACTIVE")
                continue;
            return Read(found);
        }

        return null;
    }

    /// <summary>Reads a service as AWS describes it. Pure.</summary>
    internal static TasksSeen Read(JsonElement service)
    {
        var deployments = service.GetProperty("deployments").EnumerateArray().ToList();
        var newest = deployments.Find(one => Word(one, "status") == "PRIMARY");
        var givenUp = deployments.Find(one => Word(one, "rolloutState") == "FAILED");
        return new TasksSeen(
            service.GetProperty("desiredCount").GetInt32(),
            service.GetProperty("runningCount").GetInt32(),
            Word(newest, "rolloutState") == "COMPLETED",
            newest.ValueKind == JsonValueKind.Object && newest.TryGetProperty("failedTasks", out var failed) ? failed.GetInt32() : 0,
            Word(newest, "taskDefinition") ?? Word(service, "taskDefinition") ?? "",
            Word(newest, "rolloutState") == "FAILED",
            givenUp.ValueKind == JsonValueKind.Object ? Word(givenUp, "rolloutStateReason") ?? "it gives no reason" : null,
            // Once it is tried again its own tasks tell.
            (Word(givenUp, "taskDefinition") == Word(newest, "taskDefinition") ? null : Word(givenUp, "id")) ?? Word(newest, "id") ?? "");
    }

    internal Task SetCountAsync(int count, CancellationToken cancellationToken) =>
        aws.JsonAsync(AwsService.Ecs, "UpdateService", new { cluster, service, desiredCount = count }, cancellationToken);

    /// <summary>Has AWS try once more what it gave up: it does so by itself no more.</summary>
    internal Task DeployAgainAsync(CancellationToken cancellationToken) =>
        aws.JsonAsync(AwsService.Ecs, "UpdateService", new { cluster, service, forceNewDeployment = true }, cancellationToken);

    /// <summary>Bounds within which the number follows the load.</summary>
    internal Task SetBoundsAsync(int min, int max, CancellationToken cancellationToken) => aws.JsonAsync(
        AwsService.Scaling,
        "RegisterScalableTarget",
        new { ServiceNamespace = "ecs", ResourceId = $"service/{cluster}/{service}", ScalableDimension = Dimension, MinCapacity = min, MaxCapacity = max },
        cancellationToken);

    /// <summary>Why the last task of a deployment ended, with the exit code and the last lines of what ended first; null when none did.</summary>
    internal async Task<string?> WhyEndedAsync(string logGroup, TasksSeen seen, CancellationToken cancellationToken)
    {
        var ended = (await TasksAsync("STOPPED", cancellationToken)).Where(one => Tells(one, seen.Deployment)).ToList();
        if (ended.Count == 0)
            return null;
        var task = ended.MaxBy(StoppedAt);
        var reason = Word(task, "stoppedReason");
        var container = task.GetProperty("containers").EnumerateArray().FirstOrDefault(one => one.TryGetProperty("exitCode", out var code) && code.GetInt32() != 0);
        if (container.ValueKind != JsonValueKind.Object)
            return reason;
        var name = container.GetProperty("name").GetString()!;
        var lines = await new TaskLogs(aws, logGroup).LastAsync(name, TaskId(task), 3, cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{name} ended with exit code {container.GetProperty("exitCode").GetInt32()}{(lines.Count > 0 ? $": {string.Join(" / ", lines)}" : reason is null ? "" : $" ({reason})")}");
    }

    // What the scheduler itself ended was in the way, or too many; what it ended since the load balancer found it sick tells something.
    private static bool Tells(JsonElement task, string deployment) =>
        (deployment.Length == 0 || Word(task, "startedBy") is not { } by || by == deployment)
        && (Word(task, "stopCode") != "ServiceSchedulerInitiated" || Word(task, "stoppedReason")?.StartsWith("Task failed", StringComparison.Ordinal) == true);

    // AWS tells seconds since 1970.
    private static double StoppedAt(JsonElement task) => task.TryGetProperty("stoppedAt", out var at) && at.ValueKind == JsonValueKind.Number ? at.GetDouble() : 0;

    /// <summary>The private address of a task that runs and is not sick, of the task definition that is wanted before any other; or null.</summary>
    internal async Task<string?> FindAddressAsync(string wanted, CancellationToken cancellationToken)
    {
        // AWS lists as running what is to run, also while its image is fetched.
        var running = (await TasksAsync("RUNNING", cancellationToken)).Where(one => Word(one, "lastStatus") == "RUNNING" && Word(one, "healthStatus") != "UNHEALTHY").ToList();
        var task = running.OrderByDescending(one => Word(one, "taskDefinitionArn") == wanted).FirstOrDefault();
        if (task.ValueKind != JsonValueKind.Object || !task.TryGetProperty("attachments", out var attachments))
            return null;
        return attachments.EnumerateArray()
            .SelectMany(attachment => attachment.GetProperty("details").EnumerateArray())
            .FirstOrDefault(detail => detail.GetProperty("name").GetString() == "privateIPv4Address") is { ValueKind: JsonValueKind.Object } address
            ? address.GetProperty("value").GetString()
            : null;
    }

    // At most as many as one question describes: of those that ended AWS keeps the last hour.
    private async Task<IReadOnlyList<JsonElement>> TasksAsync(string status, CancellationToken cancellationToken)
    {
        var listed = await aws.JsonAsync(AwsService.Ecs, "ListTasks", new { cluster, serviceName = service, desiredStatus = status }, cancellationToken);
        var tasks = listed.GetProperty("taskArns").EnumerateArray().Select(arn => arn.GetString()!).Take(MostAtOnce).ToArray();
        if (tasks.Length == 0)
            return [];
        var described = await aws.JsonAsync(AwsService.Ecs, "DescribeTasks", new { cluster, tasks }, cancellationToken);
        return [.. described.GetProperty("tasks").EnumerateArray()];
    }

    private static string? Word(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string TaskId(JsonElement task) => task.GetProperty("taskArn").GetString()!.Split('/')[^1];
}
