using Microsoft.Extensions.Logging;
using Tenantry.Model.Plans;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Aws.Terraform;

/// <summary>
/// What is in AWS and in no state. A run that was killed leaves such: Terraform writes its state every 20 seconds, so that a kill loses what was made since. It is known by the run's own
/// stream, or where that is on another machine by what a plan would make; and where neither tells what AWS called it, by the tags that everything carries. It is brought into the state,
/// so that nothing is made twice; what cannot be is named.
/// </summary>
internal sealed class KilledRun(AwsHost host, AwsRecord record, StepWriter steps)
{
    private readonly string name = record.Variables["name"]!.GetValue<string>();

    /// <summary>Brings into the state what a run made of which it is not known how it ended.</summary>
    internal async Task TakeInAsync(ImportPlace place, CancellationToken cancellationToken)
    {
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        var lost = Lost(host.Terraform.ReadLast(record.Workspace), state).ToDictionary(one => one.Address, StringComparer.Ordinal);
        if (record.IsUnsure)
        {
            // Another machine's run: its stream is there. What would be made now is what it may have made.
            foreach (var message in (await host.PlanAsync(record, isAsleep: false, isNew: false, cancellationToken)).Where(message => message is { Kind: MessageKind.Planned, Action: StepAction.Create }))
                lost.TryAdd(message.Address, (message.Address, message.ResourceType, null));
        }

        var tagged = new Lazy<Task<IReadOnlyList<TaggedResource>>>(() => TaggedResource.ListAsync(host.AwsOf(record.RoleArn), record, cancellationToken));
        var unknown = new List<string>();
        foreach (var (address, type, id) in lost.Values.Where(one => ModuleParts.IsDoubled(one.Type)).OrderBy(one => ModuleParts.IsHanging(one.Type)))
        {
            var import = ModuleParts.IsHanging(type) ? await HangingAsync(address, type, cancellationToken)
                : id is not null ? ModuleParts.ImportId(type, id)
                : ModuleParts.NamedId(address, name) ?? TaggedResource.Choose(await tagged.Value, type, ModuleParts.TagOf(address, name), state)?.Id;
            if (import is null || await ImportAsync(place, address, import, cancellationToken) != Imported.There)
                unknown.Add(address);
        }

        if (unknown.Count > 0)
            host.Log.LogWarning("What was begun in {Workspace}, {Addresses}, was not found: it was not made yet, or is in AWS with the tag Workspace={Tag}", record.Workspace, string.Join(", ", unknown), record.Workspace);
    }

    /// <summary>Brings in what was found by its tags. Gives what AWS does not have any more, and what could not be brought in.</summary>
    internal async Task<(IReadOnlyList<TaggedResource> Gone, IReadOnlyList<TaggedResource> Left)> TakeInAsync(IReadOnlyList<TaggedResource> found, ImportPlace place, CancellationToken cancellationToken)
    {
        var (gone, left) = (new List<TaggedResource>(), new List<TaggedResource>());
        foreach (var one in found)
        {
            var result = ModuleParts.AddressOf(one.Type, one.Name, name) is { } address ? await ImportAsync(place, address, ModuleParts.ImportId(one.Type, one.Id), cancellationToken) : Imported.Not;
            if (result != Imported.There)
                (result == Imported.Gone ? gone : left).Add(one);
        }

        return (gone, left);
    }

    /// <summary>What was being created or was created, is in no state, and would be there twice if it was made again: address, type, and AWS's id where the stream tells it. Pure.</summary>
    internal static IReadOnlyList<(string Address, string Type, string? Id)> Lost(IEnumerable<TerraformMessage> messages, TerraformState state)
    {
        var lost = new Dictionary<string, (string Address, string Type, string? Id)>(StringComparer.Ordinal);
        foreach (var message in messages.Where(message => message.Action == StepAction.Create))
        {
            if (message.Kind == MessageKind.Started)
                lost[message.Address] = (message.Address, message.ResourceType, null);
            else if (message.Kind == MessageKind.Done && message.Detail.Length > 0)
                lost[message.Address] = (message.Address, message.ResourceType, message.Detail);
            else if (message.Kind == MessageKind.Failed)
                lost.Remove(message.Address);
        }

        return [.. lost.Values.Where(one => ModuleParts.IsDoubled(one.Type) && !state.Resources.Any(known => known.Address == one.Address))];
    }

    // Known by what it hangs on, which the state has by then.
    private async Task<string?> HangingAsync(string address, string type, CancellationToken cancellationToken)
    {
        var state = await host.Store.ReadStateAsync(record.Workspace, cancellationToken);
        string? Id(string of) => state.Resources.FirstOrDefault(one => one.Address == of)?.Id;
        var (aws, key) = (host.AwsOf(record.RoleArn), address.EndsWith(']') ? address[address.LastIndexOf('[')..] : "");
        switch (type)
        {
            case "aws_route_table_association":
                var side = address.Contains(".public[", StringComparison.Ordinal) ? "public" : "private";
                return Id($"module.network.aws_subnet.{side}{key}") is { } net && Id($"module.network.aws_route_table.{side}{(side == "public" ? "" : key)}") is { } table ? $"{net}/{table}" : null;
            case "aws_lb_listener":
                return Id("module.balancer[0].aws_lb.this") is { } balancer ? await LoadBalancers.FindListenerAsync(aws, balancer, address.EndsWith(".http", StringComparison.Ordinal) ? 80 : 443, cancellationToken) : null;
            default:
                return Id($"module.network.aws_subnet.private{key}") is { } subnet && Id("module.files[0].aws_efs_file_system.this") is { } files
                    ? await FileSystems.FindDoorAsync(aws, files, subnet, cancellationToken)
                    : null;
        }
    }

    private async Task<Imported> ImportAsync(ImportPlace place, string address, string id, CancellationToken cancellationToken)
    {
        var done = Imported.Not;
        await steps.StepAsync(AwsNames.Resource(record.Workspace, ModuleParts.TypeOf(address), address), StepAction.Update, async tell =>
        {
            tell("it is in AWS and in no state: it is brought into the state");
            var result = await host.Terraform.LookAsync(TerraformCommands.Import(place.Program, place.Root, record.Workspace, place.Variables, address, id), cancellationToken);
            done = result.ExitCode == 0 ? Imported.There : AwsErrors.IsGone(result.Error + result.Output) ? Imported.Gone : Imported.Not;
            if (done != Imported.There)
                host.Log.LogInformation("{Address} ({Id}) could not be brought into the state of {Workspace}: {Why}", address, id, record.Workspace, result.LastLines(4));
        });
        return done;
    }

    private enum Imported
    {
        There,
        Gone,
        Not,
    }
}

/// <summary>With what things are brought into a state.</summary>
/// <param name="Program">Terraform or OpenTofu.</param>
/// <param name="Root">The module set with the state.</param>
/// <param name="Variables">File of the instance's variables.</param>
internal sealed record ImportPlace(string Program, string Root, string Variables);
