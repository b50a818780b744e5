using Tenantry.Server.Store;
using Tenantry.Server.Store.Migrations;

namespace Tenantry.Server.Tests.Store;

public abstract class OpeningTests(IStorePlace place) : StoreTests(place)
{
    [Fact]
    public async Task TheOwnerIsMadeOnceAndStays()
    {
        Store.Owner.Length.ShouldBe(32);
        await using var again = await OpenAsync();
        again.Owner.ShouldBe(Store.Owner);
    }

    [Fact]
    public async Task WhatWasAnsweredIsThereAfterTheStoreWasLeftOpen()
    {
        // The first store is not closed before the second opens: as after a kill, with its connections and locks left behind.
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await using var again = await OpenAsync();
        (await again.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull().Spec.ShouldSayTheSameAs(spec);
        await again.EnsureOrganizationAsync("other", Ct);
        (await Store.ListOrganizationsAsync(Ct)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task TwoStoresOfOneDatabaseWriteByTurns()
    {
        await Fleet.SetUpAsync();
        await using var other = await OpenAsync();
        var beside = new Fleet(other, Time);
        await Task.WhenAll(
            Task.Run(async () => { for (var i = 0; i < 40; i++) await Fleet.AddTenantAsync($"a{i}"); }),
            Task.Run(async () => { for (var i = 0; i < 40; i++) await beside.AddTenantAsync($"b{i}"); }));
        (await Store.ListTenantsAsync(new PageRequest(200), Ct)).Items.Count.ShouldBe(80);
    }

    [Fact]
    public async Task EveryOlderStoreIsUpgraded()
    {
        for (var known = 1; known < Migration.All.Count; known++)
        {
            await WipeAsync();
            string owner;
            await using (var older = await OpenAsync([.. Migration.All.Take(known)]))
            {
                owner = older.Owner;
                await older.EnsureOrganizationAsync("acme", Ct);
            }
            await using var upgraded = await OpenAsync();
            upgraded.Owner.ShouldBe(owner);
            (await upgraded.ListOrganizationsAsync(Ct)).ShouldHaveSingleItem().Name.ShouldBe("acme");
            var fleet = new Fleet(upgraded, Time);
            await fleet.SetUpAsync();
            await fleet.AddInstanceAsync("alice");
        }
    }

    [Fact]
    public async Task ANewerStoreIsRefusedAndLeftAlone()
    {
        await TamperAsync($"INSERT INTO migrations (number, name, applied_at) VALUES ({Migration.All.Count + 1}, 'future', 0)");
        var refused = await Should.ThrowAsync<StoreRefusedException>(() => OpenAsync());
        refused.Message.ShouldContain("newer Tenantry");
        refused.Message.ShouldContain("Start the newer program");
        await Store.PingAsync(Ct);
    }

    [Fact]
    public async Task ManyWhoStartAtOnceMigrateOnce()
    {
        await WipeAsync();
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => OpenAsync())));
        stores.Select(store => store.Owner).Distinct().ShouldHaveSingleItem();
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task AMigrationThatFailsLeavesTheStoreAsItWas()
    {
        var broken = new Migration(Migration.All.Count + 1, "broken", "CREATE TABLE half (a {int}); INSERT INTO nowhere VALUES (1);");
        await Should.ThrowAsync<StoreUnavailableException>(() => OpenAsync([.. Migration.All, broken]));
        await using var again = await OpenAsync([.. Migration.All, broken with { Sql = "CREATE TABLE half (a {int});" }]);
        await again.PingAsync(Ct);
    }

    [Fact]
    public async Task TenThousandInstancesAreListedInPages()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("all");
        await using (var database = Connect())
        {
            await database.WriteAsync(
                async session =>
                {
                    for (var i = 0; i < 10_000; i++)
                    {
                        var spec = Fleet.NewSpec($"s{i:d5}") with { Tenant = "all", Environment = $"e{i}" };
                        await Server.Store.Rows.InstanceRows.CreateAsync(session, spec, Fleet.NewOperation(spec), null);
                    }
                },
                Ct);
        }
        var seen = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = await Store.ListInstancesAsync(new InstanceFilter(), new PageRequest(1000, cursor), Ct);
            seen.AddRange(page.Items.Select(item => item.Spec.Slug));
            cursor = page.Next;
            if (cursor is null)
                break;
        }
        seen.ShouldBe(Enumerable.Range(0, 10_000).Select(i => $"s{i:d5}"));
        (await Store.ListDueAsync("here", Time.GetUtcNow(), 500, Ct)).Count.ShouldBe(500);
    }

    /// <summary>Takes everything out of the database, so that it is as before its first start.</summary>
    protected abstract Task WipeAsync();
}

public sealed class SqliteOpeningTests : OpeningTests
{
    private readonly SqlitePlace _place;

    public SqliteOpeningTests()
        : this(new SqlitePlace())
    {
    }

    private SqliteOpeningTests(SqlitePlace place)
        : base(place) => _place = place;

    [Fact]
    public async Task SearchesOfTheReconcilerAndTheListsUseIndexes()
    {
        await using var database = Connect();
        foreach (var (sql, mark) in new[]
        {
            ("SELECT * FROM instances WHERE slug > 's' ORDER BY slug LIMIT 100", "SEARCH instances USING INDEX"),
            ("SELECT * FROM instances WHERE tenant = 't' AND slug > 's' ORDER BY slug LIMIT 100", "SEARCH instances USING INDEX"),
            ("SELECT * FROM statuses WHERE due_at <= 0 ORDER BY due_at, instance_id LIMIT 100", "statuses_by_due"),
            ("SELECT * FROM operations WHERE instance_id = 'i' AND id < 'x' ORDER BY id DESC LIMIT 100", "operations_by_instance"),
        })
        {
            var plan = await database.ReadAsync(session => session.ListAsync<PlanRow>($"EXPLAIN QUERY PLAN {sql}"), Ct);
            plan.ShouldHaveSingleItem().Detail.ShouldContain(mark);
        }
    }

    [Fact]
    public async Task TheFilesBelongToTheOwnerOfTheirFolder()
    {
        if (!Environment.IsPrivilegedProcess)
            return;
        var folders = new DataFolders(Path.Combine(_place.Folders.Root, "owned"));
        Directory.CreateDirectory(folders.StoreFolder);
        using (var chown = System.Diagnostics.Process.Start("chown", ["65534:65534", folders.StoreFolder]))
        {
            await chown.WaitForExitAsync();
            chown.ExitCode.ShouldBe(0);
        }
        await using var store = await StoreFactory.OpenAsync("sqlite", folders, Time, Ct);
        await store.EnsureOrganizationAsync("acme", Ct);
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            using var stat = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo("stat", ["-c", "%u:%g %a", folders.Database + suffix])
                {
                    RedirectStandardOutput = true,
                    UseShellExecute = false,
                })!;
            (await stat.StandardOutput.ReadToEndAsync(Ct)).Trim().ShouldBe("65534:65534 660");
            await stat.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task AFileThatIsNoDatabaseIsRefusedAndLeftAlone()
    {
        await WipeAsync();
        var text = string.Concat(Enumerable.Repeat("This is not a database. ", 400));
        await File.WriteAllTextAsync(_place.Folders.Database, text);
        (await Should.ThrowAsync<StoreRefusedException>(() => OpenAsync())).Message.ShouldContain("restore a backup");
        (await File.ReadAllTextAsync(_place.Folders.Database)).ShouldBe(text);
    }

    protected override async Task WipeAsync()
    {
        await Store.DisposeAsync();
        foreach (var file in Directory.GetFiles(_place.Folders.StoreFolder))
            File.Delete(file);
    }

    private sealed record PlanRow
    {
        public string Detail { get; init; } = "";
    }
}

[Collection(PostgresCollection.Name)]
public sealed class PostgresOpeningTests(PostgresServer server) : OpeningTests(new PostgresPlace(server))
{
    protected override Task WipeAsync() => TamperAsync("DROP SCHEMA public CASCADE; CREATE SCHEMA public;");
}

/// <summary>A server of its own, since it is stopped in the middle.</summary>
public sealed class PostgresOutageTests : IAsyncLifetime
{
    private readonly PostgresServer _server = new();

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task WhileTheDatabaseIsAwayCallsSaySoAndAfterwardsTheyWorkAgain()
    {
        var folders = new DataFolders(Path.GetTempPath());
        var address = await _server.CreateDatabaseAsync();
        await using var store = await StoreFactory.OpenAsync(address, folders, TimeProvider.System, CancellationToken.None);
        await store.EnsureOrganizationAsync("acme", CancellationToken.None);
        await _server.StopAsync();
        await Should.ThrowAsync<StoreUnavailableException>(() => store.PingAsync(CancellationToken.None));
        await Should.ThrowAsync<StoreUnavailableException>(() => store.EnsureOrganizationAsync("b", CancellationToken.None));
        await Should.ThrowAsync<StoreUnavailableException>(
            () => StoreFactory.OpenAsync(address, folders, TimeProvider.System, CancellationToken.None));
        await _server.StartAsync();
        await Eventually.HoldsAsync(
            async () => (await store.ListOrganizationsAsync(CancellationToken.None)).Count == 1, "the store answers again with what was written");
    }
}
