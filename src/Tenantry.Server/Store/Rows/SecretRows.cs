using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class SecretRows
{
    private const string Columns = "instance_id, name, value, version, generated, created_at";

    public static async Task<SealedSecret> PutAsync(Session session, string instanceId, string name, byte[] value, bool generated)
    {
        var secret = await WriteAsync(
            session,
            instanceId,
            name,
            value,
            generated,
            "DO UPDATE SET value = excluded.value, version = secrets.version + 1, generated = excluded.generated, created_at = excluded.created_at");
        await InstanceRows.GrowAsync(session, "id = @instanceId", new { instanceId });
        return secret;
    }

    // The engine adds what it generates in the middle of a pass: that is no change of what is wanted.
    public static Task<SealedSecret> AddAsync(Session session, string instanceId, string name, byte[] value, bool generated) =>
        WriteAsync(session, instanceId, name, value, generated, "DO NOTHING");

    public static async Task<IReadOnlyList<SealedSecret>> ListAsync(Session session, string instanceId) =>
        [.. (await session.ListAsync<SecretRow>($"SELECT {Columns} FROM secrets WHERE instance_id = @instanceId ORDER BY name", new { instanceId }))
            .Select(row => row.ToSecret())];

    public static async Task<bool> DeleteAsync(Session session, string instanceId, string name)
    {
        if (await session.ExecuteAsync("DELETE FROM secrets WHERE instance_id = @instanceId AND name = @name", new { instanceId, name }) == 0)
            return false;
        await InstanceRows.GrowAsync(session, "id = @instanceId", new { instanceId });
        return true;
    }

    private static async Task<SealedSecret> WriteAsync(
        Session session, string instanceId, string name, byte[] value, bool generated, string onConflict)
    {
        if (await session.FirstAsync<string>("SELECT id FROM instances WHERE id = @instanceId", new { instanceId }) is null)
            throw new StoreConflictException($"There is no instance '{instanceId}'.");
        await session.ExecuteAsync(
            $"""
            INSERT INTO secrets ({Columns}) VALUES (@instanceId, @name, @value, 1, @generated, @now)
            ON CONFLICT (instance_id, name) {onConflict}
            """,
            new { instanceId, name, value, generated = generated ? 1L : 0L, now = session.NowMicros });
        return (await session.FirstAsync<SecretRow>(
            $"SELECT {Columns} FROM secrets WHERE instance_id = @instanceId AND name = @name", new { instanceId, name }))!.ToSecret();
    }

    private sealed record SecretRow
    {
        public string InstanceId { get; init; } = "";
        public string Name { get; init; } = "";
        public byte[] Value { get; init; } = [];
        public long Version { get; init; }
        public long Generated { get; init; }
        public long CreatedAt { get; init; }

        public SealedSecret ToSecret() => new(InstanceId, Name, Value, Version, Generated != 0, StoreTime.FromMicros(CreatedAt));
    }
}
