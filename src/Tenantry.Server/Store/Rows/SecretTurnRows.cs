using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>
/// Turns of instances that work, for a value that several of them share: of each app one takes the new value, and the next one only when that one is well again. Until
/// its turn an instance has the version that it had. What does not work has nothing to lose and waits for nobody.
/// </summary>
internal static class SecretTurnRows
{
    private const string AtPlace = "scope = @Scope AND holder = @Holder AND app = @App AND name = @Name";

    // What a turn is waited for, or over: the status answers to the newest wish and says that it is well, or rests.
    private const string IsOver =
        """
        i.desired = 'Deleted' OR (s.observed_generation >= i.generation AND s.failures = 0
            AND (s.phase IN ('Frozen', 'Asleep', 'Pending') OR (s.phase = 'Running' AND s.health = 'Healthy')))
        """;

    /// <summary>Before values at a place change: those that work get in line. Returns the ids of those that do not wait.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="places">Each with the version that is in force; 0: none.</param>
    public static async Task<IReadOnlySet<string>> QueueAsync(Session session, IReadOnlyCollection<(SecretPlace Place, long Before)> places)
    {
        var now = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (place, before) in places)
        {
            var reached = await session.ListAsync<ReachedRow>(
                $"""
                SELECT i.id, CASE WHEN s.phase = 'Frozen' OR (s.phase = 'Running' AND s.health = 'Healthy') THEN 1 ELSE 0 END AS works,
                    COALESCE((SELECT MAX(t.taken) FROM secret_turns t WHERE t.instance_id = i.id), 0) AS taken
                FROM instances i JOIN statuses s ON s.instance_id = i.id
                WHERE i.desired <> 'Deleted' AND {Reach(place)} ORDER BY i.id
                """,
                new { place.Holder, place.App });
            foreach (var instance in reached)
            {
                if (place.Scope == SecretScope.Instance || instance.Works == 0 || instance.Taken != 0)
                {
                    now.Add(instance.Id);
                    continue;
                }

                await session.ExecuteAsync(
                    """
                    INSERT INTO secret_turns (instance_id, scope, holder, app, name, version, taken)
                    VALUES (@Id, @Scope, @Holder, @App, @Name, @before, 0)
                    ON CONFLICT (instance_id, scope, holder, app, name) DO NOTHING
                    """,
                    new { instance.Id, Scope = place.Scope.ToString(), place.Holder, place.App, place.Name, before });
            }
        }

        // Whoever changes now anyway takes the rest at the same time.
        foreach (var id in now)
            await session.ExecuteAsync("DELETE FROM secret_turns WHERE instance_id = @id AND taken = 0", new { id });
        return now;
    }

    /// <summary>Gives the next instance of the app its turn, unless one has it.</summary>
    public static async Task PassOnAsync(Session session, string app)
    {
        // Locked, so that two passes that end at once give one turn.
        await session.FirstAsync<string>($"SELECT name FROM apps WHERE name = @app{session.Dialect.ForUpdate}", new { app });
        await session.ExecuteAsync(
            $"""
            DELETE FROM secret_turns WHERE app = @app AND taken = 1 AND instance_id IN
                (SELECT i.id FROM instances i JOIN statuses s ON s.instance_id = i.id WHERE {IsOver})
            """,
            new { app });
        if (await session.FirstAsync<long>("SELECT COUNT(*) FROM secret_turns WHERE app = @app AND taken = 1", new { app }) > 0)
            return;
        if (await session.FirstAsync<string>("SELECT instance_id FROM secret_turns WHERE app = @app AND away = 0 ORDER BY instance_id LIMIT 1", new { app }) is not { } next)
            return;
        await session.ExecuteAsync("UPDATE secret_turns SET taken = 1 WHERE instance_id = @next", new { next });
        await InstanceRows.GrowAsync(session, [next]);
    }

    /// <summary>
    /// A pass has ended: when it was about the instance whose turn it is, the next one may follow. One whose target does not answer gives its turn up, keeps the value that it
    /// has, and gets in line again as soon as its target answers.
    /// </summary>
    public static async Task PassEndedAsync(Session session, InstanceStatus status)
    {
        var turn = await session.FirstAsync<LineRow>(
            "SELECT MAX(app) AS app, MAX(taken) AS taken, MAX(away) AS away FROM secret_turns WHERE instance_id = @Id", new { status.Id });
        if (turn?.App is not { } app)
            return;
        var isAway = status.IsTargetAway;
        if (isAway != (turn.Away != 0))
            await session.ExecuteAsync("UPDATE secret_turns SET away = @away WHERE instance_id = @Id", new { status.Id, away = isAway ? 1L : 0L });
        if (isAway && turn.Taken != 0)
        {
            await session.ExecuteAsync("UPDATE secret_turns SET taken = 0 WHERE instance_id = @Id", new { status.Id });
            session.Changed("secret-turn", status.Id, "given-up");
            await InstanceRows.GrowAsync(session, [status.Id]);
        }

        if (turn.Taken != 0 || isAway != (turn.Away != 0))
            await PassOnAsync(session, app);
    }

    /// <summary>An instance is about to be removed: when it has the turn, the next one follows.</summary>
    public static async Task LeavesAsync(Session session, string instanceId)
    {
        if (await session.FirstAsync<string>("SELECT app FROM secret_turns WHERE instance_id = @instanceId AND taken = 1 LIMIT 1", new { instanceId }) is { } app)
            await PassOnAsync(session, app);
    }

    /// <summary>Names of the values that the instance shall take when its target answers again.</summary>
    public static Task<IReadOnlyList<string>> NamesOfAwayAsync(Session session, string instanceId) =>
        session.ListAsync<string>("SELECT DISTINCT name FROM secret_turns WHERE instance_id = @instanceId AND away = 1 AND taken = 0 ORDER BY name", new { instanceId });

    /// <summary>What an instance has until its turn, in place of what is in force.</summary>
    public static async Task<IReadOnlyList<SecretTurn>> OfInstanceAsync(Session session, string instanceId) =>
        [.. (await session.ListAsync<TurnRow>("SELECT instance_id, scope, holder, app, name, version, away FROM secret_turns WHERE instance_id = @instanceId AND taken = 0", new { instanceId })).Select(row => row.ToTurn())];

    public static async Task<IReadOnlyList<SecretTurn>> OfAppAsync(Session session, string app) =>
        [.. (await session.ListAsync<TurnRow>("SELECT instance_id, scope, holder, app, name, version, away FROM secret_turns WHERE app = @app AND taken = 0 ORDER BY instance_id", new { app })).Select(row => row.ToTurn())];

    /// <summary>Nobody waits for a value of that place any more.</summary>
    public static Task ForgetAsync(Session session, SecretPlace place) => session.ExecuteAsync(
        $"DELETE FROM secret_turns WHERE {AtPlace}", new { Scope = place.Scope.ToString(), place.Holder, place.App, place.Name });

    public static Task ForgetAppAsync(Session session, string app) => session.ExecuteAsync("DELETE FROM secret_turns WHERE app = @app", new { app });

    /// <summary>Condition on instances: the place reaches them. With the parameters <c>Holder</c> and <c>App</c>.</summary>
    public static string Reach(SecretPlace place) => place.Scope switch
    {
        SecretScope.App => "app = @App",
        SecretScope.Organization => "organization = @Holder AND app = @App",
        SecretScope.Tenant => "tenant = @Holder AND app = @App",
        _ => "id = @Holder",
    };

    private sealed record LineRow
    {
        public string? App { get; init; }
        public long Taken { get; init; }
        public long Away { get; init; }
    }

    private sealed record ReachedRow
    {
        public string Id { get; init; } = "";
        public long Works { get; init; }
        public long Taken { get; init; }
    }

    private sealed record TurnRow
    {
        public string InstanceId { get; init; } = "";
        public string Scope { get; init; } = "";
        public string Holder { get; init; } = "";
        public string App { get; init; } = "";
        public string Name { get; init; } = "";
        public long Version { get; init; }
        public long Away { get; init; }

        public SecretTurn ToTurn() => new(InstanceId, new SecretPlace(Enum.Parse<SecretScope>(Scope), Holder, App, Name), Version, Away != 0);
    }
}
