using System.Data.Common;
using Dapper;

namespace Tenantry.Server.Store.Connections;

/// <summary>One connection for the length of a read, or of a write transaction.</summary>
internal sealed class Session(DbConnection connection, DbTransaction? transaction, Dialect dialect, DateTimeOffset now, CancellationToken cancellationToken)
{
    private readonly List<PendingChange> _changes = [];

    static Session() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    public Dialect Dialect => dialect;

    public DateTimeOffset Now => now;

    /// <summary>The clock in the form that columns hold.</summary>
    public long NowMicros { get; } = StoreTime.ToMicros(now);

    public IReadOnlyList<PendingChange> Changes => _changes;

    /// <summary>What this transaction deletes must not stay readable in a file of the database.</summary>
    public bool LeavesNoTrace { get; set; }

    /// <summary>Notes a change for the list of changes; written last, just before the commit.</summary>
    public void Changed(string kind, string key, string action) => _changes.Add(new PendingChange(kind, key, action));

    public async Task<IReadOnlyList<T>> ListAsync<T>(string sql, object? args = null) =>
        (await connection.QueryAsync<T>(Command(sql, args))).AsList();

    public Task<T?> FirstAsync<T>(string sql, object? args = null) => connection.QueryFirstOrDefaultAsync<T>(Command(sql, args));

    public Task<int> ExecuteAsync(string sql, object? args = null) => connection.ExecuteAsync(Command(sql, args));

    private CommandDefinition Command(string sql, object? args) => new(sql, args, transaction, cancellationToken: cancellationToken);
}

/// <summary>A change that the transaction will tell of.</summary>
internal sealed record PendingChange(string Kind, string Key, string Action);
