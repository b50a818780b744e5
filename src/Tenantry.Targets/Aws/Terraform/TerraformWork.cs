using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>One run that changes a workspace: waits for what an earlier control plane left, tells of each resource as it comes, explains what failed.</summary>
internal sealed class TerraformWork(AwsHost host, AwsRecord record, StepWriter steps)
{
    private const int Kept = 3;
    private readonly string workspace = record.Workspace;
    private readonly List<TerraformMessage> _errors = [];
    private readonly Queue<string> _said = new();
    private readonly Dictionary<string, int> _replaced = new(StringComparer.Ordinal);

    internal async Task RunAsync(Func<string, string, string, string, ChildCommand> command, JsonObject variables, string what, CancellationToken cancellationToken)
    {
        var (program, root) = (host.Program, await host.RootAsync(cancellationToken));
        if (await FreeAsync(program, root, cancellationToken) || record.IsUnsure)
        {
            await host.WithVariablesAsync(variables, async file =>
            {
                await new KilledRun(host, record, steps).TakeInAsync(new ImportPlace(program, root, file), cancellationToken);
                return true;
            });
            host.Terraform.Forget(workspace);
        }

        var code = await host.WithVariablesAsync(variables, file => host.Terraform.ChangeAsync(command(program, root, workspace, file), workspace, Take, cancellationToken));
        if (code == 0)
            return;
        if (code >= TerraformClient.Signalled)
            throw AwsErrors.Ended($"{what} {workspace}", code, workspace);
        if (AwsErrors.IsLocked(_errors) && await host.Store.ReadLockAsync(workspace, cancellationToken) is { } held)
            throw AwsErrors.Locked(record, held);
        throw AwsErrors.Explain($"{what} {workspace}", _errors, $"Terraform ended with code {code}{(_said.Count > 0 ? ": " + string.Join(' ', _said) : ".")}", workspace);
    }

    /// <summary>Brings things that carry the instance's tags into its state. Gives those that AWS does not have any more, and those that could not be brought in.</summary>
    internal async Task<(IReadOnlyList<TaggedResource> Gone, IReadOnlyList<TaggedResource> Left)> TakeInAsync(IReadOnlyList<TaggedResource> found, JsonObject variables, CancellationToken cancellationToken)
    {
        var (program, root) = (host.Program, await host.RootAsync(cancellationToken));
        return await host.WithVariablesAsync(variables, file => new KilledRun(host, record, steps).TakeInAsync(found, new ImportPlace(program, root, file), cancellationToken));
    }

    /// <summary>Removes the workspace itself, once nothing is in it.</summary>
    internal async Task RemoveWorkspaceAsync(CancellationToken cancellationToken)
    {
        var (program, root) = (host.Program, await host.RootAsync(cancellationToken));
        var result = await host.Terraform.LookAsync(TerraformCommands.DeleteWorkspace(program, root, workspace), cancellationToken);
        if (result.ExitCode != 0 && !AwsErrors.IsNoWorkspace(result.Error + result.Output))
            throw AwsErrors.Explain($"Removing the workspace {workspace}", [], result.LastLines(8), workspace);
    }

    // A run of an earlier control plane goes on by itself: it is waited for. One that was killed leaves its lock; whose lock it is decides.
    // True when there was a run of ours of which it is not known whether it came to its end.
    private async Task<bool> FreeAsync(string program, string root, CancellationToken cancellationToken)
    {
        var run = host.Terraform.FindRun(workspace);
        if (run is { Process.IsAlive: true })
        {
            await steps.StepAsync(AwsNames.Tasks(workspace), StepAction.Wait, async tell =>
            {
                tell($"a run of Terraform that an earlier control plane began at {run.StartedAt:HH:mm:ss} UTC is still at work");
                await host.Terraform.WaitAsync(run, workspace, cancellationToken);
            });
        }

        if (await host.Store.ReadLockAsync(workspace, cancellationToken) is { } held)
        {
            if (!held.IsLeftBy(run, Environment.MachineName))
                throw AwsErrors.Locked(record, held);
            host.Log.LogWarning("The lock {Lock} of {Workspace} was left by our run {Pid}, which is dead: it is given free", held.Id, workspace, run!.Process.Pid);
            var result = await host.Terraform.LookAsync(TerraformCommands.Unlock(program, root, workspace, held.Id), cancellationToken);
            if (result.ExitCode != 0)
                throw AwsErrors.Explain($"Giving {workspace} free", [], result.LastLines(5), workspace);
        }

        return run is not null;
    }

    private void Take(TerraformMessage message)
    {
        switch (message.Kind)
        {
            case MessageKind.Error:
                _errors.Add(message);
                break;
            case MessageKind.Said:
                _said.Enqueue(message.Text);
                if (_said.Count > Kept)
                    _said.Dequeue();
                break;
            case MessageKind.Planned when message.Action == StepAction.Replace:
                _replaced[message.Address] = 0;
                break;
            case MessageKind.Started or MessageKind.Progress or MessageKind.Done:
                Tell(message);
                break;
            default:
                break;
        }
    }

    // A replacement is one step for us, and a deletion and a creation for Terraform.
    private void Tell(TerraformMessage message)
    {
        var resource = AwsNames.Resource(workspace, message.ResourceType, message.Address);
        var state = message.Kind switch { MessageKind.Started => StepState.Started, MessageKind.Progress => StepState.Progress, _ => StepState.Done };
        if (!_replaced.TryGetValue(message.Address, out var halves))
        {
            steps.Tell(new StepEvent(resource, message.Action, state, message.Text));
            return;
        }

        if (state == StepState.Done)
            _replaced[message.Address] = ++halves;
        var shown = (state, halves) switch
        {
            (StepState.Started, 0) => StepState.Started,
            (StepState.Done, 2) => StepState.Done,
            _ => StepState.Progress,
        };
        steps.Tell(new StepEvent(resource, StepAction.Replace, shown, message.Text));
    }
}
