using System.Net;
using System.Text.Json.Nodes;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Running;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>What is wanted of an instance, made ready for planning and for applying.</summary>
/// <param name="Record">As it would be written; its stage and ARN are those of now.</param>
/// <param name="Present">As it is written; null for a new one.</param>
/// <param name="Secret">What its secret should hold.</param>
/// <param name="Tier">What its tier means here.</param>
/// <param name="Account">Name of the account that must be made first, or null.</param>
/// <param name="IsOffered">True when it is there and not yet this instance's.</param>
internal sealed record AwsWish(AwsRecord Record, AwsRecord? Present, AwsSecretDocument Secret, AwsTier Tier, string? Account, bool IsOffered)
{
    /// <summary>True when Terraform has nothing to do, unless somebody changed something.</summary>
    internal bool IsAsWritten => Present is { Stage: InstanceStage.Complete } present && JsonNode.DeepEquals(present.Variables, Record.Variables) && present.RoleArn == Record.RoleArn;
}

/// <summary>Says what would change.</summary>
internal sealed class AwsPlanner(AwsHost host, AwsObserver observer)
{
    internal async Task<Plan> PlanAsync(InstanceWorkload workload, InstanceObservation seen, CancellationToken cancellationToken)
    {
        if (workload.Desired == DesiredState.Deleted)
            return Plan.Nothing;
        var wish = await WishAsync(workload, PeekAsync, cancellationToken);
        var steps = new List<PlanStep>();
        if (wish.Account is { } account)
            steps.Add(new PlanStep(AwsNames.Account(account), StepAction.Create, "each client has one of its own"));
        if (SecretStep(wish) is { } secret)
            steps.Add(secret);
        var tasks = wish.Present is null || wish.Account is not null ? null : await observer.TasksOf(wish.Record).FindAsync(cancellationToken);
        steps.AddRange(await TerraformStepsAsync(wish, seen, workload.Desired == DesiredState.Asleep, cancellationToken));
        if (tasks is not null && TasksStep(wish, tasks, workload.Desired == DesiredState.Asleep) is { } count)
            steps.Add(count);
        else if (steps.Count == 0 && seen is { State: ObservedState.Running, Health: InstanceHealth.Starting })
            steps.Add(new PlanStep(AwsNames.Tasks(wish.Record.Workspace), StepAction.Wait, "until it is healthy"));
        return new Plan(steps, host.Prices.Estimate(wish.Record.Variables, host.Options.Region)?.Total);
    }

    /// <summary>What is wanted, with a network that <paramref name="range"/> finds.</summary>
    internal async Task<AwsWish> WishAsync(
        InstanceWorkload workload, Func<string, RangeWish, CancellationToken, Task<IPNetwork>> range, CancellationToken cancellationToken, AwsRecord? offer = null)
    {
        AwsWorkloadCheck.Refuse(workload, host.Options);
        var tier = AwsTiers.Of(workload, host.Options);
        var secret = AwsSecretDocument.Of(workload);
        if (secret.Write().Length > AwsSecretDocument.MostBytes)
            throw new TargetException($"Its secrets and rendered files together have more than {AwsSecretDocument.MostBytes} bytes, which is what one secret holds.", retryable: false, AwsNames.Instance(workload.Ref), "Put large files into the image or a volume.");
        var own = await host.Store.FindAsync(workload.Ref, cancellationToken);
        var present = own ?? offer ?? await host.Store.FindOfferAsync(AwsNames.Workspace(workload), cancellationToken);
        var images = await new ImageDigests(host).ResolveAsync(workload, present, cancellationToken);
        var (role, account) = await AccountAsync(workload, present, cancellationToken);
        var asked = new RangeWish(host.Options.Pools, host.Options.RangeSize, host.Options.Cooling, present is null ? null : IPNetwork.Parse(present.Variables["network"]!["cidr"]!.GetValue<string>()));
        var network = await range(workload.Ref.Id, asked, cancellationToken);
        var arn = present?.SecretArn ?? "";
        var record = new AwsRecord
        {
            Id = workload.Ref.Id,
            Slug = workload.Ref.Slug,
            Owner = workload.Ref.Owner,
            Workspace = AwsNames.Workspace(workload),
            Stage = present?.Stage ?? InstanceStage.Changing,
            Digest = workload.Digest,
            RestartNonce = workload.RestartNonce,
            Release = workload.Release.Id,
            Variables = AwsVariables.Of(await PartsAsync(new AwsVariableParts(workload, tier, network, arn, images), present, own is null, cancellationToken), host.Options),
            SecretsDigest = secret.Digest,
            SecretArn = arn,
            RoleArn = role,
            IsUnsure = present?.IsUnsure ?? false,
            Images = images,
        };
        return new AwsWish(record, present, secret, tier, account, IsOffered: own is null && present is not null);
    }

    private async Task<AwsVariableParts> PartsAsync(AwsVariableParts parts, AwsRecord? present, bool isOffered, CancellationToken cancellationToken)
    {
        if (present is null)
            return parts;
        var zones = present.Variables["network"]?["zones"] is JsonArray given ? given.Select(zone => zone!.GetValue<string>()).ToList() : null;
        // Other zones would make every subnet anew. Where none could be made they are those of the option: AWS may not have had the ones before.
        if (isOffered || (zones?.SequenceEqual(host.Options.Zones, StringComparer.Ordinal) == false && !(await host.Store.ReadStateAsync(present.Workspace, cancellationToken)).Resources.Any(one => one.Type == "aws_subnet")))
            zones = null;
        return parts with
        {
            Name = present.Variables["name"]!.GetValue<string>(),
            HasFiles = present.Variables["files"]?.GetValue<bool>() == true || present.Variables["volumes"] is JsonObject { Count: > 0 },
            Zones = zones,
        };
    }

    /// <summary>What must happen to the number of tasks, or null.</summary>
    internal static PlanStep? TasksStep(AwsWish wish, TasksSeen tasks, bool isAsleep)
    {
        var resource = AwsNames.Tasks(wish.Record.Workspace);
        if (isAsleep)
            return tasks.Desired > 0 ? new PlanStep(resource, StepAction.Stop, "it is to be asleep") : null;
        if (tasks.Desired == 0)
            return new PlanStep(resource, StepAction.Start, "it is to run");
        if (tasks.IsGivenUp)
            return new PlanStep(resource, StepAction.Replace, "AWS gave the deployment up: it is tried again");
        if (tasks.Desired < wish.Tier.Min || tasks.Desired > wish.Tier.Max)
            return new PlanStep(resource, StepAction.Update, $"{tasks.Desired} run, and {(wish.Tier.Min == wish.Tier.Max ? $"{wish.Tier.Min}" : $"{wish.Tier.Min} to {wish.Tier.Max}")} are wanted");
        return null;
    }

    internal async Task<IPNetwork> PeekAsync(string instanceId, RangeWish wish, CancellationToken cancellationToken) =>
        wish.Exactly ?? await host.Context.Ranges.FindAsync(instanceId, cancellationToken) ?? await host.Context.Ranges.PeekAsync(wish, cancellationToken);

    private async Task<(string Role, string? Account)> AccountAsync(InstanceWorkload workload, AwsRecord? present, CancellationToken cancellationToken)
    {
        if (!host.Options.HasAccounts)
            return (present?.RoleArn ?? "", null);
        if (present is { RoleArn.Length: > 0 })
            return (present.RoleArn, null);
        var name = host.Accounts.Name(workload.Labels.Tenant);
        // One that is just made lets nobody in yet: to wait for it is part of making it.
        return await host.Accounts.FindAsync(name, cancellationToken) is { } id && await host.Accounts.IsOpenAsync(id, cancellationToken) ? (host.Accounts.RoleArn(id), null) : ("", name);
    }

    private PlanStep? SecretStep(AwsWish wish)
    {
        var resource = AwsNames.SecretResource(host.Options.Project, wish.Record.Workspace);
        if (wish.Secret.IsEmpty)
            return null;
        if (wish.Record.SecretArn.Length == 0)
            return new PlanStep(resource, StepAction.Create, $"{wish.Secret.Values.Count} value{(wish.Secret.Values.Count == 1 ? "" : "s")}, written by the API");
        return wish.Present?.SecretsDigest != wish.Record.SecretsDigest ? new PlanStep(resource, StepAction.Update, "values changed") : null;
    }

    private async Task<IReadOnlyList<PlanStep>> TerraformStepsAsync(AwsWish wish, InstanceObservation seen, bool isAsleep, CancellationToken cancellationToken)
    {
        if (wish.IsAsWritten && seen.Drift.Count == 0 && seen.State is ObservedState.Running or ObservedState.Stopped)
            return [];
        var workspace = wish.Record.Workspace;
        // Its state is not what is there until that is taken in: a plan would tell of things to be made that are made.
        if (wish.Record.IsUnsure || host.Terraform.FindRun(workspace) is not null)
            return [new PlanStep(AwsNames.Instance(wish.Record.Ref), StepAction.Update, "a run of Terraform was cut off: what it made is taken in, and the rest is made")];
        var state = await host.Store.ReadStateAsync(workspace, cancellationToken);
        var messages = await host.PlanAsync(wish.Record, isAsleep, isNew: state.Resources.Count == 0, cancellationToken);
        if (wish.IsAsWritten)
            host.Plans.Keep(wish.Record.Id, AwsObserver.StateKey(wish.Record, state), messages);
        var steps = messages.Where(message => message.Kind == MessageKind.Planned)
            .Select(message => Step(workspace, message))
            .ToList();
        if (seen.Drift.Any(item => item.Resource.StartsWith("secret ", StringComparison.Ordinal)))
            steps.Insert(0, new PlanStep(AwsNames.SecretResource(host.Options.Project, workspace), StepAction.Create, "it is missing"));
        if (steps.Count == 0 && !wish.IsAsWritten)
            steps.Add(new PlanStep(AwsNames.Instance(wish.Record.Ref), StepAction.Update, "what is known of it changed"));
        return steps;
    }

    internal static PlanStep Step(string workspace, TerraformMessage message) =>
        new(AwsNames.Resource(workspace, message.ResourceType, message.Address), message.Action, Why(message));

    private static string Why(TerraformMessage message) => message switch
    {
        { Text.Length: > 0 } => message.Text,
        { Action: StepAction.Create } => "it does not exist",
        { Action: StepAction.Delete } => "it is no longer wanted",
        _ => "it is not as it is wanted",
    };
}
