using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws;

/// <summary>Brings an instance to its workload: network range, account, secret, Terraform, number of tasks, health.</summary>
internal sealed class InstanceApplier(AwsHost host, AwsPlanner planner, AwsObserver observer)
{
    private static readonly TimeSpan HealthPatience = TimeSpan.FromMinutes(10);

    internal async Task ApplyAsync(Plan plan, InstanceWorkload workload, StepWriter steps, CancellationToken cancellationToken)
    {
        if (plan.IsEmpty || workload.Desired == DesiredState.Deleted)
            return;
        var isAsleep = workload.Desired == DesiredState.Asleep;
        // What is taken over has its range reserved until now.
        if (await host.Store.FindOfferAsync(AwsNames.Workspace(workload), cancellationToken) is not null)
            await host.Context.Ranges.ReleaseAsync(INetworkRanges.Reserved(AwsNames.Workspace(workload)), cancellationToken);
        var wish = await planner.WishAsync(workload, host.Context.Ranges.ClaimAsync, cancellationToken);
        wish = await AccountAsync(wish, workload, steps, cancellationToken);
        if (!wish.IsAsWritten || plan.Steps.Any(step => step.Action is not (StepAction.Start or StepAction.Stop or StepAction.Wait) && step.Resource.Kind != "tasks"))
            wish = await MakeAsync(wish, plan, steps, isAsleep, cancellationToken);
        var tasks = observer.TasksOf(wish.Record);
        if (await tasks.FindAsync(cancellationToken) is { } seen && AwsPlanner.TasksStep(wish, seen, isAsleep) is { } step)
            await steps.StepAsync(step.Resource, step.Action, () => step.Action == StepAction.Replace ? tasks.DeployAgainAsync(cancellationToken) : CountAsync(tasks, isAsleep ? 0 : Math.Clamp(seen.Desired, wish.Tier.Min, wish.Tier.Max), wish.Tier.Min, wish.Tier.Max, cancellationToken));
        await CompleteAsync(wish, cancellationToken);
        if (!isAsleep)
            await steps.StepAsync(AwsNames.Tasks(wish.Record.Workspace), StepAction.Wait, tell => HealthyAsync(wish.Record, tell, cancellationToken));
    }

    /// <summary>Sets the number of tasks, and the bounds of its scaling so that nothing brings them back.</summary>
    internal static async Task CountAsync(EcsTasks tasks, int count, int min, int max, CancellationToken cancellationToken)
    {
        if (max > min)
            await tasks.SetBoundsAsync(count == 0 ? 0 : min, count == 0 ? 0 : max, cancellationToken);
        await tasks.SetCountAsync(count, cancellationToken);
    }

    /// <summary>Ends when all tasks run and the load balancer, if there is one, leads to them.</summary>
    internal async Task HealthyAsync(AwsRecord record, Action<string> tell, CancellationToken cancellationToken)
    {
        var tasks = observer.TasksOf(record);
        var wanted = AwsObserver.TaskDefinition(await host.Store.ReadStateAsync(record.Workspace, cancellationToken));
        var begin = host.Time.GetTimestamp();
        var told = "";
        for (var pause = TimeSpan.FromMilliseconds(100); ; pause = pause * 2 < TimeSpan.FromSeconds(5) ? pause * 2 : TimeSpan.FromSeconds(5))
        {
            var seen = await tasks.FindAsync(cancellationToken) ?? throw new TargetException("Its service is gone.", retryable: true, AwsNames.Tasks(record.Workspace));
            switch (AwsObserver.HealthOf(seen, wanted))
            {
                case InstanceHealth.Healthy:
                    return;
                case InstanceHealth.Unhealthy when seen.IsOtherThan(wanted) || seen.IsGivenUp:
                    throw new TargetException(await observer.GivenUpAsync(record, seen, wanted, cancellationToken), retryable: true, AwsNames.Tasks(record.Workspace));
                case InstanceHealth.Unhealthy when seen.Failed >= 2:
                    throw new TargetException($"Its tasks do not come up: {await tasks.WhyEndedAsync(observer.LogGroup(record), seen, cancellationToken) ?? "AWS gives no reason"}.", retryable: true, AwsNames.Tasks(record.Workspace));
                default:
                    break;
            }

            if (host.Time.GetElapsedTime(begin) > HealthPatience)
                throw new TargetException($"After {HealthPatience.TotalMinutes:0} minutes {seen.Running} of {seen.Desired} tasks run: {await tasks.WhyEndedAsync(observer.LogGroup(record), seen, cancellationToken) ?? "AWS gives no reason"}.", retryable: true, AwsNames.Tasks(record.Workspace));
            if (told != (told = $"{seen.Running} of {seen.Desired} tasks run"))
                tell(told);
            await Task.Delay(pause, host.Time, cancellationToken);
        }
    }

    private async Task<AwsWish> AccountAsync(AwsWish wish, InstanceWorkload workload, StepWriter steps, CancellationToken cancellationToken)
    {
        if (wish.Account is not { } name)
            return wish;
        var id = "";
        await steps.StepAsync(AwsNames.Account(name), StepAction.Create, async tell => id = await host.Accounts.EnsureAsync(workload.Labels.Tenant, tell, cancellationToken));
        return wish with { Account = null, Record = wish.Record with { RoleArn = host.Accounts.RoleArn(id) } };
    }

    private async Task<AwsWish> MakeAsync(AwsWish wish, Plan plan, StepWriter steps, bool isAsleep, CancellationToken cancellationToken)
    {
        await host.Store.WriteAsync(wish.Record with { Stage = InstanceStage.Changing }, cancellationToken);
        if (wish.IsOffered)
            await host.Store.ForgetOfferAsync(wish.Record.Workspace, cancellationToken);
        wish = await SecretAsync(wish, steps, cancellationToken);
        var run = new TerraformWork(host, wish.Record, steps);
        var variables = AwsVariables.Whole(wish.Record.Variables, host.Options, wish.Record.RoleArn, isAsleep);
        await run.RunAsync(TerraformCommands.Apply, variables, "Applying", cancellationToken);
        if (plan.Steps.Any(step => step.Resource.Kind == "instance"))
            await steps.StepAsync(AwsNames.Instance(wish.Record.Ref), StepAction.Update, () => { });
        return wish;
    }

    private async Task<AwsWish> SecretAsync(AwsWish wish, StepWriter steps, CancellationToken cancellationToken)
    {
        if (wish.Secret.IsEmpty)
            return wish;
        var secret = new AppSecret(host.AwsOf(wish.Record.RoleArn), observer.SecretName(wish.Record), wish.Record);
        var present = await secret.FindAsync(cancellationToken);
        var arn = present ?? "";
        if (present is null || wish.IsOffered || wish.Present?.SecretsDigest != wish.Record.SecretsDigest || wish.Present.Stage != InstanceStage.Complete)
        {
            await steps.StepAsync(
                AwsNames.SecretResource(host.Options.Project, wish.Record.Workspace),
                present is null ? StepAction.Create : StepAction.Update,
                async () => arn = await secret.WriteAsync(wish.Secret, Tags(wish.Record), cancellationToken));
        }

        var variables = (System.Text.Json.Nodes.JsonObject)wish.Record.Variables.DeepClone();
        variables["secret_arn"] = arn;
        var record = wish.Record with { SecretArn = arn, Variables = variables };
        await host.Store.WriteAsync(record with { Stage = InstanceStage.Changing }, cancellationToken);
        return wish with { Record = record };
    }

    private async Task CompleteAsync(AwsWish wish, CancellationToken cancellationToken)
    {
        var record = wish.Record with { Stage = InstanceStage.Complete, IsUnsure = false };
        await host.Store.WriteAsync(record, cancellationToken);
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        // What was just applied is as it was planned.
        host.Plans.Keep(record.Id, AwsObserver.StateKey(record, state), []);
        host.Log.LogDebug("Instance {Slug} is complete in workspace {Workspace}", record.Slug, record.Workspace);
    }

    private Dictionary<string, string> Tags(AwsRecord record) => new(StringComparer.Ordinal)
    {
        ["Project"] = host.Options.Project,
        ["Environment"] = record.Variables["environment"]!.GetValue<string>(),
        ["Client"] = record.Variables["client"]!.GetValue<string>(),
        ["ManagedBy"] = "Tenantry",
        ["Workspace"] = record.Workspace,
        ["CostCenter"] = record.Variables["cost_center"]!.GetValue<string>(),
        ["Owner"] = record.Owner,
    };
}
