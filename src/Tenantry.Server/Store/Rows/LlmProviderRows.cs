using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>Providers of LLM keys, each with its sealed management key.</summary>
internal static class LlmProviderRows
{
    private const string Columns = "name, base_url, management_key, poll, workspace, version, changed_at";

    public static async Task<LlmProviderRecord?> FindAsync(Session session, string name) =>
        (await session.FirstAsync<ProviderRow>($"SELECT {Columns} FROM llm_providers WHERE name = @name", new { name }))?.ToRecord();

    public static async Task<IReadOnlyList<LlmProviderRecord>> ListAsync(Session session) =>
        [.. (await session.ListAsync<ProviderRow>($"SELECT {Columns} FROM llm_providers ORDER BY name")).Select(row => row.ToRecord())];

    /// <summary>Writes it, and has instances that failed or wait looked at again: what they missed may be there now.</summary>
    public static async Task<LlmProviderRecord> PutAsync(Session session, LlmProviderRecord provider, long expectedVersion)
    {
        var stored = await session.FirstAsync<long?>($"SELECT version FROM llm_providers WHERE name = @Name{session.Dialect.ForUpdate}", new { provider.Name }) ?? 0;
        if (stored != expectedVersion)
            throw new StoreConflictException($"The LLM provider '{provider.Name}' was changed meanwhile: it is at version {stored}, not {expectedVersion}.");
        await session.ExecuteAsync(
            """
            INSERT INTO llm_providers (name, base_url, management_key, poll, workspace, version, changed_at)
            VALUES (@Name, @BaseUrl, @ManagementKey, @Poll, @Workspace, 1, @now)
            ON CONFLICT (name) DO UPDATE SET base_url = excluded.base_url, management_key = excluded.management_key, poll = excluded.poll,
                workspace = excluded.workspace, version = llm_providers.version + 1, changed_at = excluded.changed_at
            """,
            new { provider.Name, provider.BaseUrl, provider.ManagementKey, Poll = (long)provider.PollSeconds, provider.Workspace, now = session.NowMicros });
        session.Changed("llm-provider", provider.Name, stored == 0 ? "created" : "updated");
        await InstanceRows.GrowAsync(session, "id IN (SELECT s.instance_id FROM statuses s WHERE s.phase IN ('Pending', 'Provisioning', 'Failed') OR s.failures > 0)", new { });
        return (await FindAsync(session, provider.Name))!;
    }

    public static async Task<bool> DeleteAsync(Session session, string name)
    {
        var keys = await session.FirstAsync<long>("SELECT COUNT(*) FROM llm_keys WHERE provider = @name", new { name });
        if (keys > 0)
            throw new StoreConflictException($"{keys} key{(keys == 1 ? "" : "s")} of the LLM provider '{name}' {(keys == 1 ? "is" : "are")} in use, which could not be deleted any more without it. Remove the tenants first.");
        if (await session.ExecuteAsync("DELETE FROM llm_providers WHERE name = @name", new { name }) == 0)
            return false;
        await DataKeyRows.DestroyAsync(session, LlmProviderRecord.KeyHolderOf(name));
        session.Changed("llm-provider", name, "removed");
        return true;
    }

    private sealed record ProviderRow
    {
        public string Name { get; init; } = "";
        public string BaseUrl { get; init; } = "";
        public byte[] ManagementKey { get; init; } = [];
        public long Poll { get; init; }
        public string Workspace { get; init; } = "";
        public long Version { get; init; }
        public long ChangedAt { get; init; }

        public LlmProviderRecord ToRecord() => new(Name, BaseUrl, ManagementKey, (int)Poll, Workspace, Version, StoreTime.FromMicros(ChangedAt));
    }
}
