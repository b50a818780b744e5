using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Orphans;

/// <summary>What targets hold with our label and no instance owns. Nothing of it is removed unless somebody says so.</summary>
internal static class OrphansApi
{
    public static void MapOrphans(this IEndpointRouteBuilder routes)
    {
        var orphans = routes.MapGroup("/orphans").WithTags("Orphans");
        orphans.MapGet("", ListAsync).Paged();
        orphans.MapDelete("/{target}/{id}", RemoveAsync).Changes("orphan.remove");
    }

    private static async Task<Ok<OrphansResponse>> ListAsync(IEngineLink engine, CancellationToken cancellationToken)
    {
        var report = await engine.ListOrphansAsync(cancellationToken);
        return TypedResults.Ok(new OrphansResponse(
            [.. report.Orphans.Select(o => new OrphanResponse(o.Target, o.Ref.Id, o.Ref.Slug, o.Ref.Owner, o.Home))],
            null,
            [.. report.Unreachable.Select(t => new UnreachableTargetResponse(t.Target, t.Reason))]));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> RemoveAsync(
        string target, string id, Change change, IEngineLink engine, CancellationToken cancellationToken)
    {
        change.Subject = $"orphan {id} on target {target}";
        // Looked up anew: what has an owner by now must not be removed because it had none a minute ago.
        var report = await engine.ListOrphansAsync(cancellationToken);
        var orphan = report.Orphans.FirstOrDefault(o => o.Target == target && o.Ref.Id == id);
        if (orphan is null && report.Unreachable.FirstOrDefault(t => t.Target == target) is { } away)
            throw new TargetException($"Target '{target}' cannot be asked: {away.Reason}", retryable: true);
        if (orphan is null)
            throw ProblemException.NotFound($"orphan on target {target}", id);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", orphan.Ref.Slug, null)));
        await change.BeginOutsideAsync();
        await engine.RemoveOrphanAsync(orphan, cancellationToken);
        return TypedResults.NoContent();
    }
}
