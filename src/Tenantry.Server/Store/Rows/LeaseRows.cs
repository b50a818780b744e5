using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>Leases with fencing tokens. A released lease keeps its row, so that its token never goes back.</summary>
internal static class LeaseRows
{
    public static async Task<Lease?> TryAcquireAsync(Session session, string key, string holder, TimeSpan duration)
    {
        var expires = Expiry(session, duration);
        var token = await session.FirstAsync<long?>(
            """
            INSERT INTO leases (key, holder, token, expires_at) VALUES (@key, @holder, 1, @expires)
            ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, token = leases.token + 1, expires_at = excluded.expires_at
            WHERE leases.expires_at <= @now OR leases.holder = @holder
            RETURNING token
            """,
            new { key, holder, expires, now = session.NowMicros });
        if (token is null)
            return null;
        await StatusRows.BeginAsync(session, [key], expires);
        return new Lease(key, holder, token.Value, StoreTime.FromMicros(expires));
    }

    /// <summary>Takes the leases of those instances that exist and that nobody works on.</summary>
    public static async Task<IReadOnlyList<Lease>> ClaimAsync(Session session, IReadOnlyList<string> ids, string holder, TimeSpan duration)
    {
        var expires = Expiry(session, duration);
        var rows = await session.ListAsync<ClaimRow>(
            $"""
            INSERT INTO leases (key, holder, token, expires_at)
            SELECT id, @holder, 1, @expires FROM instances WHERE {session.Dialect.In("id", "@ids")} AND {TargetRows.MayWork} ORDER BY id
            ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, token = leases.token + 1, expires_at = excluded.expires_at
            WHERE leases.expires_at <= @now
            RETURNING key, token
            """,
            new { ids = ids.ToArray(), holder, node = NodeOf(holder), expires, now = session.NowMicros });
        await StatusRows.BeginAsync(session, [.. rows.Select(row => row.Key)], expires);
        return [.. rows.Select(row => new Lease(row.Key, holder, row.Token, StoreTime.FromMicros(expires)))];
    }

    public static async Task<Lease?> RenewAsync(Session session, Lease lease, TimeSpan duration)
    {
        var expires = Expiry(session, duration);
        var kept = await session.ExecuteAsync(
            "UPDATE leases SET expires_at = @expires WHERE key = @Key AND holder = @Holder AND token = @Token",
            new { lease.Key, lease.Holder, lease.Token, expires });
        if (kept == 0)
            return null;
        await StatusRows.GoOnAsync(session, lease.Key, expires);
        return lease with { ExpiresAt = StoreTime.FromMicros(expires) };
    }

    public static async Task<IReadOnlyList<string>> ListAsync(Session session, string keyPrefix) => [.. await session.ListAsync<string>(
        "SELECT key FROM leases WHERE SUBSTR(key, 1, @length) = @keyPrefix AND expires_at > @now ORDER BY key",
        new { keyPrefix, length = keyPrefix.Length, now = session.NowMicros })];

    /// <summary>What was worked on without a status at the end is due at once.</summary>
    public static async Task ReleaseAsync(Session session, Lease lease)
    {
        var args = new { lease.Key, lease.Holder, lease.Token };
        await StatusRows.AbandonAsync(session, "l.key = @Key AND l.holder = @Holder AND l.token = @Token", args);
        await FreeAsync(session, [lease]);
    }

    /// <summary>Frees leases after their status was written.</summary>
    public static Task<int> FreeAsync(Session session, IEnumerable<Lease> leases) => session.ExecuteAsync(
        "UPDATE leases SET holder = '', expires_at = 0 WHERE key = @Key AND holder = @Holder AND token = @Token",
        leases.Select(lease => new { lease.Key, lease.Holder, lease.Token }));

    /// <summary>Frees what holders that are known to be dead had; it is due at once.</summary>
    public static async Task<int> DropAsync(Session session, string holderPrefix)
    {
        var args = new { holderPrefix, length = holderPrefix.Length };
        await StatusRows.AbandonAsync(session, "SUBSTR(l.holder, 1, @length) = @holderPrefix", args);
        return await session.ExecuteAsync(
            "UPDATE leases SET holder = '', expires_at = 0 WHERE SUBSTR(holder, 1, @length) = @holderPrefix", args);
    }

    /// <summary>Throws unless this lease is the newest of its key; nobody can take it over until the transaction ends.</summary>
    public static async Task RequireAsync(Session session, Lease lease)
    {
        var token = await session.FirstAsync<long?>(
            $"SELECT token FROM leases WHERE key = @Key AND holder = @Holder{session.Dialect.ForUpdate}", new { lease.Key, lease.Holder });
        if (token != lease.Token)
            throw new LeaseLostException(lease.Key);
    }

    public static Task<int> RemoveAsync(Session session, string key) => session.ExecuteAsync("DELETE FROM leases WHERE key = @key", new { key });

    // A holder is "node/run".
    private static string NodeOf(string holder) => holder.IndexOf('/', StringComparison.Ordinal) is var end and >= 0 ? holder[..end] : holder;

    private static long Expiry(Session session, TimeSpan duration) => StoreTime.ToMicros(session.Now + duration);

    private sealed record ClaimRow
    {
        public string Key { get; init; } = "";
        public long Token { get; init; }
    }
}
