using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Naming;
using Tenantry.Model.Tenants;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Store;
using Tenantry.Server.Targets;
using Tenantry.Server.Tenants;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Instances;

/// <summary>Turns a request for an instance into its spec: fills in what was left out, and refuses what cannot be.</summary>
public sealed class NewInstance(IStore store, ApiSettings settings, IReadOnlyList<TargetKind> kinds, TimeProvider time)
{
    private const string EmbeddedTarget = "local";

    /// <summary>The tenant of a request: the one of that name, or the one that the request would make.</summary>
    public async Task<(Tenant Tenant, bool IsNew)> FindTenantAsync(CreateInstanceRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.NewTenant is { } wanted && wanted.Name != request.Tenant)
            throw ProblemException.Invalid("newTenant.name", $"The same name as 'tenant' is expected: '{request.Tenant}'.");
        if (await store.FindTenantAsync(request.Tenant, cancellationToken) is { } tenant)
        {
            // As for a tenant that is made alone: names are everybody's.
            if (request.NewTenant is not null && !caller.Sees(tenant.Organization))
                throw ProblemException.Taken("newTenant.name", $"The tenant name '{tenant.Name}' is taken. Choose another one.");
            caller.MustSee(tenant.Organization, "tenant", tenant.Name, "tenant");
            caller.MustHold(Permission.Operate, tenant.Organization, $"makes instances of the tenant '{tenant.Name}'");
            // Two customers whose names come to the same never share a tenant.
            if (request.NewTenant?.Owner is { Length: > 0 } owner && tenant.Owner.Length > 0 && !string.Equals(owner, tenant.Owner, StringComparison.OrdinalIgnoreCase))
                throw ProblemException.Conflict($"The tenant '{tenant.Name}' belongs to somebody else than {owner}.");
            return tenant.Deleting ? throw ProblemException.Conflict($"The tenant '{tenant.Name}' is being removed.") : (tenant, false);
        }

        return request.NewTenant is null ? throw ProblemException.NotFound("tenant", request.Tenant, "tenant") : (await TenantText.MakeAsync(request.NewTenant, caller, store, time.GetUtcNow(), cancellationToken), true);
    }

    public async Task<InstanceSpec> ResolveAsync(CreateInstanceRequest request, Tenant tenant, Caller caller, CancellationToken cancellationToken)
    {
        var release = await AppsApi.FindReleaseAsync(store, request.App, request.Release ?? "latest", cancellationToken);
        var manifest = ManifestJson.Read(release.Manifest);
        var environment = request.Environment ?? Slug.DefaultEnvironment;
        var errors = new List<ProblemError>();
        TenantText.AddName(NameKind.Environment, "environment", environment, errors);
        var tier = InstanceFields.Tier(manifest, request.Tier, errors);
        var hosts = InstanceFields.Hosts(request.Hosts ?? [], settings, errors);
        var features = InstanceFields.Features(manifest, request.Features ?? new Dictionary<string, string>(StringComparer.Ordinal), errors);
        if (request.Slug is not null)
            InstanceFields.CheckSlug(request.Slug, settings, errors);
        var target = await PickTargetAsync(request.Target, errors, cancellationToken);
        var limit = request.LlmLimit is { } money ? Dollars.Read(money) : null;
        if (request.LlmLimit is not null && limit is null)
            errors.Add(new ProblemError("llmLimit", "An amount in USD with whole cents is expected."));
        if (errors.Count > 0)
            throw ProblemException.Invalid(errors);
        if (limit is not null)
            caller.MustPay("What LLM keys may spend");
        if (tier != InstanceFields.FreeTier(manifest))
            caller.MustPay("A tier other than the app's default, or its first where none is,");
        return new InstanceSpec(
            SortedId.New(time),
            request.Slug ?? await PickSlugAsync(tenant, environment, request.App, cancellationToken),
            tenant.Name,
            tenant.Organization,
            request.App,
            environment,
            target,
            tier,
            release.Id,
            hosts,
            features,
            request.Down ? DesiredState.Asleep : DesiredState.Running,
            RestartNonce: 0,
            Generation: 1,
            time.GetUtcNow())
        {
            Hold = request.Down ? InstanceHold.Down : InstanceHold.None,
            Llm = new LlmWish(Limit: limit, Own: request.OwnLlmKeys),
        };
    }

    /// <summary>This machine as a target, which is added with the first instance, so that nothing need be configured. Null when there is nothing to add.</summary>
    public async Task<TargetRecord?> MissingTargetAsync(InstanceSpec spec, CancellationToken cancellationToken) =>
        await store.FindTargetAsync(spec.Target, cancellationToken) is null ? TargetsApi.Usual(spec.Target, EmbeddedTarget, time.GetUtcNow()) : null;

    /// <summary>Stores a target that an instance needs. One that another request added first stays.</summary>
    public async Task AddAsync(TargetRecord target, CancellationToken cancellationToken)
    {
        try
        {
            await store.PutTargetAsync(target, 0, cancellationToken);
        }
        catch (StoreConflictException)
        {
            // Another first instance was quicker.
        }
    }

    private async Task<string> PickTargetAsync(string? wanted, List<ProblemError> errors, CancellationToken cancellationToken)
    {
        var targets = await store.ListTargetsAsync(cancellationToken);
        if (targets.Count == 0 && (wanted is null or EmbeddedTarget) && kinds.Any(kind => kind.Kind == EmbeddedTarget))
            return EmbeddedTarget;
        if (wanted is not null)
            return targets.FirstOrDefault(t => t.Name == wanted)?.Name ?? throw ProblemException.NotFound("target", wanted, "target");
        if (targets.Count == 1)
            return targets[0].Name;
        errors.Add(new ProblemError("target", targets.Count == 0
            ? "No target is configured yet. Add one with 'tenantry target add'."
            : $"Several targets are configured; say which one: {string.Join(", ", targets.Select(t => t.Name))}."));
        return "";
    }

    // The store has the last word: two requests at once may find the same slug free, and one of them is then refused.
    private async Task<string> PickSlugAsync(Tenant tenant, string environment, string app, CancellationToken cancellationToken)
    {
        foreach (var candidate in Slug.Candidates(tenant.Name, environment, app).Where(slug => !InstanceFields.IsOwn(slug, settings)))
        {
            var holder = await store.FindInstanceBySlugAsync(candidate, cancellationToken);
            if (holder is null)
                return candidate;
            if (holder.Spec.Tenant == tenant.Name && holder.Spec.App == app && holder.Spec.Environment == environment)
                throw ProblemException.Conflict($"The tenant '{tenant.Name}' has an instance of '{app}' in '{environment}' already: '{holder.Spec.Slug}'.");
        }

        throw ProblemException.Conflict($"Every slug for '{tenant.Name}' is taken; give one.");
    }
}
