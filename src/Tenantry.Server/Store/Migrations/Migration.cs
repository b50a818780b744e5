using System.Reflection;
using Tenantry.Server.Store.Connections;

namespace Tenantry.Server.Store.Migrations;

/// <summary>One step of the schema, an embedded file <c>NNNN_name.sql</c>: numbered without gaps, never changed once it was released.</summary>
internal sealed record Migration(int Number, string Name, string Sql)
{
    public static IReadOnlyList<Migration> All { get; } = Load(typeof(Migration).Assembly);

    private static List<Migration> Load(Assembly assembly)
    {
        var migrations = assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(name => Read(assembly, name))
            .OrderBy(migration => migration.Number)
            .ToList();
        for (var i = 0; i < migrations.Count; i++)
        {
            if (migrations[i].Number != i + 1)
                throw new InvalidOperationException($"Migration {i + 1} is missing from the program.");
        }
        return migrations;
    }

    private static Migration Read(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        var file = resource[..^".sql".Length];
        file = file[(file.LastIndexOf('.') + 1)..];
        var line = file.IndexOf('_', StringComparison.Ordinal);
        return new Migration(int.Parse(file[..line], System.Globalization.CultureInfo.InvariantCulture), file[(line + 1)..], reader.ReadToEnd());
    }
}

/// <summary>Brings a database to the newest schema, forward only, and refuses one that is newer.</summary>
internal static class Migrator
{
    /// <summary>Runs under the database's migration lock, in one transaction. Returns the control plane's id.</summary>
    public static async Task<string> RunAsync(Session session, IReadOnlyList<Migration> known)
    {
        await session.ExecuteAsync(session.Dialect.Translate(
            "CREATE TABLE IF NOT EXISTS migrations (number {int} PRIMARY KEY, name TEXT NOT NULL, applied_at {int} NOT NULL){strict}"));
        var present = await session.FirstAsync<long?>("SELECT MAX(number) FROM migrations") ?? 0;
        if (present > known.Count)
        {
            throw new StoreRefusedException(
                $"The store was written by a newer Tenantry (its schema is {present}, this program knows {known.Count}). " +
                "Start the newer program, or restore a backup of the store from before the upgrade.");
        }
        foreach (var migration in known.Where(migration => migration.Number > present))
        {
            await session.ExecuteAsync(session.Dialect.Translate(migration.Sql));
            await session.ExecuteAsync(
                "INSERT INTO migrations (number, name, applied_at) VALUES (@Number, @Name, @at)",
                new { Number = (long)migration.Number, migration.Name, at = session.NowMicros });
        }
        return known.Count == 0 ? "" : await EnsureOwnerAsync(session);
    }

    /// <summary>The control plane's id when the database has exactly this schema; else null. Writes nothing.</summary>
    public static async Task<string?> FindOwnerAsync(Session session, IReadOnlyList<Migration> known) =>
        await session.FirstAsync<long?>("SELECT MAX(number) FROM migrations") == known.Count ? await session.FirstAsync<string>("SELECT value FROM meta WHERE name = 'owner'") : null;

    private static async Task<string> EnsureOwnerAsync(Session session)
    {
        await session.ExecuteAsync(
            "INSERT INTO meta (name, value) VALUES ('owner', @owner) ON CONFLICT (name) DO NOTHING",
            new { owner = Guid.NewGuid().ToString("N") });
        return (await session.FirstAsync<string>("SELECT value FROM meta WHERE name = 'owner'"))!;
    }
}
