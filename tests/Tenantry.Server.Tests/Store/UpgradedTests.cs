using Microsoft.Data.Sqlite;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Store;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Migrations;

namespace Tenantry.Server.Tests.Store;

/// <summary>The web side opens a store that its engine has just upgraded: it looks, and takes no lock.</summary>
public sealed class UpgradedTests : IDisposable
{
    private readonly DataFolders _folders = new(Directory.CreateTempSubdirectory("tenantry-upgraded-").FullName);

    public void Dispose() => Directory.Delete(_folders.Root, recursive: true);

    [Fact]
    public async Task AnUpgradedStoreIsOpenedWhileSomebodyElseWrites()
    {
        await using var engine = await StoreFactory.OpenAsync("sqlite", _folders, TimeProvider.System, CancellationToken.None);
        await using var writer = new SqliteConnection($"Data Source={_folders.Database};Pooling=False");
        await writer.OpenAsync();
        await using var transaction = writer.BeginTransaction();

        await using var web = await StoreFactory.OpenUpgradedAsync("sqlite", _folders, TimeProvider.System, CancellationToken.None);
        web.Owner.ShouldBe(engine.Owner);
        (await web.ListTargetsAsync(CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task AnOlderOneIsUpgradedFirst()
    {
        string owner;
        OwnedFiles.Ensure(_folders.Database);
        await using (var older = await StoreFactory.OpenAsync(new SqliteDatabase(_folders.Database, TimeProvider.System), [Migration.All[0]], CancellationToken.None))
            owner = older.Owner;
        await using var web = await StoreFactory.OpenUpgradedAsync("sqlite", _folders, TimeProvider.System, CancellationToken.None);
        web.Owner.ShouldBe(owner);
        (await web.ListTokensAsync(CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatAPersonPutToRestBeforeTheUpgradeWasSaidWhenItsPhaseChangedLast()
    {
        var time = new ManualTime();
        OwnedFiles.Ensure(_folders.Database);
        await using (var older = await StoreFactory.OpenAsync(new SqliteDatabase(_folders.Database, time), [.. Migration.All.Where(migration => migration.Number < 20)], CancellationToken.None))
        {
            var fleet = new Fleet(older, time);
            await fleet.SetUpAsync();
            foreach (var (slug, desired) in ((string, DesiredState)[])[("alice", DesiredState.Asleep), ("bob", DesiredState.Running)])
            {
                await fleet.AddTenantAsync(slug);
                var spec = fleet.NewSpec(slug) with { Desired = desired };
                await older.CreateInstanceAsync(spec, fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
            }
        }

        var said = time.GetUtcNow();
        time.Advance(TimeSpan.FromHours(1));
        await using var store = await StoreFactory.OpenAsync(new SqliteDatabase(_folders.Database, time), Migration.All, CancellationToken.None);
        (await store.FindInstanceAsync("id-alice", CancellationToken.None))!.SaidAt.ShouldBe(said);
        (await store.FindInstanceAsync("id-bob", CancellationToken.None))!.SaidAt.ShouldBeNull();
    }
}
