using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>Data keys, and the mark of the engine key that they are wrapped under.</summary>
internal static class DataKeyRows
{
    private const string Columns = "holder, public_half, wrapped, engine_key, created_at";

    public static async Task<DataKey?> FindAsync(Session session, string holder) =>
        (await session.FirstAsync<DataKeyRow>($"SELECT {Columns} FROM data_keys WHERE holder = @holder", new { holder }))?.ToKey();

    public static async Task<DataKey> AddAsync(Session session, DataKey key)
    {
        await RequireHolderAsync(session, key.Holder);
        await session.ExecuteAsync(
            $"INSERT INTO data_keys ({Columns}) VALUES (@Holder, @Public, @Wrapped, @EngineKey, @now) ON CONFLICT (holder) DO NOTHING",
            new { key.Holder, key.Public, key.Wrapped, key.EngineKey, now = session.NowMicros });
        return (await FindAsync(session, key.Holder))!;
    }

    public static async Task<IReadOnlyList<DataKey>> ListOtherThanAsync(Session session, string engineKey, int limit) =>
        [.. (await session.ListAsync<DataKeyRow>(
            $"SELECT {Columns} FROM data_keys WHERE engine_key <> @engineKey ORDER BY holder LIMIT @limit", new { engineKey, limit = (long)limit })).Select(row => row.ToKey())];

    public static async Task<bool> RewrapAsync(Session session, DataKey key, string before) => await session.ExecuteAsync(
        "UPDATE data_keys SET wrapped = @Wrapped, engine_key = @EngineKey WHERE holder = @Holder AND engine_key = @before AND public_half = @Public",
        new { key.Holder, key.Wrapped, key.EngineKey, key.Public, before }) > 0;

    /// <summary>The key and everything sealed to it.</summary>
    public static async Task DestroyAsync(Session session, string holder)
    {
        await SecretRows.ForgetKeyHolderAsync(session, holder);
        if (await session.ExecuteAsync("DELETE FROM data_keys WHERE holder = @holder", new { holder }) > 0)
            session.LeavesNoTrace = true;
    }

    public static async Task<string?> FindEngineKeyAsync(Session session) =>
        await session.FirstAsync<string>("SELECT value FROM meta WHERE name = 'engine-key'");

    public static async Task<string> ClaimEngineKeyAsync(Session session, string mark, bool replace)
    {
        if (replace)
        {
            // What is under a key that is lost is lost: the next value that is set gets a data key that can be opened.
            await session.ExecuteAsync("DELETE FROM data_keys WHERE engine_key <> @mark", new { mark });
            await session.ExecuteAsync("DELETE FROM meta WHERE name = 'engine-key'");
        }

        await session.ExecuteAsync("INSERT INTO meta (name, value) VALUES ('engine-key', @mark) ON CONFLICT (name) DO NOTHING", new { mark });
        return (await FindEngineKeyAsync(session))!;
    }

    public static async Task<bool> ReplaceEngineKeyAsync(Session session, string before, string mark)
    {
        if (await session.FirstAsync<long>("SELECT COUNT(*) FROM data_keys WHERE engine_key <> @mark", new { mark }) > 0)
            return false;
        if (await session.ExecuteAsync("UPDATE meta SET value = @mark WHERE name = 'engine-key' AND value IN (@before, @mark)", new { mark, before }) == 0)
            throw new StoreConflictException("The store was given another engine key meanwhile.");
        session.LeavesNoTrace = true;
        return true;
    }

    private static async Task RequireHolderAsync(Session session, string holder)
    {
        // A provider's management key is sealed before the provider is written.
        if (holder.StartsWith(LlmProviderRecord.KeyHolderPrefix, StringComparison.Ordinal))
            return;
        var (kind, name) = holder.Split(':', 2) is [var first, var second] ? (first, second) : ("", "");
        var table = kind switch
        {
            "tenant" => "tenants",
            "organization" => "organizations",
            "app" => "apps",
            _ => throw new StoreConflictException($"'{holder}' is no holder of a data key."),
        };
        if (await session.FirstAsync<string>($"SELECT name FROM {table} WHERE name = @name{session.Dialect.ForUpdate}", new { name }) is null)
            throw new StoreConflictException($"There is no {kind} '{name}'.");
    }

    private sealed record DataKeyRow
    {
        public string Holder { get; init; } = "";
        public byte[] PublicHalf { get; init; } = [];
        public byte[] Wrapped { get; init; } = [];
        public string EngineKey { get; init; } = "";
        public long CreatedAt { get; init; }

        public DataKey ToKey() => new(Holder, PublicHalf, Wrapped, EngineKey, StoreTime.FromMicros(CreatedAt));
    }
}
