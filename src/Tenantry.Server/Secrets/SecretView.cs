using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>What is told of secrets: which levels have a value, since when, and who uses it. Never a value.</summary>
internal sealed class SecretView
{
    private readonly SecretHolder _holder;
    private readonly IReadOnlyList<SealedSecret> _stored;
    private readonly Dictionary<string, SealedSecret> _inForce;
    private readonly Dictionary<SecretPlace, List<string>> _users = [];

    private SecretView(SecretHolder holder, IReadOnlyList<SealedSecret> stored, IReadOnlyList<InstanceSpec> instances)
    {
        _holder = holder;
        _stored = stored;
        _inForce = NearestSecrets.Of(holder.Manifest, stored.Where(secret => holder.Reaches(secret.Place)));
        var byPlace = stored.ToLookup(secret => (secret.Place.Scope, secret.Place.Holder));
        foreach (var spec in instances)
        {
            var reached = Enum.GetValues<SecretScope>().SelectMany(scope => byPlace[(scope, SecretPlace.Of(spec, scope, "").Holder)]);
            foreach (var used in NearestSecrets.Of(holder.Manifest, reached).Values)
            {
                if (!_users.TryGetValue(used.Place, out var slugs))
                    _users.Add(used.Place, slugs = []);
                slugs.Add(spec.Slug);
            }
        }
    }

    public static async Task<SecretView> ReadAsync(IStore store, SecretHolder holder, CancellationToken cancellationToken)
    {
        var instances = new List<InstanceSpec>();
        string? cursor = null;
        do
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(App: holder.App), new PageRequest(PageQuery.Largest, cursor), cancellationToken);
            instances.AddRange(page.Items.Select(record => record.Spec).Where(spec => spec.Desired != DesiredState.Deleted));
            cursor = page.Next;
        }
        while (cursor is not null);
        return new SecretView(holder, await store.ListAppSecretsAsync(holder.App, cancellationToken), instances);
    }

    /// <summary>The value in force here, or null.</summary>
    public SealedSecret? InForce(string name) => _inForce.GetValueOrDefault(name);

    /// <summary>The value at one level, or null.</summary>
    public SealedSecret? At(SecretPlace place) => _stored.FirstOrDefault(secret => secret.Place == place);

    /// <summary>As it is in force here.</summary>
    public SecretResponse InList(SecretDefinition declared) => Of(declared, InForce(declared.Name));

    /// <summary>One value, in force here or not.</summary>
    public SecretResponse Of(SecretDefinition declared, SealedSecret? secret) => new(
        declared.Name,
        secret is not null,
        declared.Required,
        secret?.Generated ?? declared.Generate is not null,
        secret?.Version ?? 0,
        secret?.CreatedAt,
        declared.Prompt)
    {
        Scope = declared.Scope,
        From = secret?.Place.Scope,
        Inherited = secret is not null && secret.Place.Scope < _holder.Narrowest,
        RotatedAt = secret?.Version > 1 ? secret.CreatedAt : null,
        Provider = declared.Provider,
        UsedBy = secret is not null && _users.TryGetValue(secret.Place, out var slugs) ? slugs : [],
    };

    public SecretDetailResponse Whole(SecretDefinition declared, IReadOnlyList<SealedSecret> versions) => new(InList(declared))
    {
        Pattern = declared.Pattern,
        Env = declared.Env,
        Levels = [.. _stored.Where(secret => secret.Place.Name == declared.Name && _holder.Reaches(secret.Place) && secret.Place.Scope >= declared.Scope)
            .OrderByDescending(secret => secret.Place.Scope)
            .Select(secret => new SecretLevelResponse(
                secret.Place.Scope, secret.Place.Scope == SecretScope.Instance ? _holder.Instance!.Slug : secret.Place.Holder, secret.Version, secret.CreatedAt))],
        Versions = [.. versions.Select(one => new SecretVersionResponse(one.Version, one.CreatedAt, one.Generated, one.RestoredFrom == 0 ? null : one.RestoredFrom))],
    };
}
