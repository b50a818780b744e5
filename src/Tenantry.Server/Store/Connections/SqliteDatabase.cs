using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Tenantry.Server.Store.Rows;

namespace Tenantry.Server.Store.Connections;

/// <summary>
/// SQLite in WAL mode: any number of readers, and one writer at a time in this process; other processes are waited for by
/// SQLite's own busy handler. Every commit is on the disk before it is answered.
/// </summary>
internal sealed class SqliteDatabase(string path, TimeProvider time, bool durable = true) : Database(Dialect.Sqlite, time)
{
    private readonly ConcurrentBag<SqliteConnection> _readers = [];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private SqliteConnection? _writer;
    private volatile bool _disposed;

    public override async Task MigrateAsync(Func<Session, Task> work, CancellationToken cancellationToken)
    {
        // An IMMEDIATE transaction is exclusive towards every other writer, and DDL is part of it.
        try
        {
            await WriteCoreAsync(async session => { await work(session); return true; }, cancellationToken);
        }
        catch (Exception error) when (StoreErrors.IsOfDatabase(error))
        {
            throw StoreErrors.Translate(error);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _turn.WaitAsync();
        try
        {
            if (_writer is not null)
                await _writer.DisposeAsync();
            _writer = null;
            while (_readers.TryTake(out var reader))
                await reader.DisposeAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    protected override async Task<T> ReadCoreAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var connection = _readers.TryTake(out var pooled) ? pooled : await OpenAsync(cancellationToken);
        var healthy = false;
        try
        {
            var result = await work(new Session(connection, null, Dialect, Time.GetUtcNow(), cancellationToken));
            healthy = true;
            return result;
        }
        finally
        {
            if (healthy && !_disposed)
                _readers.Add(connection);
            else
                await connection.DisposeAsync();
        }
    }

    protected override async Task<T> WriteCoreAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _writer ??= await OpenAsync(cancellationToken);
            var transaction = _writer.BeginTransaction(deferred: false);
            await using (transaction)
            {
                var session = new Session(_writer, transaction, Dialect, Time.GetUtcNow(), cancellationToken);
                var result = await work(session);
                await ChangeRows.FlushAsync(session);
                await transaction.CommitAsync(CancellationToken.None);
                if (session.LeavesNoTrace)
                    await EmptyLogAsync(_writer);
                return result;
            }
        }
        catch (SqliteException)
        {
            // A connection that met an error of the disk may be of no use any more: the next write opens a fresh one.
            var broken = _writer;
            _writer = null;
            if (broken is not null)
                await broken.DisposeAsync();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    // The write-ahead log keeps what was overwritten until it begins anew. Who reads at this moment is not waited for: then it begins anew later.
    private static async Task EmptyLogAsync(SqliteConnection writer)
    {
        await using var command = writer.CreateCommand();
        command.CommandText = "PRAGMA busy_timeout = 200; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 15000;";
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            ForeignKeys = true,
            DefaultTimeout = 30,
        }.ToString());
        try
        {
            await connection.OpenAsync(cancellationToken);
            await SetUpAsync(connection, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task SetUpAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        const int attempts = 500;
        await using var command = connection.CreateCommand();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                command.CommandText = $"""
                    PRAGMA busy_timeout = 15000;
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = {(durable ? "FULL" : "OFF")};
                    PRAGMA secure_delete = ON;
                    """;
                await command.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            catch (SqliteException error) when (StoreErrors.IsBusy(error) && attempt < attempts)
            {
                // The switch to WAL does not wait for others who open the new file at this moment.
                await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
            }
        }
    }
}
