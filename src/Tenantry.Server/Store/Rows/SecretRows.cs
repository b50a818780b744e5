using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>Sealed values, each with its versions; the newest is in force.</summary>
internal static class SecretRows
{
    private const string Columns = "scope, holder, app, name, version, in_force, key_holder, value, generated, restored_from, created_at";
    private const string AtPlace = "scope = @Scope AND holder = @Holder AND app = @App AND name = @Name";

    public static async Task<IReadOnlyList<SealedSecret>> PutAsync(Session session, IReadOnlyList<NewSecret> secrets)
    {
        var written = new List<SealedSecret>();
        foreach (var secret in secrets)
        {
            await RequireHolderAsync(session, secret.Place);
            written.Add(await AppendAsync(session, secret, restoredFrom: 0));
        }

        await GrowAsync(session, secrets.Select(secret => secret.Place));
        return written;
    }

    // The engine adds what it generates in the middle of a pass: that is no change of what is wanted.
    public static async Task<SealedSecret> AddAsync(Session session, NewSecret secret)
    {
        await RequireHolderAsync(session, secret.Place);
        return await FindAsync(session, secret.Place) ?? await AppendAsync(session, secret, restoredFrom: 0);
    }

    /// <summary>A value that the engine made in place of the ones before, of which none is of use any more.</summary>
    public static async Task SupersedeAsync(Session session, NewSecret secret)
    {
        await RequireHolderAsync(session, secret.Place);
        await AppendAsync(session, secret, restoredFrom: 0);
        await session.ExecuteAsync($"DELETE FROM secrets WHERE {AtPlace} AND in_force = 0 AND generated = 1", Key(secret.Place));
    }

    /// <summary>Takes away what the engine made.</summary>
    public static Task ForgetMadeAsync(Session session, string instanceId, string name) => session.ExecuteAsync(
        "DELETE FROM secrets WHERE scope = 'Instance' AND holder = @instanceId AND name = @name AND generated = 1", new { instanceId, name });

    public static async Task<SealedSecret?> RollBackAsync(Session session, SecretPlace place, long version)
    {
        await RequireHolderAsync(session, place);
        if ((await ListVersionsAsync(session, place)).FirstOrDefault(one => one.Version == version) is not { } old)
            return null;
        var brought = await AppendAsync(session, new NewSecret(place, old.KeyHolder, old.Value, old.Generated), version);
        await GrowAsync(session, [place]);
        return brought;
    }

    /// <summary>What is in force at each level of an instance.</summary>
    public static Task<IReadOnlyList<SealedSecret>> ListAsync(Session session, InstanceSpec spec) => ListAsync(
        session,
        """
        in_force = 1 AND app = @App AND ((scope = 'Instance' AND holder = @Id) OR (scope = 'Tenant' AND holder = @Tenant)
            OR (scope = 'Organization' AND holder = @Organization) OR (scope = 'App' AND holder = @App))
        """,
        new { spec.App, spec.Id, spec.Tenant, spec.Organization });

    public static Task<IReadOnlyList<SealedSecret>> ListOfAppAsync(Session session, string app) => ListAsync(session, "in_force = 1 AND app = @app", new { app });

    /// <summary>Newest first.</summary>
    public static async Task<IReadOnlyList<SealedSecret>> ListVersionsAsync(Session session, SecretPlace place) =>
        [.. (await ListAsync(session, AtPlace, Key(place))).OrderByDescending(secret => secret.Version)];

    public static Task<IReadOnlyList<SealedSecret>> ListSealedInFormAsync(Session session, byte form) =>
        ListAsync(session, "substr(value, 1, 1) = @form", new { form = new[] { form } });

    public static async Task ReplaceValueAsync(Session session, SealedSecret secret, byte[] value) => await session.ExecuteAsync(
        $"UPDATE secrets SET value = @value WHERE {AtPlace} AND version = @Version AND value = @before",
        new { Scope = secret.Place.Scope.ToString(), secret.Place.Holder, secret.Place.App, secret.Place.Name, secret.Version, value, before = secret.Value });

    public static async Task<bool> DeleteAsync(Session session, SecretPlace place)
    {
        if (await session.ExecuteAsync($"DELETE FROM secrets WHERE {AtPlace}", Key(place)) == 0)
            return false;
        await GrowAsync(session, [place]);
        return true;
    }

    public static Task ForgetInstanceAsync(Session session, string id) =>
        session.ExecuteAsync("DELETE FROM secrets WHERE scope = 'Instance' AND holder = @id", new { id });

    public static Task ForgetAppAsync(Session session, string app) => session.ExecuteAsync("DELETE FROM secrets WHERE app = @app", new { app });

    public static Task ForgetKeyHolderAsync(Session session, string keyHolder) =>
        session.ExecuteAsync("DELETE FROM secrets WHERE key_holder = @keyHolder", new { keyHolder });

    private static async Task<SealedSecret> AppendAsync(Session session, NewSecret secret, long restoredFrom)
    {
        var newest = await session.FirstAsync<long?>($"SELECT MAX(version) FROM secrets WHERE {AtPlace}", Key(secret.Place)) ?? 0;
        await session.ExecuteAsync($"UPDATE secrets SET in_force = 0 WHERE {AtPlace} AND in_force = 1", Key(secret.Place));
        var made = new SealedSecret(secret.Place, secret.KeyHolder, secret.Value, newest + 1, secret.Generated, restoredFrom, session.Now);
        await session.ExecuteAsync(
            $"""
            INSERT INTO secrets ({Columns})
            VALUES (@Scope, @Holder, @App, @Name, @Version, 1, @KeyHolder, @Value, @generated, @restoredFrom, @now)
            """,
            new
            {
                Scope = secret.Place.Scope.ToString(),
                secret.Place.Holder,
                secret.Place.App,
                secret.Place.Name,
                made.Version,
                secret.KeyHolder,
                secret.Value,
                generated = secret.Generated ? 1L : 0L,
                restoredFrom,
                now = session.NowMicros,
            });
        await session.ExecuteAsync(
            $"DELETE FROM secrets WHERE {AtPlace} AND version < @oldest",
            new { Scope = secret.Place.Scope.ToString(), secret.Place.Holder, secret.Place.App, secret.Place.Name, oldest = made.Version - SealedSecret.KeptVersions });
        return (await FindAsync(session, secret.Place))!;
    }

    private static async Task<SealedSecret?> FindAsync(Session session, SecretPlace place) =>
        (await ListAsync(session, $"in_force = 1 AND {AtPlace}", Key(place))).FirstOrDefault();

    // Locked, so that two who write the same secret take turns and nobody writes for somebody who is being removed.
    private static async Task RequireHolderAsync(Session session, SecretPlace place)
    {
        var table = place.Scope switch
        {
            SecretScope.App => "SELECT name FROM apps WHERE name = @Holder",
            SecretScope.Organization => "SELECT name FROM organizations WHERE name = @Holder",
            SecretScope.Tenant => "SELECT name FROM tenants WHERE name = @Holder",
            _ => "SELECT id FROM instances WHERE id = @Holder",
        };
        if (await session.FirstAsync<string>(table + session.Dialect.ForUpdate, new { place.Holder }) is null)
            throw new StoreConflictException($"There is no {place.Scope.ToString().ToLowerInvariant()} '{place.Holder}'.");
    }

    private static async Task GrowAsync(Session session, IEnumerable<SecretPlace> places)
    {
        foreach (var place in places.DistinctBy(place => (place.Scope, place.Holder, place.App)))
        {
            var condition = place.Scope switch
            {
                SecretScope.App => "app = @App",
                SecretScope.Organization => "organization = @Holder AND app = @App",
                SecretScope.Tenant => "tenant = @Holder AND app = @App",
                _ => "id = @Holder",
            };
            await InstanceRows.GrowAsync(session, condition, new { place.Holder, place.App });
        }
    }

    private static async Task<IReadOnlyList<SealedSecret>> ListAsync(Session session, string condition, object args) =>
        [.. (await session.ListAsync<SecretRow>($"SELECT {Columns} FROM secrets WHERE {condition} ORDER BY name, scope, holder, version", args)).Select(row => row.ToSecret())];

    private static object Key(SecretPlace place) => new { Scope = place.Scope.ToString(), place.Holder, place.App, place.Name };

    private sealed record SecretRow
    {
        public string Scope { get; init; } = "";
        public string Holder { get; init; } = "";
        public string App { get; init; } = "";
        public string Name { get; init; } = "";
        public long Version { get; init; }
        public string KeyHolder { get; init; } = "";
        public byte[] Value { get; init; } = [];
        public long Generated { get; init; }
        public long RestoredFrom { get; init; }
        public long CreatedAt { get; init; }

        public SealedSecret ToSecret() => new(
            new SecretPlace(Enum.Parse<SecretScope>(Scope), Holder, App, Name), KeyHolder, Value, Version, Generated != 0, RestoredFrom, StoreTime.FromMicros(CreatedAt));
    }
}
