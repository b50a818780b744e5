using Npgsql;
using Tenantry.Server.Store.Rows;

namespace Tenantry.Server.Store.Connections;

/// <summary>PostgreSQL with the default isolation: what a transaction relies on, it locks.</summary>
internal sealed class PostgresDatabase(NpgsqlDataSource source, TimeProvider time) : Database(Dialect.Postgres, time)
{
    // "tenantry" in ASCII: one number for all who migrate this database.
    private const long MigrationLock = 0x74656e616e747279;

    protected override bool IsOfManyMachines => true;

    public override async Task MigrateAsync(Func<Session, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await WriteCoreAsync(
                async session =>
                {
                    await session.ExecuteAsync("SELECT pg_advisory_xact_lock(@key)", new { key = MigrationLock });
                    await work(session);
                    return true;
                },
                isLasting: true,
                cancellationToken);
        }
        catch (Exception error) when (StoreErrors.IsOfDatabase(error))
        {
            throw StoreErrors.Translate(error);
        }
    }

    public override ValueTask DisposeAsync() => source.DisposeAsync();

    protected override async Task<T> ReadCoreAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await work(new Session(connection, null, Dialect, Time.GetUtcNow(), cancellationToken));
    }

    protected override async Task<T> WriteCoreAsync<T>(Func<Session, Task<T>> work, bool isLasting, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var session = new Session(connection, transaction, Dialect, Time.GetUtcNow(), cancellationToken);
        if (!isLasting)
            await session.ExecuteAsync("SET LOCAL synchronous_commit = off");
        var result = await work(session);
        await ChangeRows.FlushAsync(session);
        // A commit that was cancelled half-way could not be told from one that never began.
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }
}
