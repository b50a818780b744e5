using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>Nothing is exceeded however many ask at once, and nothing leaks however they end.</summary>
public abstract class QuotaTests(IStorePlace place) : StoreTests(place)
{
    private static string Manifest => Model.Manifests.ManifestJson.Write(Model.Manifests.ManifestReader.Read(Api.TestApi.Manifest, "tenantry.yaml").Manifest!);

    // Sizes are read from manifests that are some.
    private async Task SetUpAsync()
    {
        await Fleet.SetUpAsync();
        await TamperAsync($"UPDATE releases SET manifest = '{Manifest.Replace("'", "''", StringComparison.Ordinal)}'");
    }

    private async Task<QuotaUse> UsedAsync(string? tier = null) => (await Store.ListQuotasAsync("acme", Ct)).Single(one => one.Tier == tier).Used;

    private async Task<bool> TryAsync(Func<Task> change)
    {
        try
        {
            await change();
            return true;
        }
        catch (QuotaExceededException)
        {
            return false;
        }
    }

    private Task RemoveAsync(string slug) => Task.Run(async () =>
    {
        await Fleet.ChangeAsync($"id-{slug}", OperationKind.Delete, spec => spec with { Desired = DesiredState.Deleted });
        await Store.RemoveInstanceAsync($"id-{slug}", await Fleet.LeaseAsync($"id-{slug}"), Ct);
    });

    [Fact]
    public async Task ManyWhoClaimAndReleaseAtOnceNeverExceedAndNeverLeak()
    {
        await SetUpAsync();
        await Store.PutQuotaAsync("acme", null, new QuotaLimits(Instances: 4), Ct);
        for (var round = 0; round < 2; round++)
        {
            var slugs = Enumerable.Range(0, 10).Select(i => $"r{round}-{i}").ToArray();
            var made = await Task.WhenAll(slugs.Select(slug => Task.Run(async () => (slug, isMade: await TryAsync(() => Fleet.AddInstanceAsync(slug))))));

            made.Count(one => one.isMade).ShouldBe(4);
            (await UsedAsync()).Instances.ShouldBe(4);
            (await Store.ListInstancesAsync(new InstanceFilter(), new PageRequest(), Ct)).Items.Count.ShouldBe(4);
            await Task.WhenAll(made.Where(one => one.isMade).Select(one => RemoveAsync(one.slug)));
            (await UsedAsync()).ShouldBe(new QuotaUse(0, 0, 0, 0, 0));
        }
    }

    [Fact]
    public async Task WakesCountFromTheMomentTheyBeginAndAFailedOneCountsNoMore()
    {
        await SetUpAsync();
        var slugs = Enumerable.Range(0, 6).Select(i => $"s{i}").ToArray();
        foreach (var slug in slugs)
        {
            await Fleet.AddInstanceAsync(slug);
            await Fleet.ChangeAsync($"id-{slug}", OperationKind.Sleep, spec => spec with { Desired = DesiredState.Asleep });
        }

        await Store.PutQuotaAsync("acme", "free", new QuotaLimits(Awake: 2), Ct);
        var claimed = await Task.WhenAll(slugs.Select(slug => Task.Run(async () => (slug, isMine: await Store.ClaimWakeAsync($"id-{slug}", Ct)))));
        claimed.Count(one => one.isMine).ShouldBe(2);
        (await UsedAsync("free")).Awake.ShouldBe(2);

        var (awake, failed) = (claimed.First(one => one.isMine).slug, claimed.Last(one => one.isMine).slug);
        var other = claimed.First(one => !one.isMine).slug;
        await Fleet.ChangeAsync($"id-{awake}", OperationKind.Wake, spec => spec with { Desired = DesiredState.Running });
        await Store.ReleaseWakeAsync($"id-{awake}", Ct);
        (await UsedAsync("free")).Awake.ShouldBe(2, "one is awake, one is about to be");
        (await TryAsync(() => Fleet.ChangeAsync($"id-{other}", OperationKind.Wake, spec => spec with { Desired = DesiredState.Running }))).ShouldBeFalse();
        await Store.ReleaseWakeAsync($"id-{failed}", Ct);
        (await Store.ClaimWakeAsync($"id-{other}", Ct)).ShouldBeTrue();
        (await Store.ClaimWakeAsync($"id-{failed}", Ct)).ShouldBeFalse();
        // An engine that was killed in the middle of a wake.
        Time.Advance(TimeSpan.FromMinutes(10));
        (await UsedAsync("free")).Awake.ShouldBe(1);
        (await Store.ClaimWakeAsync($"id-{failed}", Ct)).ShouldBeTrue();
    }

    [Fact]
    public async Task SizesAreThoseOfTheTiersAndWhatMakesLessIsNeverRefused()
    {
        await SetUpAsync();
        await Store.ApplyReleaseAsync(new Release("shop-2", Fleet.App, "2", $"sha256:{new string('b', 64)}", "", Manifest, Time.GetUtcNow()), Ct);
        await Fleet.AddTenantAsync("ann");
        var spec = Fleet.NewSpec("ann") with { Release = "shop-2", Tier = "pro" };
        await Store.PutQuotaAsync("acme", null, new QuotaLimits(Memory: 512_000_000), Ct);
        await Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec, OperationKind.Create), null, Ct);
        (await UsedAsync()).Memory.ShouldBe(512_000_000);
        await Fleet.AddTenantAsync("bob");
        var second = Fleet.NewSpec("bob") with { Release = "shop-2" };
        var refusal = await Should.ThrowAsync<QuotaExceededException>(() => Store.CreateInstanceAsync(second, Fleet.NewOperation(second, OperationKind.Create), null, Ct));
        refusal.Message.ShouldContain("512MB of memory");
        (await Store.FindInstanceBySlugAsync("bob", Ct)).ShouldBeNull();

        await Store.PutQuotaAsync("acme", null, new QuotaLimits(Memory: 1), Ct);
        await Fleet.ChangeAsync("id-ann", OperationKind.Update, one => one with { Tier = "free" });
        (await UsedAsync()).Memory.ShouldBe(128_000_000);
        (await TryAsync(() => Fleet.ChangeAsync("id-ann", OperationKind.Update, one => one with { Tier = "pro" }))).ShouldBeFalse();
        await Store.PutQuotaAsync("acme", null, new QuotaLimits(), Ct);
        (await Store.ListQuotasAsync("acme", Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task WhatAManifestLetsATenantHaveInATierHoldsHoweverManyAskAtOnce()
    {
        await SetUpAsync();
        var quotas = Manifest.Replace("\"name\":\"free\"", "\"name\":\"free\",\"quotas\":{\"instances\":3,\"awake\":2,\"memory\":300000000}", StringComparison.Ordinal);
        Model.Manifests.ManifestJson.Read(quotas).FindTier("free")!.Quotas!.Awake.ShouldBe(2);
        await Store.ApplyReleaseAsync(new Release("shop-2", Fleet.App, "2", $"sha256:{new string('b', 64)}", "", quotas, Time.GetUtcNow()), Ct);
        await Fleet.AddTenantAsync("ann");
        await Fleet.AddTenantAsync("bob");
        InstanceSpec Spec(string tenant, int number) =>
            Fleet.NewSpec($"{tenant}-{number}") with { Tenant = tenant, Environment = $"e{number}", Release = "shop-2", Desired = DesiredState.Asleep };
        Task<bool> AddAsync(InstanceSpec spec) => Task.Run(() => TryAsync(() => Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec, OperationKind.Create), null, Ct)));

        // 128 MB each: two have room in 300 MB, whatever the count says.
        (await Task.WhenAll(Enumerable.Range(0, 8).Select(number => AddAsync(Spec("ann", number))))).Count(isMade => isMade).ShouldBe(2);
        (await AddAsync(Spec("bob", 0))).ShouldBeTrue("another tenant has its own");
        var refusal = await Should.ThrowAsync<QuotaExceededException>(() => Store.CreateInstanceAsync(Spec("ann", 9), Fleet.NewOperation(Spec("ann", 9), OperationKind.Create), null, Ct));
        refusal.Message.ShouldContain("The tier 'free' of the app 'shop' lets a tenant have 300MB of memory: 256MB used, 384MB wanted.");
        await Should.ThrowAsync<QuotaExceededException>(() => Store.CheckQuotaAsync(null, Spec("ann", 9), isWoken: false, Ct));
        (await AddAsync(Spec("ann", 9) with { Tier = "pro" })).ShouldBeTrue("the other tier has no quota");

        await Store.ApplyReleaseAsync(
            new Release("shop-3", Fleet.App, "3", $"sha256:{new string('c', 64)}", "", quotas.Replace("\"awake\":2,\"memory\":300000000", "\"awake\":2", StringComparison.Ordinal), Time.GetUtcNow()), Ct);
        (await AddAsync(Spec("bob", 1) with { Release = "shop-3" })).ShouldBeTrue();
        (await AddAsync(Spec("bob", 2) with { Release = "shop-3" })).ShouldBeTrue();
        (await AddAsync(Spec("bob", 3) with { Release = "shop-3" })).ShouldBeFalse();
        var woken = await Task.WhenAll(new[] { 1, 2 }.Select(number => Task.Run(() => Store.ClaimWakeAsync($"id-bob-{number}", Ct))));
        woken.ShouldBe([true, true]);
        await Fleet.ChangeAsync("id-bob-0", OperationKind.Update, spec => spec with { Release = "shop-3" });
        (await Store.ClaimWakeAsync("id-bob-0", Ct)).ShouldBeFalse();
        await Store.ReleaseWakeAsync("id-bob-1", Ct);
        (await Store.ClaimWakeAsync("id-bob-0", Ct)).ShouldBeTrue();
    }

    [Fact]
    public async Task WhatATenantMayHaveInATierIsNotDodgedWithAnOlderRelease()
    {
        await SetUpAsync();
        var quotas = Manifest.Replace("\"name\":\"free\"", "\"name\":\"free\",\"quotas\":{\"instances\":1,\"awake\":1}", StringComparison.Ordinal);
        await Fleet.AddTenantAsync("ann");
        InstanceSpec Spec(int number) => Fleet.NewSpec($"ann-{number}") with { Tenant = "ann", Environment = $"e{number}", Desired = DesiredState.Asleep };
        Task<bool> AddAsync(InstanceSpec spec) => TryAsync(() => Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec, OperationKind.Create), null, Ct));
        (await AddAsync(Spec(0))).ShouldBeTrue();
        (await AddAsync(Spec(1))).ShouldBeTrue("the release of that time says nothing");
        await Store.ApplyReleaseAsync(new Release("shop-2", Fleet.App, "2", $"sha256:{new string('b', 64)}", "", quotas, Time.GetUtcNow()), Ct);

        Spec(2).Release.ShouldNotBe("shop-2");
        (await AddAsync(Spec(2))).ShouldBeFalse();
        await Should.ThrowAsync<QuotaExceededException>(() => Store.CheckQuotaAsync(null, Spec(2), isWoken: false, Ct));
        (await Store.ClaimWakeAsync("id-ann-0", Ct)).ShouldBeTrue();
        (await Store.ClaimWakeAsync("id-ann-1", Ct)).ShouldBeFalse("one may be awake, whatever their releases say");
    }

    [Fact]
    public async Task AQuotaThatIsLoweredWhileAChangeWaitsHoldsForIt()
    {
        await SetUpAsync();
        await Fleet.AddTenantAsync("ann");
        await Store.PutQuotaAsync("acme", null, new QuotaLimits(Instances: 1), Ct);
        var spec = Fleet.NewSpec("ann");
        Task<bool> adding = Task.FromResult(false);
        await using var database = Connect();
        await database.WriteAsync(
            async session =>
            {
                // As PUT of a quota does it: nothing else of the organization goes on until this is written.
                await Server.Store.Rows.QuotaRows.PutAsync(session, "acme", null, new QuotaLimits(Instances: 0));
                adding = Task.Run(() => TryAsync(() => Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec, OperationKind.Create), null, Ct)));
                await Task.Delay(TimeSpan.FromMilliseconds(200));
                return true;
            },
            Ct);

        (await adding).ShouldBeFalse();
    }
}

public sealed class SqliteQuotaTests() : QuotaTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresQuotaTests(PostgresServer server) : QuotaTests(new PostgresPlace(server));
