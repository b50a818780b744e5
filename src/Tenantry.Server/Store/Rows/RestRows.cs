using Tenantry.Model.Instances;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>What the engine decided beside the specs, and the wakes that there were.</summary>
internal static class RestRows
{
    private const int WakesKept = 1000;

    /// <summary>
    /// False when the spec, or the decision that was in force, was changed since it was read: it was woken in between, say. The same depth once more makes nothing
    /// due and is told to nobody.
    /// </summary>
    public static async Task<bool> PutAsync(Session session, string id, InstanceRest? rest, InstanceRest? before, long generation)
    {
        if (!await IsAtAsync(session, id, generation))
            return false;
        var present = await session.FirstAsync<PresentRow>("SELECT depth, at FROM rests WHERE instance_id = @id", new { id });
        if (present?.Depth != before?.Depth.ToString() || present?.At != StoreTime.ToMicros(before?.At))
            return false;
        await WriteAsync(session, id, rest);
        if (rest?.Depth == before?.Depth)
            return true;
        session.Changed("instance", id, "rest");
        await StatusRows.MakeDueAsync(session, id);
        return true;
    }

    /// <summary>The same decisions, found right anew. Gives the instances of which something else is so by now.</summary>
    public static async Task<IReadOnlyList<string>> RenewAsync(Session session, IReadOnlyList<RestRenewal> renewals)
    {
        var left = new List<string>();
        foreach (var (id, rest, before, generation) in renewals.OrderBy(renewal => renewal.InstanceId, StringComparer.Ordinal))
        {
            var renewed = await session.ExecuteAsync(
                """
                UPDATE rests SET reason = @Reason, at = @at, idle_since = @idleSince
                WHERE instance_id = @id AND depth = @depth AND at = @before AND EXISTS (SELECT 1 FROM instances WHERE id = @id AND generation = @generation)
                """,
                new
                {
                    id,
                    generation,
                    depth = rest.Depth.ToString(),
                    rest.Reason,
                    at = StoreTime.ToMicros(rest.At),
                    idleSince = StoreTime.ToMicros(rest.IdleSince),
                    before = StoreTime.ToMicros(before),
                });
            if (renewed == 0)
                left.Add(id);
        }

        return left;
    }

    /// <summary>With the outcome of a pass. What a person said meanwhile stays.</summary>
    public static async Task WriteAsync(Session session, string id, InstanceRest? rest, long generation)
    {
        if (await IsAtAsync(session, id, generation))
            await WriteAsync(session, id, rest);
    }

    private static async Task<bool> IsAtAsync(Session session, string id, long generation) =>
        await session.FirstAsync<long?>($"SELECT generation FROM instances WHERE id = @id{session.Dialect.ForUpdate}", new { id }) == generation;

    private static async Task WriteAsync(Session session, string id, InstanceRest? rest)
    {
        if (rest is null)
        {
            await EndAsync(session, id);
            return;
        }

        await session.ExecuteAsync(
            """
            INSERT INTO rests (instance_id, depth, reason, at, idle_since) VALUES (@id, @depth, @Reason, @at, @idleSince)
            ON CONFLICT (instance_id) DO UPDATE SET depth = excluded.depth, reason = excluded.reason, at = excluded.at, idle_since = excluded.idle_since
            """,
            new { id, depth = rest.Depth.ToString(), rest.Reason, at = StoreTime.ToMicros(rest.At), idleSince = StoreTime.ToMicros(rest.IdleSince) });
    }

    public static Task<int> EndAsync(Session session, string id) => session.ExecuteAsync("DELETE FROM rests WHERE instance_id = @id", new { id });

    /// <summary>The newest of an instance are kept.</summary>
    public static async Task AddWakeAsync(Session session, string id, WakeRecord wake)
    {
        await session.ExecuteAsync(
            """
            INSERT INTO wakes (instance_id, at, phase, platform, app, rested_at) VALUES (@id, @at, @phase, @platform, @app, @restedAt)
            ON CONFLICT (instance_id, at) DO UPDATE SET phase = excluded.phase, platform = excluded.platform, app = excluded.app, rested_at = COALESCE(excluded.rested_at, wakes.rested_at)
            """,
            new { id, restedAt = StoreTime.ToMicros(wake.RestedSince), at = StoreTime.ToMicros(wake.At), phase = wake.From.ToString(), platform = Micros(wake.PlatformSeconds), app = Micros(wake.AppSeconds) });
        await session.ExecuteAsync(
            """
            DELETE FROM wakes WHERE instance_id = @id
                AND at < (SELECT w.at FROM wakes w WHERE w.instance_id = @id ORDER BY w.at DESC LIMIT 1 OFFSET @kept)
            """,
            new { id, kept = (long)WakesKept - 1 });
    }

    /// <summary>Newest first; of all instances when none is named.</summary>
    public static async Task<IReadOnlyList<StoredWake>> ListWakesAsync(Session session, string? instanceId, int limit)
    {
        var rows = await session.ListAsync<WakeRow>(
            $"""
            SELECT i.slug, i.app AS instance_app, i.target, w.at, w.phase, w.platform, w.app, w.rested_at FROM wakes w JOIN instances i ON i.id = w.instance_id
            {(instanceId is null ? "" : "WHERE w.instance_id = @instanceId")} ORDER BY w.at DESC LIMIT @limit
            """,
            new { instanceId, limit = (long)limit });
        return
        [
            .. rows.Select(row => new StoredWake(
                row.Slug, row.InstanceApp, row.Target, new WakeRecord(StoreTime.FromMicros(row.At), Enum.Parse<InstancePhase>(row.Phase), row.Platform / 1e6, row.App / 1e6) { RestedSince = StoreTime.FromMicros(row.RestedAt) })),
        ];
    }

    private static long Micros(double seconds) => (long)Math.Round(seconds * 1e6);

    private sealed record PresentRow
    {
        public string Depth { get; init; } = "";
        public long At { get; init; }
    }

    private sealed record WakeRow
    {
        public string Slug { get; init; } = "";
        public string InstanceApp { get; init; } = "";
        public string Target { get; init; } = "";
        public long At { get; init; }
        public string Phase { get; init; } = "";
        public long Platform { get; init; }
        public long App { get; init; }
        public long? RestedAt { get; init; }
    }
}
