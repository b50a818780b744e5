using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws;

/// <summary>Removes all that an instance has: what Terraform made, the workspace with its state and lock, the secret at once, the network range, the record last.</summary>
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
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        if (state.Resources.Count > 0 || host.Terraform.FindRun(record.Workspace) is not null)
        {
            var variables = AwsVariables.Whole(record.Variables, host.Options, record.RoleArn, isAsleep: false);
            await work.RunAsync(TerraformCommands.Destroy, variables, "Removing", cancellationToken);
            state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        }

        if (state.Resources.Count > 0)
            throw new TargetException($"Terraform says that it removed everything, and its state still holds {string.Join(", ", state.Resources.Select(one => one.Address))}.", retryable: true, AwsNames.Instance(record.Ref));
        if (await host.Store.Blobs.GetAsync(host.Store.Blobs.StateKey(record.Workspace), cancellationToken) is not null)
            await work.RemoveWorkspaceAsync(cancellationToken);
        var secret = new AppSecret(host.AwsOf(record.RoleArn), observer.SecretName(record));
        if (await secret.FindAsync(cancellationToken) is not null)
            await steps.StepAsync(AwsNames.SecretResource(host.Options.Project, record.Workspace), StepAction.Delete, () => secret.DeleteAsync(cancellationToken));
        await host.Store.ForgetAsync(record, cancellationToken);
    }
}
