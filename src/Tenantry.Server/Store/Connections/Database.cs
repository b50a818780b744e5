namespace Tenantry.Server.Store.Connections;

/// <summary>Runs reads and write transactions; translates the database's failures into the store's own.</summary>
internal abstract class Database(Dialect dialect, TimeProvider time) : IAsyncDisposable
{
    public Dialect Dialect { get; } = dialect;

    protected TimeProvider Time { get; } = time;

    public async Task<T> ReadAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadCoreAsync(work, cancellationToken);
        }
        catch (Exception error) when (StoreErrors.IsOfDatabase(error))
        {
            throw StoreErrors.Translate(error);
        }
    }

    /// <summary>Everything or nothing; the changes that the session noted are part of it.</summary>
    public Task<T> WriteAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken) => WriteAsync(work, isLasting: true, cancellationToken);

    public Task WriteAsync(Func<Session, Task> work, CancellationToken cancellationToken) =>
        WriteAsync(async session => { await work(session); return true; }, isLasting: true, cancellationToken);

    /// <summary>
    /// The same for what only tells how far something is: everybody sees it at once and a crash of this process loses nothing of it, but nobody waits for the disk. It is there
    /// with the next lasting write at the latest; until then a loss of power, or of the database's machine, may take it.
    /// </summary>
    public Task WriteProgressAsync(Func<Session, Task> work, CancellationToken cancellationToken) =>
        WriteAsync(async session => { await work(session); return true; }, isLasting: false, cancellationToken);

    /// <summary>
    /// The same for what only holds while whoever wrote it lives: that one works on something. Where all who share this database go down with its machine, nobody waits for the disk;
    /// where others may go on, it is kept as everything else is, so that they never take for free what is not.
    /// </summary>
    public Task<T> WriteClaimAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken) => WriteAsync(work, isLasting: IsOfManyMachines, cancellationToken);

    /// <summary>True when who uses this database may live on while its machine goes down.</summary>
    protected abstract bool IsOfManyMachines { get; }

    private async Task<T> WriteAsync<T>(Func<Session, Task<T>> work, bool isLasting, CancellationToken cancellationToken)
    {
        const int attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await WriteCoreAsync(work, isLasting, cancellationToken);
            }
            catch (Exception error) when (attempt < attempts && StoreErrors.IsDeadlock(error))
            {
                // The database ended one of two transactions that waited for each other; nothing of it was written.
            }
            catch (Exception error) when (StoreErrors.IsOfDatabase(error))
            {
                throw StoreErrors.Translate(error);
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> while no other process migrates this database.</summary>
    public abstract Task MigrateAsync(Func<Session, Task> work, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    protected abstract Task<T> ReadCoreAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellationToken);

    protected abstract Task<T> WriteCoreAsync<T>(Func<Session, Task<T>> work, bool isLasting, CancellationToken cancellationToken);
}
