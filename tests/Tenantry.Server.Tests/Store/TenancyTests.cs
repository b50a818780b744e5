using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>Organizations, apps, tenants and targets.</summary>
public abstract class TenancyTests(IStorePlace place) : StoreTests(place)
{
    [Fact]
    public async Task AnOrganizationIsMadeOnce()
    {
        var first = await Store.EnsureOrganizationAsync("acme", Ct);
        Time.Advance(TimeSpan.FromHours(1));
        (await Store.EnsureOrganizationAsync("acme", Ct)).ShouldBe(first);
        (await Store.ListOrganizationsAsync(Ct)).ShouldBe([first]);
    }

    [Fact]
    public async Task ApplyingAReleaseTellsWhatItChanged()
    {
        var one = Fleet.NewRelease("shop-1");
        var first = await Store.ApplyReleaseAsync(one, Ct);
        first.Release.ShouldBe(one);
        first.IsNewRelease.ShouldBeTrue();
        first.AppChanged.ShouldBeTrue();
        first.App.Version.ShouldBe(1);

        var again = await Store.ApplyReleaseAsync(one, Ct);
        again.IsNewRelease.ShouldBeFalse();
        again.AppChanged.ShouldBeFalse();
        again.App.ShouldBe(first.App);

        Time.Advance(TimeSpan.FromMinutes(1));
        var second = await Store.ApplyReleaseAsync(Fleet.NewRelease("shop-2"), Ct);
        second.App.Release.ShouldBe("shop-2");
        second.App.Version.ShouldBe(2);
        var back = await Store.ApplyReleaseAsync(one, Ct);
        back.IsNewRelease.ShouldBeFalse();
        back.AppChanged.ShouldBeTrue();
        back.App.Release.ShouldBe("shop-1");
        (await Store.ListReleasesAsync("shop", Ct)).Select(release => release.Id).ShouldBe(["shop-2", "shop-1"]);
    }

    [Fact]
    public async Task AReleaseOfAnotherAppIsRefused()
    {
        await Store.ApplyReleaseAsync(Fleet.NewRelease("shop-1"), Ct);
        await Should.ThrowAsync<StoreConflictException>(() => Store.ApplyReleaseAsync(Fleet.NewRelease("shop-1", app: "other"), Ct));
        (await Store.FindAppAsync("other", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task ManyWhoApplyAtOnceMakeOneAppAndOneRelease()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.ApplyReleaseAsync(Fleet.NewRelease("shop-1"), Ct)));
        results.Count(result => result.IsNewRelease).ShouldBe(1);
        (await Store.FindAppAsync("shop", Ct)).ShouldNotBeNull().Version.ShouldBe(1);
    }

    [Fact]
    public async Task AnAppGoesWithItsReleasesButNotWhileAnInstanceRunsIt()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        (await Should.ThrowAsync<StoreConflictException>(() => Store.DeleteAppAsync(Fleet.App, Ct))).Message.ShouldContain("'alice'");
        await Store.RemoveInstanceAsync(spec.Id, await Fleet.LeaseAsync(spec.Id), Ct);
        (await Store.DeleteAppAsync(Fleet.App, Ct)).ShouldBeTrue();
        (await Store.DeleteAppAsync(Fleet.App, Ct)).ShouldBeFalse();
        (await Store.FindReleaseAsync(Fleet.FirstRelease, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task ListsComeInPagesThatNeitherLoseNorRepeat()
    {
        await Fleet.SetUpAsync();
        string[] names = ["a", "a-b", "a1", "ab", "b-1", "b0", "b1"];
        foreach (var name in names.Reverse())
            await Fleet.AddTenantAsync(name);
        var seen = new List<string>();
        for (string? cursor = null; ;)
        {
            var page = await Store.ListTenantsAsync(new PageRequest(2, cursor), Ct);
            page.Items.Count.ShouldBeLessThanOrEqualTo(2);
            seen.AddRange(page.Items.Select(tenant => tenant.Name));
            cursor = page.Next;
            if (cursor is null)
                break;
        }
        seen.ShouldBe(names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ACursorThatNobodyGaveOutIsRefused() =>
        await Should.ThrowAsync<ArgumentException>(() => Store.ListTenantsAsync(new PageRequest(2, "%%%"), Ct));

    [Fact]
    public async Task ATenantsNameIsTakenOnce()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        (await Should.ThrowAsync<StoreConflictException>(() => Fleet.AddTenantAsync("alice"))).Message.ShouldContain("'alice'");
    }

    [Fact]
    public async Task OfTwoWhoChangeATenantTheSecondMustLookAgain()
    {
        await Fleet.SetUpAsync();
        var tenant = await Fleet.AddTenantAsync("alice");
        var changed = await Store.UpdateTenantAsync(tenant with { Owner = "ann@example.org", DisplayName = "Alice & Söhne" }, 1, Ct);
        changed.Version.ShouldBe(2);
        (await Store.FindTenantAsync("alice", Ct)).ShouldBe(changed);
        await Should.ThrowAsync<StoreConflictException>(() => Store.UpdateTenantAsync(tenant with { Owner = "bob" }, 1, Ct));
        (await Store.FindTenantAsync("alice", Ct)).ShouldBe(changed);
    }

    [Fact]
    public async Task WhatIsChangedOfATenantIsSeenByItsInstances()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Fleet.AddInstanceAsync("bob");
        var tenant = (await Store.FindTenantAsync("alice", Ct)).ShouldNotBeNull();
        tenant = await Store.UpdateTenantAsync(tenant with { DisplayName = "Alice" }, tenant.Version, Ct);
        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull().Spec.Generation.ShouldBe(2);
        (await Store.FindInstanceAsync("id-bob", Ct)).ShouldNotBeNull().Spec.Generation.ShouldBe(1);
        await Store.UpdateTenantAsync(tenant with { Deleting = true }, tenant.Version, Ct);
        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull().Spec.Generation.ShouldBe(2);
    }

    [Fact]
    public async Task ATenantsOrganizationIsMadeWithItAndNotWithoutIt()
    {
        var tenant = new Tenant("alice", "Alice", "acme", "", "", 1, Time.GetUtcNow());
        await Store.CreateTenantAsync(tenant, Ct);
        (await Store.ListOrganizationsAsync(Ct)).ShouldHaveSingleItem().Name.ShouldBe("acme");

        await Should.ThrowAsync<StoreConflictException>(() => Store.CreateTenantAsync(tenant with { Organization = "other" }, Ct));
        (await Store.ListOrganizationsAsync(Ct)).ShouldHaveSingleItem().Name.ShouldBe("acme");
    }

    [Fact]
    public async Task ATenantAndAllOfItsInstancesAreAskedToGoInOneActThatACrashCannotCutInTwo()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddInstanceAsync("alice");
        var second = Fleet.NewSpec("alice-staging") with { Tenant = "alice", Environment = "staging" };
        await Store.CreateInstanceAsync(second, Fleet.NewOperation(second, OperationKind.Create), null, Ct);
        var tenant = (await Store.FindTenantAsync("alice", Ct)).ShouldNotBeNull();

        // It breaks off at the second instance.
        var asked = 0;
        await Should.ThrowAsync<IOException>(() => Store.RemoveTenantAsync(tenant, spec => ++asked == 2 ? throw new IOException("cut off") : Fleet.NewOperation(spec, OperationKind.Delete), Ct));
        (await Store.FindTenantAsync("alice", Ct)).ShouldBe(tenant);
        foreach (var id in new[] { "id-alice", second.Id })
            (await Store.FindInstanceAsync(id, Ct)).ShouldNotBeNull().Spec.Desired.ShouldBe(DesiredState.Running);

        var removal = await Store.RemoveTenantAsync(tenant, spec => Fleet.NewOperation(spec, OperationKind.Delete), Ct);
        removal.Changed.ShouldBe(["tenant alice", "instance alice", "instance alice-staging"]);
        (await Store.FindTenantAsync("alice", Ct)).ShouldNotBeNull().Deleting.ShouldBeTrue();
        (await Store.ListDueAsync("here", Time.GetUtcNow(), 10, Ct)).Select(due => due.Id).ShouldBe(["id-alice", second.Id], ignoreOrder: true);
        foreach (var operation in removal.Operations)
            (await Store.FindOpenOperationAsync(operation.InstanceId, Ct)).ShouldNotBeNull().Id.ShouldBe(operation.Id);

        // Asked for again it finds what is under way; the last instance takes the tenant with it.
        var again = await Store.RemoveTenantAsync(tenant, spec => Fleet.NewOperation(spec, OperationKind.Delete), Ct);
        again.Changed.ShouldBeEmpty();
        again.Operations.Select(operation => operation.Id).ShouldBe(removal.Operations.Select(operation => operation.Id));
        foreach (var id in new[] { "id-alice", second.Id })
            await Store.RemoveInstanceAsync(id, await Fleet.LeaseAsync(id), Ct);
        (await Store.FindTenantAsync("alice", Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task ATenantWithoutInstancesGoesAtOnceAlsoOneThatAnEarlierRemovalLeftBehind()
    {
        var tenant = await Fleet.AddTenantAsync("alice");
        var left = await Fleet.AddTenantAsync("bob");
        left = await Store.UpdateTenantAsync(left with { Deleting = true }, left.Version, Ct);
        await Should.ThrowAsync<StoreConflictException>(() => Store.RemoveTenantAsync(tenant with { Version = 7 }, NoInstance, Ct));
        (await Store.RemoveTenantAsync(tenant, NoInstance, Ct)).Changed.ShouldBe(["tenant alice"]);
        (await Store.RemoveTenantAsync(left, NoInstance, Ct)).Changed.ShouldBe(["tenant bob"]);
        (await Store.RemoveTenantAsync(left, NoInstance, Ct)).Changed.ShouldBeEmpty();
        (await Store.ListTenantsAsync(new PageRequest(), Ct)).Items.ShouldBeEmpty();

        static Operation NoInstance(InstanceSpec spec) => throw new InvalidOperationException($"There is no {spec.Slug}.");
    }

    [Fact]
    public async Task ATenantCannotGoWhileItHasAnInstance()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Should.ThrowAsync<StoreConflictException>(() => Store.DeleteTenantAsync("alice", Ct));
        await Store.RemoveInstanceAsync(spec.Id, await Fleet.LeaseAsync(spec.Id), Ct);
        (await Store.DeleteTenantAsync("alice", Ct)).ShouldBeTrue();
        (await Store.DeleteTenantAsync("alice", Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task ATargetIsChangedByVersion()
    {
        var target = new TargetRecord(
            "here", "local", new Dictionary<string, string>(StringComparer.Ordinal) { ["runtime"] = "crun" }, true, 4, 0, Time.GetUtcNow());
        var stored = await Store.PutTargetAsync(target, 0, Ct);
        stored.Version.ShouldBe(1);
        stored.Options["runtime"].ShouldBe("crun");
        await Should.ThrowAsync<StoreConflictException>(() => Store.PutTargetAsync(target, 0, Ct));
        var changed = await Store.PutTargetAsync(target with { RepairDrift = false, Parallel = 9 }, 1, Ct);
        (changed.RepairDrift, changed.Parallel, changed.Version).ShouldBe((false, 9, 2L));
        await Should.ThrowAsync<StoreConflictException>(() => Store.PutTargetAsync(target, 1, Ct));
        (await Store.ListTargetsAsync(Ct)).Select(t => t.Name).ShouldBe(["here"]);
        (await Store.DeleteTargetAsync("here", Ct)).ShouldBeTrue();
        (await Store.DeleteTargetAsync("here", Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task ATargetCannotGoWhileAnInstanceIsOnIt()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddInstanceAsync("alice");
        (await Should.ThrowAsync<StoreConflictException>(() => Store.DeleteTargetAsync(Fleet.Target, Ct))).Message.ShouldContain("'alice'");
    }
}

public sealed class SqliteTenancyTests() : TenancyTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresTenancyTests(PostgresServer server) : TenancyTests(new PostgresPlace(server));
