using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>Secrets of instances and of apps: written, listed without their values, and taken away. No way leads from here to a value.</summary>
internal static class SecretsApi
{
    private const long LongestValues = 4 << 20;

    /// <summary>The routes below an instance or an app.</summary>
    public static void MapSecrets(this IEndpointRouteBuilder parent, string path, params string[] query)
    {
        var secrets = parent.MapGroup(path + "/secrets").WithTags("Secrets");
        secrets.MapGet("", ListAsync).Paged().Takes(query);
        secrets.MapPatch("", PutManyAsync).Changes("secret.set").Takes(query).BodyUpTo(LongestValues);
        secrets.MapGet("/{name}", GetAsync).Takes(query);
        secrets.MapPut("/{name}", PutAsync).Changes("secret.set").TakesVersion().Takes(query);
        secrets.MapDelete("/{name}", DeleteAsync).Changes("secret.delete").TakesVersion().Takes(query);
        secrets.MapPost("/{name}/rotate", RotateAsync).Changes("secret.rotate").TakesVersion().Takes(query);
        secrets.MapPost("/{name}/rollback", RollBackAsync).Changes("secret.rollback").TakesVersion().Takes(query);
    }

    private static async Task<Ok<PageResponse<SecretResponse>>> ListAsync(SecretQuery asked, SecretWrites secrets, CancellationToken cancellationToken)
    {
        var holder = await secrets.HolderAsync(asked, cancellationToken);
        var view = await secrets.ViewAsync(holder, asked.Caller, cancellationToken);
        // Of what is kept for each instance there is nothing to tell of an app.
        return TypedResults.Ok(PageQuery.Whole(holder.Manifest.Secrets.Where(declared => declared.Scope <= holder.Narrowest), view.InList));
    }

    private static async Task<Ok<SecretDetailResponse>> GetAsync(
        SecretQuery asked, string name, SecretWrites secrets, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var holder = await secrets.HolderAsync(asked, cancellationToken);
        var declared = holder.Declared(name);
        var view = await secrets.ViewAsync(holder, asked.Caller, cancellationToken);
        var inForce = view.InForce(name);
        ETags.Set(context, inForce?.Version ?? 0);
        return TypedResults.Ok(view.Whole(declared, inForce is null ? [] : await store.ListSecretVersionsAsync(inForce.Place, cancellationToken)));
    }

    private static async Task<Results<Ok<SecretResponse>, Ok<PlanResponse>>> PutAsync(
        SecretQuery asked, string name, Body<PutSecretRequest> body, Change change, SecretWrites secrets, HttpContext context, CancellationToken cancellationToken)
    {
        var at = await secrets.FindAsync(asked, name, change, cancellationToken);
        SecretValues.Check(at.Declared, body.Value.Value);
        if (change.IsDryRun)
            return TypedResults.Ok(at.Plan("a new value"));
        await secrets.PutAsync(at.Holder, [(at.Place, body.Value.Value)], generated: false, cancellationToken);
        return TypedResults.Ok(await secrets.AnswerAsync(at, context, cancellationToken));
    }

    private static async Task<Results<Ok<PageResponse<SecretResponse>>, Ok<PlanResponse>>> PutManyAsync(
        SecretQuery asked, Body<PutSecretsRequest> body, Change change, SecretWrites secrets, CancellationToken cancellationToken)
    {
        var holder = await secrets.HolderAsync(asked, cancellationToken);
        var view = await secrets.ViewAsync(holder, asked.Caller, cancellationToken);
        change.Subject = $"secrets of {holder.Shown}";
        var values = body.Value.Values.Select(pair => (Declared: holder.Declared(pair.Key), pair.Value)).ToList();
        if (values.Count == 0)
            throw ProblemException.Invalid("values", "At least one value is expected.");
        SecretValues.Check(values);
        var places = values.Select(one => (holder.Place(holder.LevelOf(one.Declared, view.InForce(one.Declared.Name), ScopeOf(body.Value, one.Declared.Name) ?? asked.Scope), one.Declared.Name), one.Value)).ToList();
        foreach (var (place, _) in places)
            SecretWrites.RefuseOfApp(change.Caller, place);
        change.Detail = string.Join(", ", values.Select(one => one.Declared.Name));
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of([.. places.Select(one => new ChangeResponse($"secret {one.Item1.Name} of {holder.Shown}", "", view.At(one.Item1) is null ? null : "its value", "a new value"))]));
        await secrets.PutAsync(holder, places, generated: false, cancellationToken);
        var after = await secrets.ViewAsync(holder, asked.Caller, cancellationToken);
        return TypedResults.Ok(PageQuery.Whole(values, one => after.InList(one.Declared)));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(
        SecretQuery asked, string name, Change change, SecretWrites secrets, IStore store, CancellationToken cancellationToken)
    {
        var at = await secrets.FindAsync(asked, name, change, cancellationToken);
        if (at.Stored is null)
            throw at.HasNone();
        if (change.IsDryRun)
            return TypedResults.Ok(at.Plan(null) with { Notices = Notices(name, (await secrets.ViewAsync(at.Holder, asked.Caller, cancellationToken)).Bereft(at.Place)) });
        if (!await store.DeleteSecretAsync(at.Place, cancellationToken))
            throw at.HasNone();
        await secrets.PokeAsync([at.Place], cancellationToken);
        return TypedResults.NoContent();
    }

    private static IReadOnlyList<string> Notices(string name, IReadOnlyList<string> bereft) => bereft.Count == 0
        ? []
        : [$"'{name}' is required: {string.Join(", ", bereft)} {(bereft.Count == 1 ? "has no other value, is stopped, and waits until it has one" : "have no other value, are stopped, and wait until they have one")}."];

    private static string? ScopeOf(PutSecretsRequest request, string name) =>
        request.Scopes is { } scopes && scopes.TryGetValue(name, out var scope) ? SecretHolder.Word(scope) : null;

    private static async Task<Results<Ok<SecretResponse>, Ok<PlanResponse>>> RotateAsync(
        SecretQuery asked, string name, Change change, SecretWrites secrets, HttpContext context, CancellationToken cancellationToken)
    {
        var at = await secrets.FindAsync(asked, name, change, cancellationToken);
        if (at.Declared.Generate is not { } wanted)
            throw ProblemException.Invalid("", at.Declared.Provider is { } provider
                ? $"'{name}' is issued by {provider}: 'tenantry llm rotate TENANT' gets a new one, or give one of your own, as with any secret."
                : $"Tenantry does not make '{name}': give the new value yourself, as with the first one.");
        if (change.IsDryRun)
            return TypedResults.Ok(at.Plan("a new value"));
        await secrets.PutAsync(at.Holder, [(at.Place, SecretGenerator.Make(wanted))], generated: true, cancellationToken);
        return TypedResults.Ok(await secrets.AnswerAsync(at, context, cancellationToken));
    }

    private static async Task<Results<Ok<SecretResponse>, Ok<PlanResponse>>> RollBackAsync(
        SecretQuery asked, string name, Body<RollBackSecretRequest> body, Change change, SecretWrites secrets, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var at = await secrets.FindAsync(asked, name, change, cancellationToken);
        var version = body.Value.Version;
        var versions = await store.ListSecretVersionsAsync(at.Place, cancellationToken);
        if (versions.All(one => one.Version != version))
        {
            var kept = versions.Count == 0 ? "there is none" : $"there are {string.Join(", ", versions.Select(one => one.Version))}";
            throw ProblemException.Invalid("version", $"There is no version {version} of '{name}' at the level {SecretHolder.Word(at.Place.Scope)}; {kept}.");
        }

        change.Detail = $"version {version}";
        if (change.IsDryRun)
            return TypedResults.Ok(at.Plan($"the value of version {version}"));
        _ = await store.RollBackSecretAsync(at.Place, version, cancellationToken) ?? throw ProblemException.Conflict($"Version {version} went meanwhile.");
        await secrets.PokeAsync([at.Place], cancellationToken);
        return TypedResults.Ok(await secrets.AnswerAsync(at, context, cancellationToken));
    }
}
