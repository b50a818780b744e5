using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws;

/// <summary>
/// Removes all that an instance has: what Terraform made, the secret at once, what no state knows of and carries its tags, the workspace with its state and lock, the network range, the
/// record last. Until nothing is left the record stays, so that the next pass goes on.
/// </summary>
internal sealed class InstanceRemover(AwsHost host, AwsObserver observer)
{
    internal async Task DeleteAsync(InstanceRef instance, StepWriter steps, CancellationToken cancellationToken)
    {
        if (await host.Store.FindAsync(instance, cancellationToken) is { } record)
            await RemoveAsync(record, steps, cancellationToken);
        await host.Context.Ranges.ReleaseAsync(instance.Id, cancellationToken);
        host.Plans.Forget(instance.Id);
    }

    private async Task RemoveAsync(AwsRecord record, StepWriter steps, CancellationToken cancellationToken)
    {
        await host.Store.WriteAsync(record with { Stage = InstanceStage.Deleting }, cancellationToken);
        var work = new TerraformWork(host, record, steps);
        var variables = AwsVariables.Whole(record.Variables, host.Options, record.RoleArn, isAsleep: false);
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        if (state.Resources.Count > 0 || record.IsUnsure || host.Terraform.FindRun(record.Workspace) is not null)
            await DestroyAsync(record, work, variables, cancellationToken);
        var secret = new AppSecret(host.AwsOf(record.RoleArn), observer.SecretName(record), record);
        if (await secret.FindAsync(cancellationToken) is not null)
            await steps.StepAsync(AwsNames.SecretResource(host.Options.Project, record.Workspace), StepAction.Delete, () => secret.DeleteAsync(cancellationToken));
        await RemoveLeftAsync(record, work, variables, cancellationToken);
        if (await host.Store.Blobs.GetAsync(host.Store.Blobs.StateKey(record.Workspace), cancellationToken) is not null)
            await work.RemoveWorkspaceAsync(cancellationToken);
        await host.Store.ForgetAsync(record, cancellationToken);
    }

    private async Task DestroyAsync(AwsRecord record, TerraformWork work, JsonObject variables, CancellationToken cancellationToken)
    {
        await work.RunAsync(TerraformCommands.Destroy, variables, "Removing", cancellationToken);
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        if (state.Resources.Count > 0)
            throw new TargetException($"Terraform says that it removed everything, and its state still holds {string.Join(", ", state.Resources.Select(one => one.Address))}.", retryable: true, AwsNames.Instance(record.Ref));
    }

    // Terraform removes what its state knows. What a run made that was lost with its machine is known by its tags alone.
    private async Task RemoveLeftAsync(AwsRecord record, TerraformWork work, JsonObject variables, CancellationToken cancellationToken)
    {
        var leftovers = new Leftovers(host.AwsOf(record.RoleArn), record);
        await leftovers.RemoveBooksAsync(cancellationToken);
        var left = await leftovers.ListAsync(cancellationToken);
        if (left.Count == 0)
            return;
        var (gone, stuck) = await work.TakeInAsync(left, variables, cancellationToken);
        if (gone.Count + stuck.Count < left.Count)
            await DestroyAsync(record, work, variables, cancellationToken);
        left = [.. (await leftovers.ListAsync(cancellationToken)).Where(one => !gone.Contains(one))];
        if (left.Count > 0)
        {
            throw new TargetException(
                $"Everything that Terraform knows of {record.Workspace} is removed, and these still carry its tags: {string.Join(", ", left.Select(one => one.Arn))}.",
                retryable: true,
                AwsNames.Instance(record.Ref),
                "Remove them by hand; the deletion then ends by itself.");
        }
    }
}
