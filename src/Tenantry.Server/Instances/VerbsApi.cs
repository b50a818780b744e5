using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Answer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Accepted<Tenantry.Model.Wire.OperationResponse>,
    Microsoft.AspNetCore.Http.HttpResults.Ok<Tenantry.Model.Wire.InstanceDetailResponse>,
    Microsoft.AspNetCore.Http.HttpResults.Ok<Tenantry.Model.Wire.PlanResponse>>;

namespace Tenantry.Server.Instances;

/// <summary>Restart, freeze, sleep and wake.</summary>
internal static class VerbsApi
{
    private const int Tries = 5;

    public static void MapVerbs(this IEndpointRouteBuilder instances)
    {
        Map(instances, OperationKind.Restart, Restarted);
        Map(instances, OperationKind.Freeze, Frozen);
        Map(instances, OperationKind.Sleep, spec => spec with { Desired = DesiredState.Asleep });
        Map(instances, OperationKind.Wake, spec => spec with { Desired = DesiredState.Running });
    }

    private static void Map(IEndpointRouteBuilder instances, OperationKind kind, Func<InstanceSpec, InstanceSpec> apply)
    {
        var verb = kind.ToString().ToLowerInvariant();
        instances.MapPost(
            $"/{{slug}}/{verb}",
            (string slug, Change change, InstanceChanges changes, IStore store, IEngineLink engine, ApiSettings settings, CancellationToken cancellationToken) =>
                RunAsync(new Verb(kind, apply, slug), change, changes, store, engine, settings, cancellationToken))
            .Changes($"instance.{verb}");
    }

    private static async Task<Answer> RunAsync(
        Verb verb, Change change, InstanceChanges changes, IStore store, IEngineLink engine, ApiSettings settings, CancellationToken cancellationToken)
    {
        change.Subject = $"instance {verb.Slug}";
        for (var tries = 1; ; tries++)
        {
            var record = await InstancesApi.FindAsync(store, verb.Slug, cancellationToken);
            change.Expect(change.Subject, record.Spec.Generation);
            if (record.Spec.Desired == DesiredState.Deleted)
                throw ProblemException.Conflict($"The instance '{verb.Slug}' is being deleted.");
            var wanted = verb.Apply(record.Spec);
            if (change.IsDryRun)
            {
                var plan = await engine.PlanAsync(wanted with { Generation = record.Spec.Generation + 1 }, cancellationToken);
                return TypedResults.Ok(PlanResponse.Of([.. InstanceView.Differences(record.Spec, wanted)], plan, []));
            }

            if (wanted == record.Spec)
            {
                if (await store.FindOpenOperationAsync(record.Spec.Id, cancellationToken) is { } underWay)
                    return InstancesApi.Accepted(underWay);
                if (IsReached(record))
                    return TypedResults.Ok(InstanceView.Whole(record, settings));
            }

            try
            {
                return InstancesApi.Accepted(await changes.UpdateAsync(record.Spec, wanted, verb.Kind, change.Actor, cancellationToken));
            }
            catch (StoreConflictException) when (!change.NamesVersion && tries < Tries)
            {
                // Somebody changed something else at the same time: the verb is meant all the same.
            }
        }
    }

    // What failed is tried again when it is asked for again.
    private static bool IsReached(InstanceRecord record) => (record.Spec.Desired, record.Status.Phase) is
        (DesiredState.Running, InstancePhase.Running) or (DesiredState.Frozen, InstancePhase.Frozen) or (DesiredState.Asleep, InstancePhase.Asleep);

    private static InstanceSpec Restarted(InstanceSpec spec) => spec.Desired == DesiredState.Running
        ? spec with { RestartNonce = spec.RestartNonce + 1 }
        : throw ProblemException.Conflict($"The instance '{spec.Slug}' is not meant to run ({spec.Desired}); wake it instead.");

    private static InstanceSpec Frozen(InstanceSpec spec) => spec.Desired != DesiredState.Asleep
        ? spec with { Desired = DesiredState.Frozen }
        : throw ProblemException.Conflict($"The instance '{spec.Slug}' is asleep: there is nothing in memory to freeze. Wake it first.");

    private sealed record Verb(OperationKind Kind, Func<InstanceSpec, InstanceSpec> Apply, string Slug);
}
