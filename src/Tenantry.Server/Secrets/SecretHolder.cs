using Microsoft.AspNetCore.Http;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>Whose secrets a request is about: an instance's with all its levels, or those of an app that are kept for a tenant, an organization or all.</summary>
internal sealed record SecretHolder(string Shown, string App, Manifest Manifest, SecretScope Narrowest, InstanceSpec? Instance, string? Tenant, string? Organization)
{
    /// <summary>Names of secrets that the app's newest release declares and the instance's own does not: they can be set before it is deployed.</summary>
    public IReadOnlySet<string> Upcoming { get; private init; } = new HashSet<string>(StringComparer.Ordinal);

    public static async Task<SecretHolder> OfInstanceAsync(IStore store, string slug, CancellationToken cancellationToken)
    {
        var spec = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec;
        var manifest = ManifestJson.Read((await AppsApi.FindReleaseAsync(store, spec.App, spec.Release, cancellationToken)).Manifest);
        var newest = await AppsApi.FindReleaseAsync(store, spec.App, "latest", cancellationToken);
        IReadOnlyList<SecretDefinition> upcoming = newest.Id == spec.Release ? [] : [.. ManifestJson.Read(newest.Manifest).Secrets.Where(secret => manifest.FindSecret(secret.Name) is null)];
        return new($"instance {slug}", spec.App, manifest with { Secrets = [.. manifest.Secrets, .. upcoming] }, SecretScope.Instance, spec, spec.Tenant, spec.Organization)
        {
            Upcoming = upcoming.Select(secret => secret.Name).ToHashSet(StringComparer.Ordinal),
        };
    }

    /// <summary>What is kept for a tenant or an organization that the caller does not see is answered as what is not there.</summary>
    public static async Task<SecretHolder> OfAppAsync(IStore store, string app, string? tenant, string? organization, Caller caller, CancellationToken cancellationToken)
    {
        var manifest = ManifestJson.Read((await AppsApi.FindReleaseAsync(store, app, "latest", cancellationToken)).Manifest);
        if (tenant is not null && organization is not null)
            throw ProblemException.Invalid("organization", "A tenant or an organization is expected, not both.");
        if (tenant is not null)
        {
            var found = await store.FindTenantAsync(tenant, cancellationToken);
            caller.MustSee(found?.Organization, "tenant", tenant, "tenant");
            if (found is null)
                throw ProblemException.NotFound("tenant", tenant, "tenant");
            return new($"app {app} for tenant {tenant}", app, manifest, SecretScope.Tenant, null, tenant, found.Organization);
        }

        if (organization is null)
            return new($"app {app}", app, manifest, SecretScope.App, null, null, null);
        caller.MustSee(organization, "organization", organization, "organization");
        if (!(await store.ListOrganizationsAsync(cancellationToken)).Any(one => one.Name == organization))
            throw ProblemException.NotFound("organization", organization, "organization");
        return new($"app {app} for organization {organization}", app, manifest, SecretScope.Organization, null, null, organization);
    }

    /// <summary>The secret as the manifest declares it, or a 404 with the nearest name.</summary>
    public SecretDefinition Declared(string name) => Manifest.FindSecret(name) ?? throw new ProblemException(
        StatusCodes.Status404NotFound,
        ProblemCodes.NotFound,
        $"The manifest declares no secret '{name}'.{Nearest.Hint(name, Manifest.Secrets.Select(s => s.Name))}");

    public SecretPlace Place(SecretScope scope, string name) => new(scope, HolderAt(scope), App, name);

    public string KeyHolder(SecretScope scope) =>
        scope == SecretScope.Instance ? SecretPlace.KeyHolderOf(SecretScope.Tenant, Tenant!) : SecretPlace.KeyHolderOf(scope, HolderAt(scope));

    /// <summary>True when a value at that place may be in force here.</summary>
    public bool Reaches(SecretPlace place) => place.Scope <= Narrowest && place.App == App && place.Holder == HolderAt(place.Scope);

    /// <summary>
    /// The level that a change is about: the one that was said; else that of the value in force, or the one that the manifest keeps it at. A level that other tenants
    /// share is never meant by itself.
    /// </summary>
    public SecretScope LevelOf(SecretDefinition declared, SealedSecret? inForce, string? said)
    {
        if (said is not null)
        {
            if (!Enum.TryParse<SecretScope>(said, ignoreCase: true, out var scope) || !Enum.IsDefined(scope) || int.TryParse(said, out _))
                throw ProblemException.Invalid("scope", "app, organization, tenant or instance is expected.");
            return Allowed(declared, scope);
        }

        if (Narrowest != SecretScope.Instance)
            return Allowed(declared, Narrowest);
        var level = inForce?.Place.Scope ?? declared.Scope;
        return level >= SecretScope.Tenant
            ? level
            : throw ProblemException.Invalid(
                "scope",
                $"'{declared.Name}' is kept for the whole {Word(level)} {HolderAt(level)}, whose other instances change with it. Say scope {Word(level)} if that is meant, or scope instance for {Instance!.Slug} alone.");
    }

    private SecretScope Allowed(SecretDefinition declared, SecretScope scope)
    {
        if (scope < declared.Scope)
            throw ProblemException.Invalid("scope", $"The manifest keeps '{declared.Name}' for each {Word(declared.Scope)}: no value for the whole {Word(scope)} is taken.");
        return scope <= Narrowest ? scope : throw ProblemException.Invalid("scope", $"{Shown} has no level {Word(scope)}.");
    }

    private string HolderAt(SecretScope scope) => scope switch
    {
        SecretScope.App => App,
        SecretScope.Organization => Organization ?? "",
        SecretScope.Tenant => Tenant ?? "",
        _ => Instance?.Id ?? "",
    };

    public static string Word(SecretScope scope) => scope.ToString().ToLowerInvariant();
}
