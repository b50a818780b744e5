using Microsoft.Data.Sqlite;
using Npgsql;

namespace Tenantry.Server.Store.Connections;

/// <summary>The one place that reads what a database says about a failure.</summary>
internal static class StoreErrors
{
    private const int SqliteBusy = 5;
    private const int SqliteLocked = 6;
    private const int SqliteCorrupt = 11;
    private const int SqliteConstraint = 19;
    private const int SqliteNotADatabase = 26;

    private static readonly Dictionary<string, string> Sentences = new(StringComparer.Ordinal)
    {
        ["instances.slug"] = "The slug is taken by another instance.",
        ["instances_slug"] = "The slug is taken by another instance.",
        ["instances.tenant, instances.app, instances.environment"] = "The tenant has an instance of this app in this environment already.",
        ["instances_place"] = "The tenant has an instance of this app in this environment already.",
        ["hosts.host"] = "One of the hosts leads to another instance already.",
        ["hosts_pkey"] = "One of the hosts leads to another instance already.",
        ["tenants.name"] = "The tenant's name is taken.",
        ["tenants_pkey"] = "The tenant's name is taken.",
        ["targets.name"] = "The target's name is taken.",
        ["targets_pkey"] = "The target's name is taken.",
        ["tokens.name"] = "The token's name is taken.",
        ["tokens_pkey"] = "The token's name is taken.",
        ["people.email"] = "There is a person with this address already.",
        ["people_pkey"] = "There is a person with this address already.",
        ["people.issuer, people.subject"] = "The provider knows another person by this subject.",
        ["people_by_subject"] = "The provider knows another person by this subject.",
        ["answers.key"] = "The idempotency key was used already.",
        ["answers_pkey"] = "The idempotency key was used already.",
        ["operations.instance_id"] = "Another change of this instance was made at the same moment. Try again.",
        ["operations_open"] = "Another change of this instance was made at the same moment. Try again.",
    };

    public static bool IsOfDatabase(Exception error) => error is SqliteException or NpgsqlException;

    /// <summary>The store's own exception for a database's.</summary>
    public static Exception Translate(Exception error) => error switch
    {
        SqliteException sqlite => FromSqlite(sqlite),
        PostgresException postgres => FromPostgres(postgres),
        _ => Unavailable("PostgreSQL", error),
    };

    public static bool IsDeadlock(Exception error) =>
        error is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure };

    /// <summary>True when another process holds the SQLite file at this moment.</summary>
    public static bool IsBusy(Exception error) => error is SqliteException { SqliteErrorCode: SqliteBusy or SqliteLocked };

    private static Exception FromSqlite(SqliteException error) => error.SqliteErrorCode switch
    {
        SqliteConstraint => new StoreConflictException(Sentence(SqliteColumns(error.Message))),
        SqliteNotADatabase or SqliteCorrupt => new StoreRefusedException(
            $"The store's file is damaged or is no database of Tenantry ({error.Message}). Move it away and restore a backup of the data folder."),
        _ => Unavailable("SQLite", error),
    };

    private static Exception FromPostgres(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.CheckViolation =>
            new StoreConflictException(Sentence(error.ConstraintName ?? "")),
        _ => Unavailable("PostgreSQL", error),
    };

    // "SQLite Error 19: 'UNIQUE constraint failed: instances.slug'."
    private static string SqliteColumns(string message)
    {
        const string mark = "constraint failed: ";
        var at = message.IndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? "" : message[(at + mark.Length)..].TrimEnd('.', '\'');
    }

    private static string Sentence(string constraint) => Sentences.TryGetValue(constraint, out var sentence)
        ? sentence
        : "Something that this names does not exist, or is still in use.";

    private static StoreUnavailableException Unavailable(string database, Exception error) =>
        new($"{database}: {error.Message}", error);
}
