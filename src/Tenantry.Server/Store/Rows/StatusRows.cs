using Tenantry.Model.Instances;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>
/// What was seen of instances, and when each is due. <c>due_at</c> is 0 from the moment when something changed that the status
/// does not answer to; the lease's end while somebody works on it; otherwise the status's own next look. So a change that
/// comes in the middle of the work is never covered up by the status that the work ends with.
/// </summary>
internal static class StatusRows
{
    private const string Columns =
        "instance_id, phase, health, reason, observed_generation, release, conditions, resources, drift, endpoint, failures, " +
        "next_look_at, wake, changed_at, due_at";

    private const string Update =
        """
        UPDATE statuses SET phase = @Phase, health = @Health, reason = @Reason, observed_generation = @ObservedGeneration,
            release = @Release, conditions = @Conditions, resources = @Resources, drift = @Drift, endpoint = @Endpoint,
            failures = @Failures, next_look_at = @NextLookAt, wake = @Wake, changed_at = @ChangedAt
        """;

    public static Task<int> InsertAsync(Session session, InstanceStatus status) => session.ExecuteAsync(
        $"""
        INSERT INTO statuses ({Columns})
        VALUES (@Id, @Phase, @Health, @Reason, @ObservedGeneration, @Release, @Conditions, @Resources, @Drift, @Endpoint, @Failures,
            @NextLookAt, @Wake, @ChangedAt, @DueAt)
        """,
        Values(status, 0));

    /// <summary>In the middle of the work: when the instance is due stays as it is.</summary>
    public static async Task WriteAsync(Session session, InstanceStatus status)
    {
        if (await session.ExecuteAsync($"{Update} WHERE instance_id = @Id", Values(status, 0)) == 0)
            throw new LeaseLostException(status.Id);
        session.Changed("instance", status.Id, "status");
    }

    /// <summary>At the end of the work: due at its next look, or at once if something changed meanwhile that it does not answer to.</summary>
    public static async Task FinishAsync(Session session, InstanceStatus status)
    {
        // Locked, so that a spec that is written at this moment is either seen here or makes the instance due afterwards.
        var generation = await session.FirstAsync<long?>(
            $"SELECT generation FROM instances WHERE id = @Id{session.Dialect.ForUpdate}", new { status.Id })
            ?? throw new LeaseLostException(status.Id);
        var due = status.ObservedGeneration == generation ? StoreTime.ToMicros(status.NextLookAt) : 0;
        await session.ExecuteAsync(
            $"{Update}, due_at = CASE WHEN due_at = 0 THEN 0 ELSE @DueAt END WHERE instance_id = @Id", Values(status, due));
        session.Changed("instance", status.Id, "status");
    }

    public static Task<int> MakeDueAsync(Session session, string instanceId) =>
        session.ExecuteAsync("UPDATE statuses SET due_at = 0 WHERE instance_id = @instanceId", new { instanceId });

    /// <summary>Somebody begins to work, or goes on: due again when the lease runs out.</summary>
    public static Task<int> BeginAsync(Session session, IReadOnlyList<string> ids, long leaseEnd) => session.ExecuteAsync(
        $"UPDATE statuses SET due_at = @leaseEnd WHERE {session.Dialect.In("instance_id", "@ids")}", new { ids, leaseEnd });

    public static Task<int> GoOnAsync(Session session, string id, long leaseEnd) => session.ExecuteAsync(
        "UPDATE statuses SET due_at = @leaseEnd WHERE instance_id = @id AND due_at <> 0", new { id, leaseEnd });

    /// <summary>The work was given up without a status: due at once. To be called while the lease is still held.</summary>
    public static Task<int> AbandonAsync(Session session, string condition, object args) => session.ExecuteAsync(
        $"""
        UPDATE statuses SET due_at = 0
        WHERE due_at <> 0 AND due_at = (SELECT l.expires_at FROM leases l WHERE l.key = statuses.instance_id AND {condition})
        """,
        args);

    /// <summary>Moves the next look without telling anybody: nothing was seen that was not known.</summary>
    public static Task<int> PostponeAsync(Session session, IEnumerable<QuietLook> looks) => session.ExecuteAsync(
        """
        UPDATE statuses SET next_look_at = @next, due_at = CASE WHEN due_at = 0 THEN 0 ELSE @next END
        WHERE instance_id = @Key AND EXISTS (SELECT 1 FROM leases l WHERE l.key = @Key AND l.holder = @Holder AND l.token = @Token)
        """,
        looks.Select(look => new { look.Lease.Key, look.Lease.Holder, look.Lease.Token, next = StoreTime.ToMicros(look.NextLookAt) }));

    public static async Task<IReadOnlyList<DueInstance>> ListDueAsync(Session session, string node, DateTimeOffset now, int limit)
    {
        var rows = await session.ListAsync<DueRow>(
            $"""
            SELECT s.instance_id AS id, i.target,
                CASE WHEN s.observed_generation = i.generation AND s.failures = 0
                    AND (s.phase IN ('Frozen', 'Asleep') OR s.phase = 'Running' AND s.health = 'Healthy') THEN 1 ELSE 0 END AS settled
            FROM statuses s
            JOIN instances i ON i.id = s.instance_id
            LEFT JOIN leases l ON l.key = s.instance_id AND l.expires_at > @now
            WHERE s.due_at <= @now AND l.key IS NULL AND i.{TargetRows.MayWork}
            ORDER BY s.due_at, s.instance_id
            LIMIT @limit
            """,
            new { node, now = StoreTime.ToMicros(now), limit = (long)limit });
        return [.. rows.Select(row => new DueInstance(row.Id, row.Target, row.Settled != 0))];
    }

    public static async Task<DateTimeOffset?> NextDueAsync(Session session, string node)
    {
        var free = await session.FirstAsync<long?>(
            $"""
            SELECT s.due_at FROM statuses s
            JOIN instances i ON i.id = s.instance_id
            LEFT JOIN leases l ON l.key = s.instance_id AND l.expires_at > @now
            WHERE l.key IS NULL AND i.{TargetRows.MayWork} ORDER BY s.due_at, s.instance_id LIMIT 1
            """,
            new { node, now = session.NowMicros });
        // What somebody works on now may be left behind: it is due when that lease runs out.
        var left = await session.FirstAsync<long?>(
            $"""
            SELECT l.expires_at FROM leases l JOIN instances i ON i.id = l.key
            WHERE l.expires_at > @now AND i.{TargetRows.MayWork} ORDER BY l.expires_at LIMIT 1
            """,
            new { node, now = session.NowMicros });
        return free is null || left is null ? StoreTime.FromMicros(free ?? left) : StoreTime.FromMicros(Math.Min(free.Value, left.Value));
    }

    private static object Values(InstanceStatus status, long due) => new
    {
        status.Id,
        Phase = status.Phase.ToString(),
        Health = status.Health.ToString(),
        status.Reason,
        status.ObservedGeneration,
        status.Release,
        Conditions = StoreJson.Write(status.Conditions, StoreJson.Default.IReadOnlyListCondition),
        Resources = StoreJson.Write(status.Resources, StoreJson.Default.IReadOnlyListResourceObservation),
        Drift = StoreJson.Write(status.Drift, StoreJson.Default.IReadOnlyListDriftItem),
        Endpoint = StoreJson.WriteOptional(status.Endpoint, StoreJson.Default.Endpoint),
        Failures = (long)status.Failures,
        NextLookAt = StoreTime.ToMicros(status.NextLookAt),
        Wake = StoreJson.WriteOptional(status.Wake, StoreJson.Default.WakeRecord),
        ChangedAt = StoreTime.ToMicros(status.ChangedAt),
        DueAt = due,
    };

    private sealed record DueRow
    {
        public string Id { get; init; } = "";
        public string Target { get; init; } = "";
        public long Settled { get; init; }
    }
}
