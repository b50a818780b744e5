using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>
/// The list of changes. Numbers are given under a row lock that is held until the commit, so that a reader who has seen a
/// number will never find a smaller one later.
/// </summary>
internal static class ChangeRows
{
    private const int Kept = 100_000;
    private const int PruneEvery = 1000;

    public static async Task FlushAsync(Session session)
    {
        if (session.Changes.Count == 0)
            return;
        var last = await session.FirstAsync<long>(
            "UPDATE change_head SET sequence = sequence + @count WHERE one = 1 RETURNING sequence", new { count = (long)session.Changes.Count });
        var first = last - session.Changes.Count + 1;
        await session.ExecuteAsync(
            "INSERT INTO changes (sequence, kind, key, action, at) VALUES (@Sequence, @Kind, @Key, @Action, @At)",
            session.Changes.Select((change, i) => new { Sequence = first + i, change.Kind, change.Key, change.Action, At = session.NowMicros }));
        if (first / PruneEvery != last / PruneEvery || last % PruneEvery == 0)
            await session.ExecuteAsync("DELETE FROM changes WHERE sequence <= @limit", new { limit = last - Kept });
    }

    public static async Task<IReadOnlyList<ChangeEvent>> ListAsync(Session session, long after, int limit)
    {
        var rows = await session.ListAsync<ChangeRow>(
            "SELECT sequence, kind, key, action, at FROM changes WHERE sequence > @after ORDER BY sequence LIMIT @limit",
            new { after, limit = (long)limit });
        return [.. rows.Select(row => new ChangeEvent(row.Sequence, row.Kind, row.Key, row.Action, StoreTime.FromMicros(row.At)))];
    }

    public static Task<long> LastAsync(Session session) => session.FirstAsync<long>("SELECT sequence FROM change_head WHERE one = 1");

    private sealed record ChangeRow
    {
        public long Sequence { get; init; }
        public string Kind { get; init; } = "";
        public string Key { get; init; } = "";
        public string Action { get; init; } = "";
        public long At { get; init; }
    }
}
