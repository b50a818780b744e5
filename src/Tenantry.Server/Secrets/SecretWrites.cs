using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>Which secrets a request means. A route has a slug or an app; an app's can be narrowed to a tenant or an organization.</summary>
/// <param name="Slug">The instance.</param>
/// <param name="App">The app.</param>
/// <param name="Scope">The level that is meant of an instance's.</param>
/// <param name="Tenant">The tenant that an app's are kept for.</param>
/// <param name="Organization">The organization that an app's are kept for.</param>
/// <param name="Caller">Who asks.</param>
public sealed record SecretQuery(string? Slug, string? App, string? Scope, string? Tenant, string? Organization, Caller Caller)
{
    /// <summary>Read by the framework.</summary>
    public static ValueTask<SecretQuery> BindAsync(HttpContext context) => ValueTask.FromResult(new SecretQuery(
        context.GetRouteValue("slug") as string,
        context.GetRouteValue("app") as string,
        One(context, "scope"),
        One(context, "tenant"),
        One(context, "organization"),
        Caller.Of(context)));

    private static string? One(HttpContext context, string name) => context.Request.Query[name] switch
    {
        { Count: 0 } => null,
        [{ Length: > 0 } value] => value,
        _ => throw ProblemException.Invalid(name, "One value is expected."),
    };
}

/// <summary>Writes secrets for the API, which can seal and not open.</summary>
internal sealed class SecretWrites(IStore store, IEngineLink engine, InstanceChanges changes)
{
    public Task<SecretHolder> HolderAsync(SecretQuery asked, CancellationToken cancellationToken) => asked.Slug is { } slug
        ? SecretHolder.OfInstanceAsync(store, slug, cancellationToken)
        : SecretHolder.OfAppAsync(store, asked.App!, asked.Tenant, asked.Organization, asked.Caller, cancellationToken);

    public Task<SecretView> ViewAsync(SecretHolder holder, Caller caller, CancellationToken cancellationToken) => SecretView.ReadAsync(store, holder, caller, cancellationToken);

    /// <summary>What a change is about, checked against the version that it expects.</summary>
    public async Task<SecretAt> FindAsync(SecretQuery asked, string name, Change change, CancellationToken cancellationToken)
    {
        change.Subject = $"secret {name} of {(asked.Slug is null ? $"app {asked.App}" : $"instance {asked.Slug}")}";
        var holder = await HolderAsync(asked, cancellationToken);
        var declared = holder.Declared(name);
        var view = await ViewAsync(holder, change.Caller, cancellationToken);
        var level = holder.LevelOf(declared, view.InForce(name), asked.Scope);
        var place = holder.Place(level, name);
        RefuseOfApp(change.Caller, place);
        var at = new SecretAt(holder, declared, place, view.At(place));
        change.Subject = at.Subject;
        change.Detail = $"level {SecretHolder.Word(level)}";
        change.Expect(at.Subject, at.Stored?.Version ?? 0);
        return at;
    }

    /// <summary>A secret of a whole app is the platform's, from whichever instance it is asked for.</summary>
    public static void RefuseOfApp(Caller caller, SecretPlace place)
    {
        if (place.Scope == SecretScope.App && !caller.RunsPlatform)
            throw ProblemException.Forbidden($"'{place.Name}' is a secret of the whole app, which is the platform's to change.");
    }

    /// <summary>Seals and writes values in one transaction; the instances that use them change once.</summary>
    public async Task PutAsync(SecretHolder holder, IReadOnlyList<(SecretPlace Place, string Value)> values, bool generated, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var written = new List<NewSecret>();
        foreach (var (place, value) in values)
        {
            var keyHolder = holder.KeyHolder(place.Scope);
            if (!keys.TryGetValue(keyHolder, out var key))
                keys.Add(keyHolder, key = (await store.FindDataKeyAsync(keyHolder, cancellationToken))?.Public ?? await engine.EnsureDataKeyAsync(keyHolder, cancellationToken));
            written.Add(new NewSecret(place, keyHolder, SecretSealer.Seal(key, SecretSealer.Context(place), value), generated));
        }

        await store.PutSecretsAsync(written, cancellationToken);
        await PokeAsync([.. values.Select(one => one.Place)], cancellationToken);
    }

    /// <summary>Lets the reconciler look soon at those that do not wait for their turn. Of very many, the rest is seen by the store's own list of who is due.</summary>
    public async Task PokeAsync(IReadOnlyList<SecretPlace> places, CancellationToken cancellationToken)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var place in places.DistinctBy(place => place.Scope))
        {
            if (place.Scope == SecretScope.Instance)
            {
                ids.Add(place.Holder);
                continue;
            }

            var filter = place.Scope switch
            {
                SecretScope.Tenant => new InstanceFilter(Tenant: place.Holder, App: place.App),
                SecretScope.Organization => new InstanceFilter(Organization: place.Holder, App: place.App),
                _ => new InstanceFilter(App: place.App),
            };
            ids.UnionWith((await store.ListInstancesAsync(filter, new PageRequest(PageQuery.Largest), cancellationToken)).Items.Select(record => record.Spec.Id));
        }

        ids.ExceptWith((await store.ListSecretTurnsAsync(places[0].App, cancellationToken)).Select(turn => turn.InstanceId));
        foreach (var id in ids)
            await changes.PokeAsync(id);
    }

    /// <summary>The secret as it is after a change.</summary>
    public async Task<SecretResponse> AnswerAsync(SecretAt at, HttpContext context, CancellationToken cancellationToken)
    {
        var view = await ViewAsync(at.Holder, Caller.Of(context), cancellationToken);
        var stored = view.At(at.Place);
        ETags.Set(context, stored?.Version ?? 0);
        return view.Of(at.Declared, stored);
    }

    /// <summary>What a plan of an instance should say of secrets that it waits for.</summary>
    public static async Task<IReadOnlyList<string>> NoticesAsync(IStore store, InstanceSpec spec, Manifest manifest, CancellationToken cancellationToken)
    {
        if (!manifest.SecretsToGive(spec.Llm.Own).Any())
            return [];
        var missing = NearestSecrets.Missing(manifest, spec, await store.ListSecretsAsync(spec, cancellationToken));
        return missing.Count == 0
            ? []
            : [$"Nothing of this is done before {(missing.Count == 1 ? "the secret" : "the secrets")} {string.Join(", ", missing.Select(secret => secret.Name))} {(missing.Count == 1 ? "has a value" : "have values")}: '{missing[0].SetCommand(spec.Slug)}'."];
    }
}

/// <summary>One secret at one level.</summary>
internal sealed record SecretAt(SecretHolder Holder, SecretDefinition Declared, SecretPlace Place, SealedSecret? Stored)
{
    public string Subject => $"secret {Declared.Name} of {Holder.Shown}";

    public PlanResponse Plan(string? wanted) => DryRun.Of(new ChangeResponse(Subject, "", Stored is null ? null : "its value", wanted));

    public ProblemException HasNone() => ProblemException.NotFound($"value at the level {SecretHolder.Word(Place.Scope)} of the secret", Declared.Name);
}
