using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Aws.Storage;
using Tenantry.Targets.Aws.Terraform;

namespace Tenantry.Targets.Aws;

/// <summary>Takes over a workspace that was made with the same module set, by another control plane or by hand: its state, its names, its network.</summary>
internal sealed class AwsAdoption(AwsHost host, AwsPlanner planner)
{
    // A task definition cannot be changed at all: a new one beside the old one is how it is done.
    private static readonly string[] Replaceable = ["aws_ecs_task_definition"];

    internal async Task<Plan> PlanAsync(InstanceWorkload workload, AdoptionSource source, CancellationToken cancellationToken)
    {
        var offer = Read(workload, source);
        var wish = await planner.WishAsync(workload, planner.PeekAsync, cancellationToken, offer);
        var messages = await host.PlanWithAsync(wish.Record, Encoding.UTF8.GetBytes(source.State), cancellationToken);
        var planned = messages.Where(message => message.Kind == MessageKind.Planned).ToList();
        var lost = planned.Where(message => message.Action is StepAction.Delete or StepAction.Replace && !Replaceable.Contains(message.ResourceType, StringComparer.Ordinal)).ToList();
        if (lost.Count > 0)
        {
            throw new TargetException(
                $"Taking {offer.Workspace} over would remove or make anew {string.Join(", ", lost.Select(message => message.Address))}: nothing was changed.",
                retryable: false,
                AwsNames.Instance(workload.Ref),
                "Give the target the same project, region and zones, and the tenant a tier with the same parts (Redis, load balancer, exit), as it was made with.");
        }

        var steps = planned.Select(message => AwsPlanner.Step(offer.Workspace, message)).ToList();
        return new Plan(steps, host.Prices.Estimate(wish.Record.Variables, host.Options.Region)?.Total);
    }

    internal async Task OfferAsync(InstanceWorkload workload, AdoptionSource source, CancellationToken cancellationToken)
    {
        await PlanAsync(workload, source, cancellationToken);
        var offer = Read(workload, source);
        var range = Network(offer.Variables);
        await host.Context.Ranges.ClaimAsync(INetworkRanges.Reserved(offer.Workspace), new RangeWish(host.Options.Pools, range.PrefixLength, host.Options.Cooling, range), cancellationToken);
        await host.Store.OfferAsync(offer, Encoding.UTF8.GetBytes(source.State), cancellationToken);
    }

    /// <summary>What is there, as a record of no instance. Throws a terminal <see cref="TargetException"/> that names every mistake.</summary>
    internal static AwsRecord Read(InstanceWorkload workload, AdoptionSource source)
    {
        var (mistakes, workspace) = (new List<string>(), AwsNames.Workspace(workload));
        var state = State(source.State, mistakes);
        if (state is not null && !state.Resources.Any(one => one.Address == "module.service.aws_ecs_service.this"))
            mistakes.Add("its state is none of this module set: it has no module.service.aws_ecs_service.this");
        var variables = Variables(source.Variables, mistakes);
        if (variables is not null && Text(variables, "workspace") != workspace)
            mistakes.Add($"its variables are of the workspace '{Text(variables, "workspace")}', and this instance's is {workspace}");
        if (variables is not null && Text(variables, "name").Length == 0)
            mistakes.Add("its variables have no name");
        if (variables is not null && !IPNetwork.TryParse(Text(variables["network"] as JsonObject, "cidr"), out _))
            mistakes.Add($"its variables have no network.cidr that is a network ('{Text(variables["network"] as JsonObject, "cidr")}')");
        if (mistakes.Count > 0)
            throw new TargetException($"{workspace} cannot be taken over: {string.Join("; ", mistakes)}.", retryable: false, AwsNames.Instance(workload.Ref));
        return new AwsRecord
        {
            Id = "",
            Slug = workload.Ref.Slug,
            Owner = workload.Ref.Owner,
            Workspace = workspace,
            Stage = InstanceStage.Changing,
            Digest = "",
            RestartNonce = 0,
            Release = "",
            Variables = variables!,
            SecretsDigest = "",
            SecretArn = Text(variables, "secret_arn"),
            RoleArn = Text(variables, "role_arn"),
        };
    }

    private static IPNetwork Network(JsonObject variables) => IPNetwork.Parse(Text(variables["network"] as JsonObject, "cidr"));

    private static TerraformState? State(string text, List<string> mistakes)
    {
        try
        {
            return TerraformState.Read(Encoding.UTF8.GetBytes(text));
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            mistakes.Add($"its state cannot be read: {error.Message.TrimEnd('.')}");
            return null;
        }
    }

    private static JsonObject? Variables(string text, List<string> mistakes)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject variables)
                return variables;
            mistakes.Add("its variables are no JSON object");
        }
        catch (JsonException error)
        {
            mistakes.Add($"its variables cannot be read: {error.Message.TrimEnd('.')}");
        }

        return null;
    }

    private static string Text(JsonObject? of, string name) => of?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
