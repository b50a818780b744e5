using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
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
    private readonly Dictionary<SecretPlace, List<string>> _bereft = [];
    private readonly ILookup<SecretPlace, (string Slug, bool IsAway)> _waiting;

    private SecretView(SecretHolder holder, IReadOnlyList<SealedSecret> stored, IReadOnlyList<SecretTurn> turns, IReadOnlyList<InstanceSpec> instances)
    {
        _holder = holder;
        _stored = stored;
        var slugs = instances.ToDictionary(spec => spec.Id, spec => spec.Slug, StringComparer.Ordinal);
        _waiting = turns.Where(turn => slugs.ContainsKey(turn.InstanceId)).ToLookup(turn => turn.Place, turn => (slugs[turn.InstanceId], turn.IsAway));
        _inForce = NearestSecrets.Of(holder.Manifest, stored.Where(secret => holder.Reaches(secret.Place)));
        var byPlace = stored.ToLookup(secret => (secret.Place.Scope, secret.Place.Holder));
        foreach (var spec in instances)
        {
            var reached = Enum.GetValues<SecretScope>().SelectMany(scope => byPlace[(scope, SecretPlace.Of(spec, scope, "").Holder)]).ToList();
            foreach (var used in NearestSecrets.Of(holder.Manifest, reached).Values)
            {
                // A release that is not deployed uses nothing yet.
                if (spec.Id == holder.Instance?.Id && holder.Upcoming.Contains(used.Place.Name))
                    continue;
                Add(_users, used.Place, spec.Slug);
                if (NearestSecrets.Missing(holder.Manifest, spec, reached.Where(one => one.Place != used.Place)).Any(one => one.Name == used.Place.Name))
                    Add(_bereft, used.Place, spec.Slug);
            }
        }
    }

    /// <summary>Of instances that the caller does not see nothing is told.</summary>
    public static async Task<SecretView> ReadAsync(IStore store, SecretHolder holder, Caller caller, CancellationToken cancellationToken)
    {
        var instances = new List<InstanceSpec>();
        string? cursor = null;
        do
        {
            var page = await store.ListInstancesAsync(new InstanceFilter(App: holder.App), new PageRequest(PageQuery.Largest, cursor), cancellationToken);
            instances.AddRange(page.Items.Select(record => record.Spec).Where(spec => spec.Desired != DesiredState.Deleted && caller.Sees(spec.Organization)));
            cursor = page.Next;
        }
        while (cursor is not null);
        return new SecretView(
            holder, await store.ListAppSecretsAsync(holder.App, cancellationToken), await store.ListSecretTurnsAsync(holder.App, cancellationToken), instances);
    }

    /// <summary>Instances that use the value at a place, require one, and would have none instead.</summary>
    public IReadOnlyList<string> Bereft(SecretPlace place) => _bereft.GetValueOrDefault(place) ?? [];

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
        Waiting = secret is null ? [] : [.. _waiting[secret.Place].Select(one => one.Slug)],
        Away = secret is null ? [] : [.. _waiting[secret.Place].Where(one => one.IsAway).Select(one => one.Slug)],
        Upcoming = _holder.Upcoming.Contains(declared.Name),
    };

    private static void Add(Dictionary<SecretPlace, List<string>> slugs, SecretPlace place, string slug)
    {
        if (!slugs.TryGetValue(place, out var there))
            slugs.Add(place, there = []);
        there.Add(slug);
    }

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
