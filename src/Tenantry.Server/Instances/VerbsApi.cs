using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;
using Answer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Accepted<Tenantry.Model.Wire.OperationResponse>,
    Microsoft.AspNetCore.Http.HttpResults.Ok<Tenantry.Model.Wire.InstanceDetailResponse>,
    Microsoft.AspNetCore.Http.HttpResults.Ok<Tenantry.Model.Wire.PlanResponse>>;

namespace Tenantry.Server.Instances;

/// <summary>Restart, freeze, sleep and wake; holding an instance awake or down, and letting it go.</summary>
internal static class VerbsApi
{
    private const int Tries = 5;

    public static void MapVerbs(this IEndpointRouteBuilder instances)
    {
        Map(instances, "restart", OperationKind.Restart, Restarted);
        Map(instances, "freeze", OperationKind.Freeze, Frozen);
        Map(instances, "sleep", OperationKind.Sleep, record => Free(record, InstanceHold.Awake) with { Desired = DesiredState.Asleep });
        Map(instances, "wake", OperationKind.Wake, record => Free(record, InstanceHold.Down) with { Desired = DesiredState.Running });
        Map(instances, "hold", OperationKind.Wake, record => record.Spec with { Desired = DesiredState.Running, Hold = InstanceHold.Awake });
        Map(instances, "hold-down", OperationKind.Sleep, record => record.Spec with { Desired = DesiredState.Asleep, Hold = InstanceHold.Down });
        Map(instances, "release", OperationKind.Update, record => record.Spec with { Hold = InstanceHold.None });
    }

    private static void Map(IEndpointRouteBuilder instances, string verb, OperationKind kind, Func<InstanceRecord, InstanceSpec> apply)
    {
        instances.MapPost(
            $"/{{slug}}/{verb}",
            (string slug, Change change, InstanceChanges changes, IStore store, IReadOnlyList<TargetKind> kinds, IEngineLink engine, HttpReleases http, ApiSettings settings, CancellationToken cancellationToken) =>
                RunAsync(new Verb(kind, apply, slug), change, changes, store, kinds, engine, http, settings, cancellationToken))
            .Changes($"instance.{verb}").TakesVersion();
    }

    private static async Task<Answer> RunAsync(
        Verb verb, Change change, InstanceChanges changes, IStore store, IReadOnlyList<TargetKind> kinds, IEngineLink engine, HttpReleases http, ApiSettings settings, CancellationToken cancellationToken)
    {
        change.Subject = $"instance {verb.Slug}";
        for (var tries = 1; ; tries++)
        {
            var record = await InstancesApi.FindAsync(store, verb.Slug, cancellationToken);
            change.Expect(change.Subject, record.Spec.Generation);
            if (record.Spec.Desired == DesiredState.Deleted)
                throw ProblemException.Conflict($"The instance '{verb.Slug}' is being deleted.");
            if (verb.Kind == OperationKind.Freeze)
                await RequireFreezeAsync(record.Spec, store, kinds, cancellationToken);
            var wanted = verb.Apply(record);
            if (change.IsDryRun)
            {
                await store.CheckQuotaAsync(record.Spec, wanted, verb.Kind is OperationKind.Wake or OperationKind.Restart, cancellationToken);
                var plan = await engine.PlanAsync(wanted with { Generation = record.Spec.Generation + 1 }, cancellationToken);
                return TypedResults.Ok(PlanResponse.Of([.. InstanceView.Differences(record.Spec, wanted)], plan, []));
            }

            if (wanted == record.Spec)
            {
                // Nobody waits for anything when nothing was held.
                if (verb.Kind == OperationKind.Update)
                    return TypedResults.Ok(InstanceView.Whole(record, settings, await http.AmongAsync([record], cancellationToken)));
                // What is under way, a deployment, say, leaves one at rest that the engine put to rest.
                if (record.Rest is null && await store.FindOpenOperationAsync(record.Spec.Id, cancellationToken) is { } underWay)
                    return InstancesApi.Accepted(underWay);
                if (IsReached(record) && !await CountsAnewAsync(record.Spec, store, cancellationToken))
                    return TypedResults.Ok(InstanceView.Whole(record, settings, await http.AmongAsync([record], cancellationToken)));
            }

            try
            {
                return InstancesApi.Accepted(await changes.UpdateAsync(record.Spec, wanted, verb.Kind, change.Actor, cancellationToken));
            }
            catch (StoreConflictException conflict) when (conflict is not QuotaExceededException && !change.NamesVersion && tries < Tries)
            {
                // Somebody changed something else at the same time: the verb is meant all the same.
            }
        }
    }

    // What failed is tried again when it is asked for again.
    private static bool IsReached(InstanceRecord record) => record.Rest is null && (record.Spec.Desired, record.Status.Phase) is
        (DesiredState.Running, InstancePhase.Running) or (DesiredState.Frozen, InstancePhase.Frozen) or (DesiredState.Asleep, InstancePhase.Asleep);

    // Said in awake hours it counts for them, whatever was said before.
    private static async Task<bool> CountsAnewAsync(InstanceSpec spec, IStore store, CancellationToken cancellationToken) =>
        spec is { Desired: DesiredState.Asleep or DesiredState.Frozen, Hold: InstanceHold.None } &&
        await new ReleaseCache<bool>(store, manifest => SleepEntry.PolicyOf(manifest, spec.Tier) is { Awake.Count: > 0 }).FindAsync(spec.Release, cancellationToken);

    private static InstanceSpec Free(InstanceRecord record, InstanceHold against) => record.Spec.Hold != against
        ? record.Spec
        : throw ProblemException.Conflict($"The instance '{record.Spec.Slug}' is held {(against == InstanceHold.Down ? "down" : "awake")}: 'tenantry release {record.Spec.Slug}' first.");

    private static InstanceSpec Restarted(InstanceRecord record) => record.Spec.Desired == DesiredState.Running || record.Desired == DesiredState.Running
        ? Free(record, InstanceHold.Down) with { Desired = DesiredState.Running, RestartNonce = record.Spec.RestartNonce + 1 }
        : throw ProblemException.Conflict($"The instance '{record.Spec.Slug}' is not meant to run ({record.Spec.Desired}); wake it instead.");

    // An engine that tries fails for good: what runs is to go on as it does.
    private static async Task RequireFreezeAsync(InstanceSpec spec, IStore store, IReadOnlyList<TargetKind> kinds, CancellationToken cancellationToken)
    {
        var target = await store.FindTargetAsync(spec.Target, cancellationToken);
        if (kinds.FirstOrDefault(kind => kind.Kind == target?.Kind) is { } known && !known.Capabilities.Contains(TargetCapabilities.Freeze, StringComparer.Ordinal))
            throw ProblemException.Conflict($"The target '{spec.Target}' (kind {known.Kind}) cannot freeze. Put the instance to sleep instead: 'tenantry sleep {spec.Slug}'.");
    }

    private static InstanceSpec Frozen(InstanceRecord record) => record.Desired != DesiredState.Asleep
        ? Free(record, InstanceHold.Awake) with { Desired = DesiredState.Frozen }
        : throw ProblemException.Conflict($"The instance '{record.Spec.Slug}' is asleep: there is nothing in memory to freeze. Wake it first.");

    private sealed record Verb(OperationKind Kind, Func<InstanceRecord, InstanceSpec> Apply, string Slug);
}
