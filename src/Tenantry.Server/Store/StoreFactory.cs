using Npgsql;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Migrations;

namespace Tenantry.Server.Store;

/// <summary>Opens the store that <c>--store</c> names, upgraded to this program's schema.</summary>
public static class StoreFactory
{
    /// <summary>
    /// <paramref name="store"/> is <c>sqlite</c> or a <c>postgres://</c> address. Throws <see cref="StoreRefusedException"/> for a store that
    /// this program cannot use and <see cref="StoreUnavailableException"/> while the database does not answer.
    /// </summary>
    public static Task<IStore> OpenAsync(string store, DataFolders folders, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(Connect(store, folders, time), Migration.All, cancellationToken);

    /// <summary>The same where another process of this program has upgraded it already: it is only looked at, without the lock.</summary>
    public static async Task<IStore> OpenUpgradedAsync(string store, DataFolders folders, TimeProvider time, CancellationToken cancellationToken)
    {
        var database = Connect(store, folders, time);
        try
        {
            if (await database.ReadAsync(session => Migrator.FindOwnerAsync(session, Migration.All), cancellationToken) is { } owner)
                return new SqlStore(database, owner);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }

        return await OpenAsync(database, Migration.All, cancellationToken);
    }

    /// <summary>
    /// The same without looking at it: for a gateway that starts while the database is away and has saved routes to serve. Calls throw
    /// <see cref="StoreUnavailableException"/> until the database answers; it is never upgraded by this, and its owner is not known.
    /// </summary>
    public static IStore OpenUnseen(string store, DataFolders folders, TimeProvider time) => new SqlStore(Connect(store, folders, time), "");

    /// <summary>True for a store that several control planes can use at once.</summary>
    public static bool IsShared(string store) => store != "sqlite";

    internal static async Task<IStore> OpenAsync(Database database, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        try
        {
            var owner = "";
            await database.MigrateAsync(async session => owner = await Migrator.RunAsync(session, migrations), cancellationToken);
            return new SqlStore(database, owner);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    internal static Database Connect(string store, DataFolders folders, TimeProvider time)
    {
        if (store == "sqlite")
        {
            OwnedFiles.Ensure(folders.Database);
            return new SqliteDatabase(folders.Database, time);
        }
        if (StoreAddress.IsPostgres(store))
            return new PostgresDatabase(NpgsqlDataSource.Create(StoreAddress.ReadPostgres(store)), time);
        // What follows the scheme may hold a password.
        var scheme = store.Split(':')[0];
        throw new StoreAddressException($"'{scheme}' is no store that Tenantry knows. Say 'sqlite', or an address such as postgres://user@host:5432/tenantry.");
    }
}
