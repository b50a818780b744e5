using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Tenantry.Server.Store.Rows;

namespace Tenantry.Server.Store.Connections;

/// <summary>
/// SQLite in WAL mode: any number of readers, and one writer at a time in this process; other processes are waited for by
/// SQLite's own busy handler. Every commit but those of progress and of claims is on the disk before it is answered.
/// </summary>
internal sealed class SqliteDatabase(string path, TimeProvider time, bool durable = true) : Database(Dialect.Sqlite, time)
{
    private readonly ConcurrentBag<SqliteConnection> _readers = [];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SqliteConnection?[] _writers = new SqliteConnection?[2];
    private volatile bool _disposed;

    protected override bool IsOfManyMachines => false;

    public override async Task MigrateAsync(Func<Session, Task> work, CancellationToken cancellationToken)
    {
        // An IMMEDIATE transaction is exclusive towards every other writer, and DDL is part of it.
        try
        {
            await WriteCoreAsync(async session => { await work(session); return true; }, isLasting: true, cancellationToken);
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
            for (var i = 0; i < _writers.Length; i++)
                await DropWriterAsync(i);
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

    protected override async Task<T> WriteCoreAsync<T>(Func<Session, Task<T>> work, bool isLasting, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        // How a commit is kept is a connection's property.
        var place = isLasting ? 0 : 1;
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var writer = _writers[place] ??= await OpenAsync(cancellationToken, isLasting);
            var transaction = writer.BeginTransaction(deferred: false);
            await using (transaction)
            {
                var session = new Session(writer, transaction, Dialect, Time.GetUtcNow(), cancellationToken);
                var result = await work(session);
                await ChangeRows.FlushAsync(session);
                await transaction.CommitAsync(CancellationToken.None);
                if (session.LeavesNoTrace)
                    await EmptyLogAsync(writer);
                return result;
            }
        }
        catch (SqliteException)
        {
            // A connection that met an error of the disk may be of no use any more: the next write opens a fresh one.
            await DropWriterAsync(place);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task DropWriterAsync(int place)
    {
        if (_writers[place] is { } writer)
        {
            _writers[place] = null;
            await writer.DisposeAsync();
        }
    }

    // The write-ahead log keeps what was overwritten until it begins anew. Who reads at this moment is not waited for: then it begins anew later.
    private static async Task EmptyLogAsync(SqliteConnection writer)
    {
        await using var command = writer.CreateCommand();
        command.CommandText = "PRAGMA busy_timeout = 200; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 15000;";
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken, bool isLasting = true)
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
            await SetUpAsync(connection, isLasting, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // Bringing the log into the database waits for the disk: that is done by writes that do so anyway.
    private async Task SetUpAsync(SqliteConnection connection, bool isLasting, CancellationToken cancellationToken)
    {
        var synchronous = !durable ? "OFF" : isLasting ? "FULL" : "NORMAL";
        var checkpointAfterPages = isLasting ? 1000 : 0;
        const int attempts = 500;
        await using var command = connection.CreateCommand();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                command.CommandText = $"""
                    PRAGMA busy_timeout = 15000;
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = {synchronous};
                    PRAGMA secure_delete = ON;
                    PRAGMA wal_autocheckpoint = {checkpointAfterPages};
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
