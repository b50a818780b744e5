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
}

public sealed class SqliteQuotaTests() : QuotaTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresQuotaTests(PostgresServer server) : QuotaTests(new PostgresPlace(server));
