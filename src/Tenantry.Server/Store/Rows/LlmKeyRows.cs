using Tenantry.Model.Llm;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

/// <summary>LLM keys that the engine made, and what they had spent when the provider was asked last.</summary>
internal static class LlmKeyRows
{
    private const string Columns = "instance_id, secret, provider, made, used";

    public static async Task<IReadOnlyList<LlmKeyRecord>> ListAsync(Session session, string instanceId) =>
        [.. (await session.ListAsync<KeyRow>($"SELECT {Columns} FROM llm_keys WHERE instance_id = @instanceId ORDER BY secret", new { instanceId })).Select(row => row.ToRecord())];

    public static async Task<IReadOnlyList<LlmKeyRecord>> ListOfProviderAsync(Session session, string provider) =>
        [.. (await session.ListAsync<KeyRow>($"SELECT {Columns} FROM llm_keys WHERE provider = @provider ORDER BY instance_id, secret", new { provider })).Select(row => row.ToRecord())];

    /// <summary>The key, and its text when it has just been made, in one: a key whose text is not stored is one that was lost.</summary>
    public static async Task WriteAsync(Session session, LlmKey key, NewSecret? text, Lease lease)
    {
        await LeaseRows.RequireAsync(session, lease);
        await session.ExecuteAsync(
            """
            INSERT INTO llm_keys (instance_id, secret, provider, made, used) VALUES (@InstanceId, @Secret, @Provider, @made, @used)
            ON CONFLICT (instance_id, secret) DO UPDATE SET provider = excluded.provider, made = excluded.made, used = excluded.used
            """,
            new
            {
                key.InstanceId,
                key.Secret,
                key.Provider,
                made = StoreJson.WriteOptional(key, StoreJson.Default.LlmKey),
                used = StoreJson.WriteOptional(await UsedAsync(session, key), StoreJson.Default.LlmUsage),
            });
        if (text is not null)
            await SecretRows.SupersedeAsync(session, text);
        session.Changed("llm-key", key.InstanceId, text is null ? "updated" : "made");
    }

    /// <summary>The key is gone at its provider; <paramref name="withText"/>: its text is of no use to anybody any more.</summary>
    public static async Task RemoveAsync(Session session, LlmKey key, bool withText, Lease lease)
    {
        await LeaseRows.RequireAsync(session, lease);
        await session.ExecuteAsync("DELETE FROM llm_keys WHERE instance_id = @InstanceId AND secret = @Secret", new { key.InstanceId, key.Secret });
        if (withText)
            await SecretRows.ForgetMadeAsync(session, key.InstanceId, key.Secret);
        session.Changed("llm-key", key.InstanceId, "removed");
    }

    /// <summary>
    /// Writes what was seen of keys that are still the same. Each threshold that is reached for the first time is an event, and an instance whose key
    /// differs from what was made is looked at.
    /// </summary>
    public static async Task WriteUsagesAsync(Session session, IReadOnlyList<LlmKeyRecord> seen)
    {
        foreach (var (key, usage) in seen)
        {
            var stored = (await session.FirstAsync<KeyRow>(
                $"SELECT {Columns} FROM llm_keys WHERE instance_id = @InstanceId AND secret = @Secret{session.Dialect.ForUpdate}", new { key.InstanceId, key.Secret }))?.ToRecord();
            if (stored?.Key != key || usage is null)
                continue;
            await session.ExecuteAsync(
                "UPDATE llm_keys SET used = @used WHERE instance_id = @InstanceId AND secret = @Secret",
                new { key.InstanceId, key.Secret, used = StoreJson.WriteOptional(usage, StoreJson.Default.LlmUsage) });
            if (usage.Told > (stored.Usage?.Hash == usage.Hash ? stored.Usage.Told : 0))
                session.Changed("llm-key", key.InstanceId, $"used-{usage.Told}");
            if (usage.Differs && stored.Usage?.Differs != true)
            {
                session.Changed("llm-key", key.InstanceId, "differs");
                await InstanceRows.GrowAsync(session, "id = @InstanceId", new { key.InstanceId });
            }
        }
    }

    // Whoever writes the key has brought it to what is wanted.
    private static async Task<LlmUsage?> UsedAsync(Session session, LlmKey key)
    {
        var row = await session.FirstAsync<KeyRow>($"SELECT {Columns} FROM llm_keys WHERE instance_id = @InstanceId AND secret = @Secret", new { key.InstanceId, key.Secret });
        return row?.ToRecord().Usage is { } used ? used with { Differs = false } : null;
    }

    private sealed record KeyRow
    {
        public string InstanceId { get; init; } = "";
        public string Secret { get; init; } = "";
        public string Provider { get; init; } = "";
        public string Made { get; init; } = "";
        public string? Used { get; init; }

        public LlmKeyRecord ToRecord() => new(StoreJson.ReadOptional(Made, StoreJson.Default.LlmKey)!, StoreJson.ReadOptional(Used, StoreJson.Default.LlmUsage));
    }
}
