using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>Says what there is of an instance: its record and state, its tasks, its secret; and from time to time what a plan finds to be otherwise.</summary>
internal sealed class AwsObserver(AwsHost host)
{
    private const int HttpPort = 80;
    private const string Service = "module.service.aws_ecs_service.this";

    internal async Task<InstanceObservation> ObserveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        if (await host.Store.FindAsync(instance, cancellationToken) is not { } record)
            return InstanceObservation.Absent(instance);
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        var aws = host.AwsOf(record.RoleArn);
        var tasks = await TasksOf(record).FindAsync(cancellationToken);
        var hasSecret = record.SecretArn.Length > 0 && await new AppSecret(aws, SecretName(record), record).FindAsync(cancellationToken) is not null;
        var isRunElsewhere = host.Terraform.FindRun(record.Workspace) is { Process.IsAlive: true };
        var observed = StateOf(record, tasks, isRunElsewhere);
        var wanted = TaskDefinition(state);
        var isOther = tasks?.IsOtherThan(wanted) == true;
        var health = observed == ObservedState.Running ? HealthOf(tasks!, wanted) : InstanceHealth.Unknown;
        var (drift, blind) = observed is ObservedState.Running or ObservedState.Stopped ? await DriftAsync(record, state, tasks!, hasSecret, cancellationToken) : ([], null);
        return new InstanceObservation
        {
            Ref = instance,
            State = observed,
            Health = health,
            WorkloadDigest = record.Stage == InstanceStage.Complete && !isOther ? record.Digest : null,
            RestartNonce = record.RestartNonce,
            Release = record.Release,
            Resources = Resources(record, state, hasSecret, tasks),
            Drift = drift,
            Endpoint = observed == ObservedState.Running ? await EndpointAsync(record, state, cancellationToken) : null,
            Trouble = isRunElsewhere
                ? "A run of Terraform that an earlier control plane began is still at work on it."
                : isOther || tasks?.IsGivenUp == true ? await GivenUpAsync(record, tasks!, wanted, cancellationToken)
                : health is InstanceHealth.Unhealthy or InstanceHealth.Starting ? await TasksOf(record).WhyEndedAsync(LogGroup(record), tasks!, cancellationToken) ?? blind : blind,
        };
    }

    internal EcsTasks TasksOf(AwsRecord record)
    {
        var name = record.Variables["name"]!.GetValue<string>();
        return new EcsTasks(host.AwsOf(record.RoleArn), name, name);
    }

    internal string LogGroup(AwsRecord record) => $"/{host.Options.Project}/{record.Workspace}";

    internal string SecretName(AwsRecord record) => AwsNames.Secret(host.Options.Project, record.Workspace);

    /// <summary>The task definition that Terraform gave the service, as of a state; empty in one that does not tell.</summary>
    internal static string TaskDefinition(TerraformState state) => state.Text("task_definition");

    /// <summary>Says that AWS gave a deployment up, and why.</summary>
    internal async Task<string> GivenUpAsync(AwsRecord record, TasksSeen seen, string wanted, CancellationToken cancellationToken)
    {
        var why = await TasksOf(record).WhyEndedAsync(LogGroup(record), seen, cancellationToken);
        var reason = string.Join("; ", new[] { seen.GivenUp?.TrimEnd('.'), why }.OfType<string>());
        var what = seen.IsOtherThan(wanted) ? $"AWS went back to {Revision(seen.TaskDefinition)}, and {Revision(wanted)} is wanted" : "AWS gave the deployment up";
        return $"{what}: {(reason.Length > 0 ? reason : "it gives no reason")}.";
    }

    private static string Revision(string arn) => arn[(arn.LastIndexOf('/') + 1)..];

    internal static InstanceHealth HealthOf(TasksSeen tasks, string wanted) => tasks switch
    {
        _ when tasks.IsOtherThan(wanted) => InstanceHealth.Unhealthy,
        { IsGivenUp: true } => InstanceHealth.Unhealthy,
        _ when tasks.Running >= Math.Max(1, tasks.Desired) && tasks.IsSettled => InstanceHealth.Healthy,
        { Running: 0, Failed: > 0 } => InstanceHealth.Unhealthy,
        _ => InstanceHealth.Starting,
    };

    private static ObservedState StateOf(AwsRecord record, TasksSeen? tasks, bool isRunElsewhere)
    {
        if (record.Stage != InstanceStage.Complete || tasks is null || isRunElsewhere)
            return ObservedState.Partial;
        return tasks.Desired == 0 ? ObservedState.Stopped : ObservedState.Running;
    }

    private List<ResourceObservation> Resources(AwsRecord record, TerraformState state, bool hasSecret, TasksSeen? tasks)
    {
        var resources = new List<ResourceObservation>();
        if (record.RoleArn.Length > 0)
            resources.Add(new ResourceObservation(AwsNames.Account(record.RoleArn.Split(':')[4]), "there"));
        if (hasSecret)
            resources.Add(new ResourceObservation(AwsNames.SecretResource(host.Options.Project, record.Workspace), "there"));
        foreach (var one in state.Resources)
        {
            var detail = one.Type == "aws_ecs_service" && tasks is not null ? $"{tasks.Running} of {tasks.Desired} tasks run" : one.Id;
            resources.Add(new ResourceObservation(AwsNames.Resource(record.Workspace, one.Type, one.Address), one.IsTainted ? "unfinished" : "there", detail));
        }

        return resources;
    }

    private async Task<(IReadOnlyList<DriftItem> Drift, string? Blind)> DriftAsync(AwsRecord record, TerraformState state, TasksSeen tasks, bool hasSecret, CancellationToken cancellationToken)
    {
        var drift = new List<DriftItem>();
        if (record.SecretArn.Length > 0 && !hasSecret)
            drift.Add(new DriftItem($"{AwsNames.SecretResource(host.Options.Project, record.Workspace)}", "there", "missing"));
        if (tasks.IsOtherThan(TaskDefinition(state)))
            drift.Add(new DriftItem($"{AwsNames.Resource(record.Workspace, "aws_ecs_service", Service)}", Revision(TaskDefinition(state)), Revision(tasks.TaskDefinition)));
        var isAsleep = tasks.Desired == 0;
        var key = StateKey(record, state);
        string? blind = null;
        if (host.Plans.Find(record.Id, key, host.Options.DriftEvery) is not { } changes)
        {
            try
            {
                changes = await host.PlanAsync(record, isAsleep, isNew: false, cancellationToken);
                host.Plans.Keep(record.Id, key, changes);
            }
            catch (TargetException failure)
            {
                host.Log.LogWarning(failure, "Instance {Slug} could not be compared with AWS", record.Slug);
                (changes, blind) = ([], $"It could not be compared with AWS: {failure.Sentence}");
            }
        }

        foreach (var change in changes.Where(change => change.Kind == MessageKind.Planned && !drift.Exists(item => item.Resource == $"{AwsNames.Resource(record.Workspace, change.ResourceType, change.Address)}")))
            drift.Add(new DriftItem($"{AwsNames.Resource(record.Workspace, change.ResourceType, change.Address)}", "as it was made", change.Action == StepAction.Create ? "missing" : "changed"));
        return (drift, blind);
    }

    internal static string StateKey(AwsRecord record, TerraformState state) => $"{state.Serial}/{record.Digest}/{record.RestartNonce}";

    private async Task<Endpoint?> EndpointAsync(AwsRecord record, TerraformState state, CancellationToken cancellationToken)
    {
        var port = record.Variables["service"]!["port"]!.GetValue<int>();
        if (port == 0)
            return null;
        if (state.Text("address") is { Length: > 0 } balancer)
            return new Endpoint(balancer, HttpPort);
        return await TasksOf(record).FindAddressAsync(TaskDefinition(state), cancellationToken) is { } address ? new Endpoint(address, port) : null;
    }
}
