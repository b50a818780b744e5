using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Instances;

/// <summary>Who holds an instance's state, and breaking the hold of somebody who died.</summary>
internal static class HolderApi
{
    public static async Task<Ok<HolderResponse>> GetAsync(string slug, IStore store, IEngineLink engine, CancellationToken cancellationToken) =>
        TypedResults.Ok(Response(slug, await FindAsync(slug, store, engine, cancellationToken) ?? throw Nobody(slug)));

    /// <summary>Breaks the hold of that id; one that somebody else took since stays.</summary>
    public static async Task<Results<NoContent, Ok<PlanResponse>>> BreakAsync(string slug, string id, Change change, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        change.Subject = $"instance {slug}";
        var held = await FindAsync(slug, store, engine, cancellationToken) ?? throw Nobody(slug);
        if (held.Id != id)
            throw ProblemException.Conflict($"The state of '{slug}' is held by {held.Who} since {held.Since:yyyy-MM-dd HH:mm:ss} UTC by now, and no longer by {id}.");
        if (held.IsAtWork)
            throw ProblemException.Conflict($"{held.Who} is seen at work on '{slug}': breaking the hold would lose what it does.");
        change.Detail = $"held by {held.Who} since {held.Since:yyyy-MM-dd HH:mm:ss} UTC ({held.What})";
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "held by", held.Who, null)));
        await change.BeginOutsideAsync();
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        await engine.BreakHoldAsync(record.Spec.Id, id, cancellationToken);
        await engine.PokeAsync(record.Spec.Id, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<StateHolder?> FindAsync(string slug, IStore store, IEngineLink engine, CancellationToken cancellationToken) =>
        await engine.FindHolderAsync((await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec.Id, cancellationToken);

    private static ProblemException Nobody(string slug) => ProblemException.NotFound("holder of the state of", slug);

    private static HolderResponse Response(string slug, StateHolder held) => new(slug, held.Id, held.Who, held.What, held.Since, held.IsAtWork);
}
