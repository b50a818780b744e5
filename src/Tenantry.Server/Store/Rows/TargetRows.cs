using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Rows;

internal static class TargetRows
{
    private const string Stored = "name, kind, options, repair_drift, parallel, version, created_at";
    private const string Columns = Stored + ", home";

    /// <summary>A condition that an instance is on a target on which the engine <c>@node</c> may work.</summary>
    public const string MayWork = "target NOT IN (SELECT t.name FROM targets t WHERE t.home <> '' AND t.home <> @node)";

    public static async Task<TargetRecord?> FindAsync(Session session, string name) => (await FindRowAsync(session, name, ""))?.ToTarget();

    public static async Task<IReadOnlyList<TargetRecord>> ListAsync(Session session) =>
        [.. (await session.ListAsync<TargetRow>($"SELECT {Columns} FROM targets ORDER BY name")).Select(row => row.ToTarget())];

    public static async Task<TargetRecord> PutAsync(Session session, TargetRecord target, long expectedVersion, bool isMoved)
    {
        var stored = await FindRowAsync(session, target.Name, session.Dialect.ForUpdate);
        if (stored is null && expectedVersion != 0)
            throw new StoreConflictException($"The target '{target.Name}' was removed meanwhile.");
        if (stored is not null && expectedVersion == 0)
            throw new StoreConflictException($"There is a target '{target.Name}' already.");
        if (stored is not null && stored.Version != expectedVersion)
            throw new StoreConflictException($"The target '{target.Name}' was changed meanwhile: it is at version {stored.Version}, not {expectedVersion}.");
        if (isMoved && await session.FirstAsync<string>("SELECT slug FROM instances WHERE target = @Name ORDER BY slug LIMIT 1", new { target.Name }) is { } slug)
            throw new StoreConflictException($"The target '{target.Name}' has instances, such as '{slug}', since a moment ago.");
        var values = new
        {
            target.Name,
            target.Kind,
            Options = StoreJson.Write(target.Options),
            RepairDrift = target.RepairDrift ? 1L : 0L,
            Parallel = (long)target.Parallel,
            CreatedAt = StoreTime.ToMicros(target.CreatedAt),
        };
        await session.ExecuteAsync(
            stored is null
                ? $"INSERT INTO targets ({Stored}) VALUES (@Name, @Kind, @Options, @RepairDrift, @Parallel, 1, @CreatedAt)"
                : """
                  UPDATE targets SET kind = @Kind, options = @Options, repair_drift = @RepairDrift, parallel = @Parallel, version = version + 1
                  WHERE name = @Name
                  """,
            values);
        session.Changed("target", target.Name, stored is null ? "created" : "updated");
        return (await FindAsync(session, target.Name))!;
    }

    public static async Task<bool> DeleteAsync(Session session, string name)
    {
        if (await FindRowAsync(session, name, session.Dialect.ForUpdate) is null)
            return false;
        if (await session.FirstAsync<string>("SELECT slug FROM instances WHERE target = @name ORDER BY slug LIMIT 1", new { name }) is { } slug)
            throw new StoreConflictException($"The target '{name}' has instances, such as '{slug}'. Remove them first.");
        await session.ExecuteAsync("DELETE FROM targets WHERE name = @name", new { name });
        session.Changed("target", name, "removed");
        return true;
    }

    /// <summary>Makes it the home of one that has none, or with <paramref name="replace"/> of any. The target's home afterwards.</summary>
    public static async Task<string> SettleAsync(Session session, string name, string node, bool replace)
    {
        var settled = await session.ExecuteAsync("UPDATE targets SET home = @node WHERE name = @name AND home <> @node AND (home = '' OR @replace = 1)", new { name, node, replace = replace ? 1L : 0L });
        if (settled > 0)
        {
            session.Changed("target", name, "updated");
            foreach (var id in await session.ListAsync<string>("SELECT id FROM instances WHERE target = @name", new { name }))
            {
                // Where it is reached is another place now.
                session.Changed("instance", id, "updated");
                if (replace)
                    await StatusRows.MakeDueAsync(session, id);
            }
        }

        return await session.FirstAsync<string>("SELECT home FROM targets WHERE name = @name", new { name }) ?? "";
    }

    private static Task<TargetRow?> FindRowAsync(Session session, string name, string suffix) =>
        session.FirstAsync<TargetRow>($"SELECT {Columns} FROM targets WHERE name = @name{suffix}", new { name });

    private sealed record TargetRow
    {
        public string Name { get; init; } = "";
        public string Kind { get; init; } = "";
        public string Options { get; init; } = "";
        public long RepairDrift { get; init; }
        public long Parallel { get; init; }
        public long Version { get; init; }
        public long CreatedAt { get; init; }
        public string Home { get; init; } = "";

        public TargetRecord ToTarget() =>
            new(Name, Kind, StoreJson.ReadValues(Options), RepairDrift != 0, (int)Parallel, Version, StoreTime.FromMicros(CreatedAt), Home);
    }
}
