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
internal sealed record TasksSeen(int Desired, int Running, bool IsSettled, int Failed, string TaskDefinition);

/// <summary>The service that runs an instance's tasks.</summary>
internal sealed class EcsTasks(IAws aws, string cluster, string service)
{
    private const string Dimension = "ecs:service:DesiredCount";

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
            var newest = found.GetProperty("deployments").EnumerateArray().FirstOrDefault(one => one.GetProperty("status").GetString() == "PRIMARY");
            return new TasksSeen(
                found.GetProperty("desiredCount").GetInt32(),
                found.GetProperty("runningCount").GetInt32(),
                newest.ValueKind == JsonValueKind.Object && newest.TryGetProperty("rolloutState", out var state) && state.GetString() == "COMPLETED",
                newest.ValueKind == JsonValueKind.Object && newest.TryGetProperty("failedTasks", out var failed) ? failed.GetInt32() : 0,
                found.TryGetProperty("taskDefinition", out var definition) ? definition.GetString() ?? "" : "");
        }

        return null;
    }

    internal Task SetCountAsync(int count, CancellationToken cancellationToken) =>
        aws.JsonAsync(AwsService.Ecs, "UpdateService", new { cluster, service, desiredCount = count }, cancellationToken);

    /// <summary>Bounds within which the number follows the load.</summary>
    internal Task SetBoundsAsync(int min, int max, CancellationToken cancellationToken) => aws.JsonAsync(
        AwsService.Scaling,
        "RegisterScalableTarget",
        new { ServiceNamespace = "ecs", ResourceId = $"service/{cluster}/{service}", ScalableDimension = Dimension, MinCapacity = min, MaxCapacity = max },
        cancellationToken);

    /// <summary>Why the last task ended, with the exit code and the last lines of what ended first; null when none did.</summary>
    internal async Task<string?> WhyEndedAsync(string logGroup, CancellationToken cancellationToken)
    {
        if (await TaskAsync("STOPPED", cancellationToken) is not { } task)
            return null;
        var reason = task.TryGetProperty("stoppedReason", out var stopped) ? stopped.GetString() : null;
        var container = task.GetProperty("containers").EnumerateArray().FirstOrDefault(one => one.TryGetProperty("exitCode", out var code) && code.GetInt32() != 0);
        if (container.ValueKind != JsonValueKind.Object)
            return reason;
        var name = container.GetProperty("name").GetString()!;
        var lines = await new TaskLogs(aws, logGroup).LastAsync(name, TaskId(task), 3, cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{name} ended with exit code {container.GetProperty("exitCode").GetInt32()}{(lines.Count > 0 ? $": {string.Join(" / ", lines)}" : reason is null ? "" : $" ({reason})")}");
    }

    /// <summary>The private address of a task that runs, or null.</summary>
    internal async Task<string?> FindAddressAsync(CancellationToken cancellationToken)
    {
        if (await TaskAsync("RUNNING", cancellationToken) is not { } task || !task.TryGetProperty("attachments", out var attachments))
            return null;
        return attachments.EnumerateArray()
            .SelectMany(attachment => attachment.GetProperty("details").EnumerateArray())
            .FirstOrDefault(detail => detail.GetProperty("name").GetString() == "privateIPv4Address") is { ValueKind: JsonValueKind.Object } address
            ? address.GetProperty("value").GetString()
            : null;
    }

    private async Task<JsonElement?> TaskAsync(string status, CancellationToken cancellationToken)
    {
        var listed = await aws.JsonAsync(AwsService.Ecs, "ListTasks", new { cluster, serviceName = service, desiredStatus = status }, cancellationToken);
        var tasks = listed.GetProperty("taskArns").EnumerateArray().Select(arn => arn.GetString()!).Take(1).ToArray();
        if (tasks.Length == 0)
            return null;
        var described = await aws.JsonAsync(AwsService.Ecs, "DescribeTasks", new { cluster, tasks }, cancellationToken);
        return described.GetProperty("tasks").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } task ? task : null;
    }

    private static string TaskId(JsonElement task) => task.GetProperty("taskArn").GetString()!.Split('/')[^1];
}
