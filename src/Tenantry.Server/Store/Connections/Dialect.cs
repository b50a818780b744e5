namespace Tenantry.Server.Store.Connections;

/// <summary>The few places where the two databases' SQL differs.</summary>
/// <param name="Name">As people call it.</param>
/// <param name="ForUpdate">Ends a select whose rows this transaction is about to change or rely on.</param>
/// <param name="Types">What the tokens of a migration stand for.</param>
internal sealed record Dialect(string Name, string ForUpdate, IReadOnlyDictionary<string, string> Types)
{
    // A write transaction of SQLite holds the whole database, so that no row needs a lock.
    public static Dialect Sqlite { get; } = new("SQLite", "", new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["{int}"] = "INTEGER",
        ["{key}"] = "TEXT",
        ["{blob}"] = "BLOB",
        ["{strict}"] = " STRICT",
    });

    // Keys are compared byte by byte, as SQLite does, whatever the database's own collation is.
    public static Dialect Postgres { get; } = new("PostgreSQL", " FOR UPDATE", new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["{int}"] = "BIGINT",
        ["{key}"] = "TEXT COLLATE \"C\"",
        ["{blob}"] = "BYTEA",
        ["{strict}"] = "",
    });

    /// <summary>A condition that a column is in a list given as a parameter; Npgsql takes the list as an array.</summary>
    public string In(string column, string parameter) =>
        this == Postgres ? $"{column} = ANY({parameter})" : $"{column} IN {parameter}";

    public string Translate(string migration) =>
        Types.Aggregate(migration, (text, type) => text.Replace(type.Key, type.Value, StringComparison.Ordinal));
}
