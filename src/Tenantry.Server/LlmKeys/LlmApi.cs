using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.LlmKeys;

/// <summary>LLM keys of an instance: what they are and have spent, and what a person wants of them.</summary>
internal static class LlmApi
{
    private const int Tries = 5;

    public static void MapLlm(this IEndpointRouteBuilder instances)
    {
        instances.MapGet("/{slug}/llm", ListAsync).Paged();
        instances.MapPatch("/{slug}/llm", UpdateAsync).Changes("llm.update").TakesVersion();
        instances.MapPost("/{slug}/llm/rotate", RotateAsync).Changes("llm.rotate").TakesVersion();
    }

    private static async Task<Ok<PageResponse<LlmKeyResponse>>> ListAsync(string slug, IStore store, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        return TypedResults.Ok(PageQuery.Whole(await LlmView.ListAsync(store, record.Spec, cancellationToken), key => key));
    }

    private static Task<Results<Accepted<OperationResponse>, Ok<InstanceDetailResponse>, Ok<PlanResponse>>> UpdateAsync(
        string slug, Body<UpdateLlmRequest> body, Change change, LlmChanges llm, CancellationToken cancellationToken)
    {
        change.Subject = $"LLM keys of instance {slug}";
        var request = body.Value;
        var limit = LlmFields.Limit(request.Limit, "limit");
        if (limit is not null && request.TierLimit == true)
            throw ProblemException.Invalid("tierLimit", "Either a limit or the tier's, not both.");
        return llm.ApplyAsync(
            slug,
            wish => wish with
            {
                Limit = request.TierLimit == true ? null : limit ?? wish.Limit,
                Disabled = request.Disabled ?? wish.Disabled,
                Own = request.Own ?? wish.Own,
            },
            change,
            Tries,
            cancellationToken);
    }

    private static async Task<Results<Accepted<OperationResponse>, Ok<InstanceDetailResponse>, Ok<PlanResponse>>> RotateAsync(
        string slug, Change change, LlmChanges llm, IStore store, CancellationToken cancellationToken)
    {
        change.Subject = $"LLM keys of instance {slug}";
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        if ((await store.ListLlmKeysAsync(record.Spec.Id, cancellationToken)).Count == 0)
            throw ProblemException.Conflict($"The instance '{slug}' has no LLM key that was made for it.");
        return await llm.ApplyAsync(slug, wish => wish with { Rotation = wish.Rotation + 1 }, change, Tries, cancellationToken);
    }
}

/// <summary>Writes what a person wants of an instance's LLM keys, with the operation that carries it out.</summary>
internal sealed class LlmChanges(IStore store, InstanceChanges changes, IEngineLink engine, HttpReleases http, ApiSettings settings)
{
    public async Task<Results<Accepted<OperationResponse>, Ok<InstanceDetailResponse>, Ok<PlanResponse>>> ApplyAsync(
        string slug, Func<LlmWish, LlmWish> apply, Change change, int tries, CancellationToken cancellationToken)
    {
        for (; ; tries--)
        {
            var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
            change.Expect($"instance {slug}", record.Spec.Generation);
            if (record.Spec.Desired == DesiredState.Deleted)
                throw ProblemException.Conflict($"The instance '{slug}' is being deleted.");
            var wanted = record.Spec with { Llm = apply(record.Spec.Llm) };
            var differences = InstanceView.Differences(record.Spec, wanted).ToArray();
            if (change.IsDryRun)
            {
                var plan = await engine.PlanAsync(wanted with { Generation = record.Spec.Generation + 1 }, cancellationToken);
                return TypedResults.Ok(PlanResponse.Of(differences, plan, []));
            }

            if (differences.Length == 0)
                return TypedResults.Ok(InstanceView.Whole(record, settings, await http.AmongAsync([record], cancellationToken)));
            change.Detail = string.Join("; ", differences.Select(d => $"{d.Field}: {d.From} -> {d.To}"));
            try
            {
                return InstancesApi.Accepted(await changes.UpdateAsync(record.Spec, wanted, OperationKind.Update, change.Actor, cancellationToken));
            }
            catch (StoreConflictException) when (!change.NamesVersion && tries > 1)
            {
                // Somebody changed something else at the same time: this is meant all the same.
            }
        }
    }
}
