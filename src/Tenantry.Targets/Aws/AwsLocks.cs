using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>Who holds an instance's state; broken only when somebody asks for it, and never while our own run is at work.</summary>
internal sealed class AwsLocks(AwsHost host)
{
    internal async Task<StateHolder?> FindAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        var record = await RecordAsync(instance, cancellationToken);
        return record is not null && await host.Store.ReadLockAsync(record.Workspace, cancellationToken) is { } held ? Holder(record, held) : null;
    }

    internal async Task BreakAsync(InstanceRef instance, string id, CancellationToken cancellationToken)
    {
        var record = await RecordAsync(instance, cancellationToken);
        if (record is null || await host.Store.ReadLockAsync(record.Workspace, cancellationToken) is not { } held)
            return;
        if (held.Id != id)
            throw new TargetException($"The state of {record.Workspace} is held by {held.Who} since {held.Created:yyyy-MM-dd HH:mm:ss} UTC by now, and no longer by {id}.", retryable: false, AwsNames.Instance(instance), "Look again who holds it.");
        if (Holder(record, held).IsAtWork)
            throw new TargetException($"A run of Terraform that this engine began is at work on {record.Workspace}: breaking its hold would lose what it does.", retryable: false, AwsNames.Instance(instance), $"Wait for it, or end it with 'kill -INT {host.Terraform.FindRun(record.Workspace)!.Process.Pid}'.");
        // Written first: whoever goes on, on whichever machine, looks what the other one made before anything is made again.
        await host.Store.WriteAsync(record with { IsUnsure = true, Stage = record.Stage == InstanceStage.Deleting ? record.Stage : InstanceStage.Changing }, cancellationToken);
        var result = await host.Terraform.LookAsync(TerraformCommands.Unlock(host.Program, await host.RootAsync(cancellationToken), record.Workspace, id), cancellationToken);
        if (result.ExitCode != 0)
            throw AwsErrors.Explain($"Giving {record.Workspace} free", [], result.LastLines(5), record.Workspace);
    }

    private StateHolder Holder(AwsRecord record, StateLock held) =>
        new(held.Id, held.Who, held.Operation, held.Created, host.Terraform.FindRun(record.Workspace) is { Process.IsAlive: true });

    private Task<AwsRecord?> RecordAsync(InstanceRef instance, CancellationToken cancellationToken) => host.Store.FindAsync(instance, cancellationToken);
}
