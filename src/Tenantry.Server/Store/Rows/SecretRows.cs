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
        foreach (var secret in secrets)
            await RequireHolderAsync(session, secret.Place);
        var atOnce = await QueueAsync(session, secrets.Select(secret => secret.Place));
        var written = new List<SealedSecret>();
        foreach (var secret in secrets)
            written.Add(await AppendAsync(session, secret, restoredFrom: 0));
        await GrowAsync(session, atOnce, secrets.Select(secret => secret.Place));
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
        var atOnce = await QueueAsync(session, [place]);
        var brought = await AppendAsync(session, new NewSecret(place, old.KeyHolder, old.Value, old.Generated), version);
        await GrowAsync(session, atOnce, [place]);
        return brought;
    }

    /// <summary>What an instance has at each level: what is in force there, or the version before while it waits for its turn.</summary>
    public static async Task<IReadOnlyList<SealedSecret>> ListAsync(Session session, InstanceSpec spec)
    {
        var inForce = await ListAsync(
            session,
            """
            in_force = 1 AND app = @App AND ((scope = 'Instance' AND holder = @Id) OR (scope = 'Tenant' AND holder = @Tenant)
                OR (scope = 'Organization' AND holder = @Organization) OR (scope = 'App' AND holder = @App))
            """,
            new { spec.App, spec.Id, spec.Tenant, spec.Organization });
        var turns = (await SecretTurnRows.OfInstanceAsync(session, spec.Id)).ToDictionary(turn => turn.Place, turn => turn.Version);
        if (turns.Count == 0)
            return inForce;
        var has = new List<SealedSecret>();
        foreach (var secret in inForce)
        {
            if (!turns.TryGetValue(secret.Place, out var version))
                has.Add(secret);
            else if (version > 0)
                has.Add((await ListVersionsAsync(session, secret.Place)).FirstOrDefault(one => one.Version == version) ?? secret);
        }

        return has;
    }

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
        // What was taken away is nobody's any more, at once.
        await SecretTurnRows.ForgetAsync(session, place);
        await InstanceRows.GrowAsync(session, await session.ListAsync<string>($"SELECT id FROM instances WHERE {SecretTurnRows.Reach(place)}", new { place.Holder, place.App }));
        await SecretTurnRows.PassOnAsync(session, place.App);
        return true;
    }

    public static Task ForgetInstanceAsync(Session session, string id) =>
        session.ExecuteAsync("DELETE FROM secrets WHERE scope = 'Instance' AND holder = @id", new { id });

    public static async Task ForgetAppAsync(Session session, string app)
    {
        await session.ExecuteAsync("DELETE FROM secrets WHERE app = @app", new { app });
        await SecretTurnRows.ForgetAppAsync(session, app);
    }

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
            $"""
            DELETE FROM secrets WHERE {AtPlace} AND version < @oldest AND NOT EXISTS (SELECT 1 FROM secret_turns t
                WHERE t.scope = @Scope AND t.holder = @Holder AND t.app = @App AND t.name = @Name AND t.taken = 0 AND t.version = secrets.version)
            """,
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

    private static async Task<IReadOnlySet<string>> QueueAsync(Session session, IEnumerable<SecretPlace> places)
    {
        var present = new List<(SecretPlace, long)>();
        foreach (var place in places.Distinct())
            present.Add((place, (await FindAsync(session, place))?.Version ?? 0));
        return await SecretTurnRows.QueueAsync(session, present);
    }

    private static async Task GrowAsync(Session session, IReadOnlySet<string> atOnce, IEnumerable<SecretPlace> places)
    {
        await InstanceRows.GrowAsync(session, atOnce);
        foreach (var app in places.Where(place => place.Scope != SecretScope.Instance).Select(place => place.App).Distinct(StringComparer.Ordinal))
            await SecretTurnRows.PassOnAsync(session, app);
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
