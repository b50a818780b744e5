using Tenantry.Server.Store;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Migrations;

namespace Tenantry.Server.Tests.Store;

/// <summary>One suite for both databases: a suite derives this, and two small classes derive the suite.</summary>
public abstract class StoreTests(IStorePlace place) : IAsyncLifetime
{
    internal ManualTime Time { get; } = new();

    internal Fleet Fleet { get; private set; } = null!;

    protected IStore Store { get; private set; } = null!;

    protected IStorePlace Place => place;

    protected CancellationToken Ct => CancellationToken.None;

    public async Task InitializeAsync()
    {
        await place.InitializeAsync();
        Store = await OpenAsync();
        Fleet = new Fleet(Store, Time);
    }

    public async Task DisposeAsync()
    {
        await Store.DisposeAsync();
        await place.DisposeAsync();
    }

    /// <summary>Opens the same store once more, as another process would.</summary>
    protected Task<IStore> OpenAsync() => StoreFactory.OpenAsync(place.Address, place.Folders, Time, Ct);

    internal Task<IStore> OpenAsync(IReadOnlyList<Migration> migrations) => StoreFactory.OpenAsync(Connect(), migrations, Ct);

    /// <summary>Behind the store's back.</summary>
    internal Database Connect() => StoreFactory.Connect(place.Address, place.Folders, Time);

    internal async Task TamperAsync(string sql)
    {
        await using var database = Connect();
        await database.WriteAsync(session => session.ExecuteAsync(sql), Ct);
    }
}

/// <summary>Where a store of a test is.</summary>
public interface IStorePlace : IAsyncLifetime
{
    string Address { get; }

    DataFolders Folders { get; }
}

public sealed class SqlitePlace : IStorePlace
{
    public string Address => "sqlite";

    public DataFolders Folders { get; } = new(Path.Combine(Path.GetTempPath(), $"tnst-{Guid.NewGuid():N}"));

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        Directory.Delete(Folders.Root, recursive: true);
        return Task.CompletedTask;
    }
}

public sealed class PostgresPlace(PostgresServer server) : IStorePlace
{
    public string Address { get; private set; } = "";

    public DataFolders Folders { get; } = new(Path.GetTempPath());

    public async Task InitializeAsync() => Address = await server.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
